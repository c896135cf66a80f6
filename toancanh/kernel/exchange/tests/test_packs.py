"""A pack is loaded whole or not at all; the same pack again changes nothing; a fault names file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import translation

from tests.city import BY, actor
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.exchange import packs, queries
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.journal.models import Entry, Event
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import revision
from toancanh.kernel.telemetry.models import Series, Threshold
from toancanh.kernel.territory.models import Boundary, Unit
from toancanh.lib.errors import NotAllowed, Refused

PACK = """name = "small"
title_vi = "Nơi nhỏ"
title_en = "Small Place"
unit = "90"
version = "1"
requires = []
sources = ["nguồn"]
"""
UNITS = """code,tier,name,full_name,name_en,full_name_en,parent_code,valid_from,valid_to,legal_basis,note
90,province,Thử,Tỉnh Thử,Thu,Thu Province,,2020-01-01,,,
90001,commune,An,Phường An,An,An Ward,90,2020-01-01,,,
"""
STATIONS = """code,kind,name,name_en,lon,lat,unit_code,river,public,sample,position_verified,source
g1,flood.gauge,Trạm một,Gauge one,107.05,16.05,90001,Hương,true,false,false,nguồn
g2,flood.gauge,Trạm hai,Gauge two,107.06,16.05,90001,,true,false,true,nguồn
"""
SERIES = """thing_code,name,period_s
g1,level,60
g2,level,600
"""
THRESHOLDS = """thing_code,series,name,value,valid_from,valid_to,legal_basis,source,verified,note
g1,level,BĐ1,1.0,2020-01-01,,luật,nguồn,true,
g1,level,BĐ2,2.0,2020-01-01,,luật,nguồn,false,
"""
FILES = {"pack.toml": PACK, "units.csv": UNITS, "stations.csv": STATIONS}
FILES |= {"series.csv": SERIES, "thresholds.csv": THRESHOLDS}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small pack."""
    made = tmp_path / "small"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def counts() -> tuple[int, ...]:
    """How many rows of each kind there are."""
    models = (Unit, Boundary, Thing, Series, Threshold, Pack, Entry, Event)
    return tuple(model.objects.count() for model in models)


def test_pack_is_loaded_with_all_that_it_holds(db: None, folder: Path) -> None:
    pack = packs.load(folder, by=BY)
    assert (pack.name, pack.unit.code if pack.unit else "", pack.sources) == ("small", "90", ["nguồn"])
    assert counts()[:6] == (2, 0, 2, 2, 2, 1)
    assert Thing.objects.get(code="g1").facts == {"river": "Hương"}
    assert Series.objects.get(thing__code="g2").period_s == 600
    assert queries.locality()["name"] == "Nơi nhỏ"
    with translation.override("en"):
        assert queries.locality()["name"] == "Small Place"
    assert queries.sources() == ["nguồn"]


def test_same_pack_again_changes_nothing(db: None, folder: Path) -> None:
    packs.load(folder, by=BY)
    before, numbers = counts(), [revision.current(n) for n in ("directory", "territory")]
    loaded_at = Pack.objects.get().loaded_at
    packs.load(folder, by=BY)
    assert counts() == before
    assert [revision.current(n) for n in ("directory", "territory")] == numbers
    assert Pack.objects.get().loaded_at == loaded_at


def test_changed_pack_changes_what_it_says(db: None, folder: Path) -> None:
    packs.load(folder, by=BY)
    (folder / "thresholds.csv").write_text(THRESHOLDS.replace("2.0", "2.2"), encoding="utf-8")
    packs.load(folder, by=BY)
    assert Threshold.objects.get(name="BĐ2").value == 2.2
    assert counts()[:6] == (2, 0, 2, 2, 2, 1)


@pytest.mark.slow
def test_station_that_a_newer_version_leaves_out_is_retired(db: None, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "pack.toml").write_text(PACK.replace('"small"', '"other"'), encoding="utf-8")
    (other / "stations.csv").write_text(
        STATIONS.replace("g1,", "h1,").replace("g2,", "h2,"), encoding="utf-8"
    )
    for file in ("series.csv", "thresholds.csv"):
        (other / file).unlink()
    packs.load(other, by=BY)
    packs.load(folder, by=BY)
    head, first, second = STATIONS.splitlines()
    (folder / "stations.csv").write_text("\n".join((head, first)), encoding="utf-8")
    for file, text in (("series.csv", SERIES), ("thresholds.csv", THRESHOLDS)):
        kept = [line for line in text.splitlines() if not line.startswith("g2,")]
        (folder / file).write_text("\n".join(kept), encoding="utf-8")
    packs.load(folder, by=BY)
    standing = {thing.code: thing.is_active for thing in Thing.objects.all()}
    assert standing == {"g1": True, "g2": False, "h1": True, "h2": True}
    assert [e.subject for e in Entry.objects.filter(action="registry.retired")] == ["thing:g2"]
    (folder / "stations.csv").write_text("\n".join((head, second, first)), encoding="utf-8")
    packs.load(folder, by=BY)
    assert Thing.objects.get(code="g2").is_active


def refused(folder: Path) -> Refused:
    """The refusal of the pack; nothing of it may stay."""
    before = counts()
    with pytest.raises(Refused) as caught:
        packs.load(folder, by=BY)
    assert counts() == before
    return caught.value


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("units.csv", "90001,commune", "90001,làng", 3),
        ("units.csv", "90,2020-01-01", "77,2020-01-01", 3),
        ("units.csv", "90,2020-01-01", "90,2020-31-01", 3),
        ("stations.csv", "g2,flood.gauge", "g2,flood.wheel", 3),
        ("stations.csv", "107.06", "east", 3),
        ("stations.csv", "107.06", "nan", 3),
        ("stations.csv", "107.06", "907.06", 3),
        ("stations.csv", "16.05,90001,,true", "16.05,99999,,true", 3),
        ("stations.csv", "16.05,90001,,true", "16.05,90001,,yes", 3),
        ("stations.csv", "g2,", "G2,", 3),
        ("stations.csv", "Trạm hai", "x" * 151, 3),
        ("series.csv", "g2,level", "g2,rain", 3),
        ("series.csv", "g2,level", "g9,level", 3),
        ("series.csv", "600", "often", 3),
        ("series.csv", "600", "0", 3),
        ("thresholds.csv", "BĐ2,2.0", "BĐ2,high", 3),
        ("thresholds.csv", "BĐ2,2.0", "BĐ2,nan", 3),
        ("thresholds.csv", "g1,level,BĐ2", "g1,depth,BĐ2", 3),
        ("thresholds.csv", "luật,nguồn,false", "luật,,false", 3),
        ("thresholds.csv", "luật,nguồn,false", "luật,nguồn,maybe", 3),
        ("thresholds.csv", "thing_code,series", "thing,series", 2),
    ],
)
def test_broken_row_is_told_with_file_and_line_and_nothing_stays(
    db: None, folder: Path, file: str, old: str, new: str, line: int
) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    said = refused(folder).message
    assert said.startswith(f"{file}, ")
    assert f" {line}: " in said


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "",
        'name = "small"',
        PACK.replace('unit = "90"', 'unit = "77"'),
        PACK.replace("nhỏ", "\x00"),
        "[[",
    ],
)
def test_bad_manifest_is_refused(db: None, folder: Path, text: str) -> None:
    (folder / "pack.toml").write_text(text, encoding="utf-8")
    assert refused(folder).message


def test_manifest_in_another_encoding_is_refused(db: None, folder: Path) -> None:
    (folder / "pack.toml").write_bytes(PACK.encode("utf-16"))
    assert refused(folder).code == "bad_pack"


def test_rows_in_another_encoding_are_refused(db: None, folder: Path) -> None:
    (folder / "stations.csv").write_bytes(STATIONS.encode("utf-16"))
    assert "stations.csv" in refused(folder).message


def test_rows_with_a_mark_of_byte_order_are_read(db: None, folder: Path) -> None:
    (folder / "stations.csv").write_bytes(STATIONS.encode("utf-8-sig"))
    packs.load(folder, by=BY)
    assert Thing.objects.count() == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"features":[{}]}', '{"features":[{"properties":{"code":"9"}}]}', "x"]
)
def test_broken_boundaries_are_refused(db: None, folder: Path, text: str) -> None:
    (folder / "boundaries.geojson").write_text(text)
    assert "boundaries.geojson" in refused(folder).message


@pytest.mark.parametrize(
    "row", ["90,2020-01-01,77,2020-01-01,2025-01-01,merge,", "90,x,90001,2020-01-01,2025-01-01,merge,", "90"]
)
def test_broken_lineage_is_told_with_its_file(db: None, folder: Path, row: str) -> None:
    head = "predecessor_code,predecessor_valid_from,successor_code,successor_valid_from,on,kind,legal_basis"
    (folder / "lineage.csv").write_text(f"{head}\n{row}\n")
    assert refused(folder).message.startswith("lineage.csv, ")


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")])
def test_folder_that_is_no_pack_is_refused(db: None, tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "nothing")
    assert refused(tmp_path / "nothing").code == "no_pack"


def test_required_pack_is_loaded_first(db: None, folder: Path) -> None:
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    for name in ("stations.csv", "series.csv", "thresholds.csv"):
        (other / name).unlink()
    (other / "pack.toml").write_text(PACK.replace('"small"', '"other"'), encoding="utf-8")
    (folder / "pack.toml").write_text(PACK.replace("requires = []", 'requires = ["other"]'), encoding="utf-8")
    packs.load(folder, by=BY)
    assert list(Pack.objects.order_by("pk").values_list("name", flat=True)) == ["other", "small"]


def test_packs_that_require_each_other_are_refused(db: None, folder: Path) -> None:
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    text = PACK.replace('"small"', '"other"').replace("requires = []", 'requires = ["small"]')
    (other / "pack.toml").write_text(text, encoding="utf-8")
    (folder / "pack.toml").write_text(PACK.replace("requires = []", 'requires = ["other"]'), encoding="utf-8")
    assert refused(folder).code == "bad_pack"


def test_only_the_administrator_loads_packs(db: None, folder: Path) -> None:
    for by in (ANYONE, actor("officer")):
        with pytest.raises(NotAllowed):
            packs.load(folder, by=by)
    assert Unit.objects.count() == 0


def test_place_without_a_pack_bears_the_name_of_the_product(db: None) -> None:
    assert queries.locality() == {"name": "Toàn Cảnh", "code": "", "path": ""}
    assert queries.sources() == []
