"""Tables become observations as their mapping says, and mappings are guessed from tables as they come."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from toancanh.kernel.exchange.sheets import child, mapping
from toancanh.kernel.exchange.sheets.guessing import guess
from toancanh.kernel.exchange.sheets.mapping import Faulty, Mapping, Observed, observations
from toancanh.kernel.exchange.sheets.naming import Known, KnownThing
from toancanh.lib.errors import Refused

SEVEN = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
LEVEL, RAIN = {"level": ("Mực nước", "Water level")}, {"rain": ("Lượng mưa", "Rain")}
KNOWN = Known(
    [
        KnownThing("hue-kim-long", ("Trạm thủy văn Kim Long", "Kim Long gauge"), LEVEL),
        KnownThing("hue-phu-oc", ("Trạm thủy văn Phú Ốc",), LEVEL),
        KnownThing("hue-rain-19753", ("Trạm mưa Bình Điền",), RAIN),
        KnownThing("hue-rain-1", ("Trạm mưa mẫu Kim Long",), RAIN, is_sample=True),
        KnownThing("mix", ("Trạm tổng hợp Thượng Nhật",), LEVEL | RAIN),
    ]
)
RIVER = Path(__file__).resolve().parents[5] / "tests" / "fixtures" / "river" / "Y0634020_2020-01.csv"


def rows_of(text: str) -> list[list[child.Cell]]:
    """A text table as the child gives it."""
    found: list[list[child.Cell]] = child.book(text.encode())["sheets"][0]["rows"]
    return found


def told(found: list[mapping.Found]) -> list[tuple[object, ...]]:
    """Observations and faults in short."""
    return [
        (one.row, one.thing, one.series, one.value)
        if isinstance(one, Observed)
        else (one.row, one.column, one.code)
        for one in found
    ]


def test_long_table_is_read_row_by_row() -> None:
    text = "t;trạm;yếu tố;giá trị\n21/11/2026 07:00;KL;H;5160\n21/11/2026 08:00;KL;H;-\n\nhôm qua;KL;H;5170\n"
    text += "21/11/2026 09:00;;H;1\n21/11/2026 09:00;KL;;1\n21/11/2026 09:00;KL;H;cao\n;KL;H;5\n"
    said = Mapping(
        time="t", thing="trạm", series="yếu tố", value="giá trị", things={"KL": "gauge"},
        names={"H": "level"}, scale=0.001,
    )  # fmt: skip
    found = list(observations(said, rows_of(text)))
    assert found[0] == Observed(2, "giá trị", "gauge", "level", SEVEN, 5.16)
    assert told(found)[1:] == [
        (5, "t", "bad_time"),
        (6, "trạm", "no_thing"),
        (7, "yếu tố", "no_series"),
        (8, "giá trị", "bad_value"),
        (9, "t", "no_time"),
    ]


def test_wide_table_gives_one_observation_a_cell() -> None:
    text = "Ngày;Giờ;KL;PO;ghi chú\n21/11/2026;7;5,16;2,1;mưa to\n21/11/2026;8;;x2\n21/11/2026;;5,2;\n"
    said = Mapping(form="wide", time="Ngày", clock="Giờ", columns={"KL": "gauge/level", "PO": "other/level"})
    assert told(list(observations(said, rows_of(text)))) == [
        (2, "gauge", "level", 5.16),
        (2, "other", "level", 2.1),
        (3, "PO", "bad_value"),
        (4, "Ngày", "no_time"),
    ]


def test_row_may_name_the_thing_of_several_series() -> None:
    text = "trạm,time,mực,mưa\nmix,2026-11-21T00:00:00Z,1.5,0\n19774,2026-11-21T00:00:00Z,1.6,\n"
    said = Mapping(form="wide", time="time", thing="trạm", columns={"mực": "level", "mưa": "rain"})
    assert told(list(observations(said, rows_of(text)))) == [
        (2, "mix", "level", 1.5),
        (2, "mix", "rain", 0.0),
        (3, "19774", "level", 1.6),
    ]


def test_columns_without_heading_are_counted() -> None:
    said = Mapping(heading=0, time="#1", value="#2", fixed_thing="gauge", fixed_series="level")
    assert told(list(observations(said, rows_of("21/11/2026 07:00;5,16\n")))) == [(1, "gauge", "level", 5.16)]
    assert mapping.headings([["a", None, "a", " b  c "], [1, 2, 3, 4, 5]], 1) == [
        "a",
        "#2",
        "#3",
        "b c",
        "#5",
    ]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Mapping(), "no_time"),
        (Mapping(time="t"), "no_value"),
        (Mapping(time="t", value="v"), "no_series"),
        (Mapping(time="t", value="v", fixed_series="level"), "no_thing"),
        (Mapping(form="wide", time="t"), "no_value"),
        (Mapping(form="wide", time="t", columns={"v": "level"}), "no_thing"),
        (Mapping(time="giờ", value="v", fixed_series="level", fixed_thing="g"), "no_column"),
        (Mapping(time="t", value="v", fixed_series="level", fixed_thing="g", zone="Hà Nội"), "bad_zone"),
        (Mapping(time="t", value="v", fixed_series="level", fixed_thing="g", scale=0.0), "bad_scale"),
        (
            Mapping(time="t", value="v", fixed_series="level", fixed_thing="g", scale=float("nan")),
            "bad_scale",
        ),
    ],
)
def test_mapping_that_says_too_little_is_refused(said: Mapping, code: str) -> None:
    with pytest.raises(Refused) as fault:
        list(observations(said, [["t", "v"], ["21/11/2026", 1]]))
    assert fault.value.code == code


GUESSES = [
    (
        "Thời gian;Kim Long;Phú Ốc;Ghi chú\n21/11/2026 07:00;5,16;2,1;mưa\n",
        {"form": "wide", "time": "Thời gian",
         "columns": {"Kim Long": "hue-kim-long/level", "Phú Ốc": "hue-phu-oc/level"}},
    ),
    (
        "SỞ NÔNG NGHIỆP\nMực nước ngày 21\n\nNgày;Giờ;Trạm;Mực nước (m)\n"
        "21/11/2026;7;Kim Long;5,16\n22/11/2026;13;Phú Ốc;2\n",
        {"heading": 4, "time": "Ngày", "clock": "Giờ", "thing": "Trạm", "value": "Mực nước (m)",
         "fixed_series": "level", "things": {"Kim Long": "hue-kim-long", "Phú Ốc": "hue-phu-oc"}},
    ),
    (
        "time,thing,series,value\n2026-11-21T07:00:00Z,hue-kim-long,level,5.16\n",
        {"time": "time", "thing": "thing", "series": "series", "value": "value"},
    ),
    (
        "Trạm,Yếu tố,Thời điểm,Trị số\nKim Long,Mực nước,21/11/2026 07:00,5\n"
        "Bình Điền,Lượng mưa,21/11/2026 07:00,5\n",
        {"time": "Thời điểm", "thing": "Trạm", "series": "Yếu tố", "value": "Trị số",
         "things": {"Kim Long": "hue-kim-long", "Bình Điền": "hue-rain-19753"},
         "names": {"Mực nước": "level", "Lượng mưa": "rain"}},
    ),
    (
        "hue-kim-long/level;mix/rain;date\n5,1;0;11/21/2026 07:00\n5,1;0;11/22/2026 07:00\n",
        {"form": "wide", "time": "date", "day_first": False,
         "columns": {"hue-kim-long/level": "hue-kim-long/level", "mix/rain": "mix/rain"}},
    ),
    (
        "Mã trạm;Thời gian;Mực nước;Lượng mưa\nmix;21/11/2026 07:00;1,2;0\n",
        {"form": "wide", "time": "Thời gian", "thing": "Mã trạm",
         "columns": {"Mực nước": "level", "Lượng mưa": "rain"}},
    ),
    (
        "t;trạm;v;Lý do\n21/11/2026 07:00;mix;5;Mực nước (m): không phải là số\n",
        {"time": "t", "thing": "trạm", "value": "v"},
    ),
    ("21/11/2026 07:00;5,16\n21/11/2026 08:00;5,17\n", {"heading": 0, "time": "#1", "value": "#2"}),
    ("timestamp,value\n1795219200,3\n1795222800,4\n", {"time": "timestamp", "value": "value"}),
    ("a;b\nx;y\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), GUESSES)
def test_table_is_understood_as_a_person_would(text: str, expected: dict[str, object]) -> None:
    assert guess(rows_of(text), KNOWN) == Mapping(**expected)  # type: ignore[arg-type]


def test_one_station_that_is_all_there_is_needs_no_naming() -> None:
    alone = Known([KnownThing("gauge", ("Trạm Cầu Gỗ",), LEVEL)])
    found = guess(rows_of("time,level_mm\n2020-01-07T17:00:00Z,5430.0\n"), alone)
    assert (found.fixed_thing, found.fixed_series, found.value) == ("gauge", "level", "level_mm")


@pytest.mark.parametrize(
    "said", ["Kim Long", "kim long", "TRẠM THUỶ VĂN KIM LONG", "hue-kim-long", "Kim Long gauge"]
)
def test_thing_is_known_by_every_name(said: str) -> None:
    assert KNOWN.thing(said) == "hue-kim-long"


@pytest.mark.parametrize("said", ["", "long", "Trạm", "Trạm thủy văn", "nơi khác"])
def test_doubtful_name_means_nothing(said: str) -> None:
    assert KNOWN.thing(said) == ""


def test_names_can_be_read_and_typed_back() -> None:
    assert KNOWN.thing_named("hue-kim-long") == "Trạm thủy văn Kim Long"
    assert KNOWN.target_named("hue-kim-long/level") == "Trạm thủy văn Kim Long / Mực nước"
    for target in ("hue-kim-long/level", "mix/rain", "level", "gone/level", ""):
        shown = KNOWN.target_named(target)
        assert (KNOWN.target(shown) or KNOWN.series(shown) or shown) == target
    twins = Known([KnownThing("a", ("Trạm X",), LEVEL), KnownThing("b", ("Trạm X",), LEVEL)])
    assert (twins.thing_named("a"), twins.thing("Trạm X")) == ("a", "")


def test_name_of_two_is_that_of_what_measures_and_is_real() -> None:
    assert KNOWN.thing("Kim Long") == "hue-kim-long"
    assert KNOWN.thing("Kim Long", "rain") == "hue-rain-1"


def test_recorded_river_is_read_whole() -> None:
    rows = rows_of(RIVER.read_text())
    said = guess(rows, Known([KnownThing("gauge", (), LEVEL)]))
    found = list(observations(msgspec.structs.replace(said, scale=0.001), rows))
    with RIVER.open() as file:
        expected = [
            (datetime.fromisoformat(r["time"]), float(r["level_mm"]) / 1000) for r in csv.DictReader(file)
        ]
    assert [(o.time, o.value) for o in found if isinstance(o, Observed)] == expected
    assert not [one for one in found if isinstance(one, Faulty)]
