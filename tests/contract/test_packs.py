"""Every pack must say where, when and by which source, and must hold together by itself."""

import csv
import json
import re
import tomllib
import unicodedata
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely as untyped_shapely

from toancanh.lib.fold import fold

shapely: Any = untyped_shapely

PACKS = sorted(path.parent for path in (Path(__file__).parents[2] / "packs").glob("*/pack.toml"))
UNIT = [
    "code",
    "tier",
    "name",
    "full_name",
    "name_en",
    "full_name_en",
    "parent_code",
    "valid_from",
    "valid_to",
    "legal_basis",
    "note",
]
LINEAGE = [
    "predecessor_code",
    "predecessor_valid_from",
    "successor_code",
    "successor_valid_from",
    "on",
    "kind",
    "legal_basis",
]
STATION = [
    "code",
    "kind",
    "name",
    "name_en",
    "lon",
    "lat",
    "unit_code",
    "river",
    "public",
    "sample",
    "position_verified",
    "source",
]
THRESHOLD = [
    "thing_code",
    "series",
    "name",
    "value",
    "valid_from",
    "valid_to",
    "legal_basis",
    "source",
    "verified",
    "note",
]
CALENDAR = ["code", "name", "name_en", "unit_code", "keeps_holidays"]
WEEK = [
    "calendar_code",
    "valid_from",
    "since",
    "hours",
    "cut_off",
    "day_minutes",
    "reason",
    "reason_en",
    "legal_basis",
    "source",
    "verified",
]
DAY = [
    "calendar_code",
    "kind",
    "first",
    "last",
    "hours",
    "like",
    "closed",
    "reason",
    "reason_en",
    "legal_basis",
    "source",
    "verified",
]
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST = {"legal_basis": 300, "source": 300, "note": 300, "full_name": 120, "name": 150, "code": 80}

each_pack = pytest.mark.parametrize("pack", PACKS, ids=lambda path: path.name)


def rows(pack: Path, name: str, columns: list[str]) -> list[dict[str, str]]:
    path = pack / name
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    assert text == unicodedata.normalize("NFC", text)
    table = csv.DictReader(text.splitlines(), strict=True)
    assert table.fieldnames == columns
    found = list(table)
    for row in found:
        assert None not in row
        assert all(value == value.strip() for value in row.values())
        assert all(len(row.get(column, "")) <= limit for column, limit in LONGEST.items())
    return found


def units(pack: Path) -> list[dict[str, str]]:
    return rows(pack, "units.csv", UNIT)


def keys(pack: Path) -> set[tuple[str, str]]:
    return {(row["code"], row["valid_from"]) for row in units(pack)}


def features(pack: Path, name: str) -> list[dict[str, Any]]:
    path = pack / name
    if not path.exists():
        return []
    collection = json.loads(path.read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    found: list[dict[str, Any]] = collection["features"]
    return found


def in_force(pack: Path, code: str, day: str) -> list[dict[str, str]]:
    return [
        row
        for row in units(pack)
        if row["code"] == code and row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
    ]


def test_the_three_packs_are_there() -> None:
    assert [pack.name for pack in PACKS] == ["dong-ha", "hue", "vietnam"]


@each_pack
def test_pack_names_itself_and_its_sources(pack: Path) -> None:
    manifest = tomllib.loads((pack / "pack.toml").read_text(encoding="utf-8"))
    assert set(manifest) == {"name", "title_vi", "title_en", "unit", "version", "requires", "sources"}
    assert manifest["name"] == pack.name
    assert manifest["title_vi"]
    assert manifest["title_en"]
    assert date.fromisoformat(manifest["version"])
    assert manifest["sources"]
    assert set(manifest["requires"]) <= {other.name for other in PACKS} - {pack.name}
    assert not manifest["unit"] or in_force(pack, manifest["unit"], manifest["version"])
    assert (pack / "README.md").exists()


@each_pack
def test_units_are_unique_and_well_formed(pack: Path) -> None:
    digits = {"province": 2, "district": 3, "commune": 5}
    assert not [key for key, n in Counter((r["code"], r["valid_from"]) for r in units(pack)).items() if n > 1]
    for row in units(pack):
        assert len(row["code"]) == digits[row["tier"]]
        assert row["code"].isdigit()
        assert date.fromisoformat(row["valid_from"])
        assert not row["valid_to"] or row["valid_from"] < row["valid_to"] == str(
            date.fromisoformat(row["valid_to"])
        )
        assert row["full_name"].endswith(row["name"])
        assert row["name_en"]
        assert row["full_name_en"]
        assert row["name_en"].isascii()
        assert row["legal_basis"] or row["note"]


@each_pack
def test_one_code_never_names_two_units_at_once(pack: Path) -> None:
    by_code: dict[str, list[tuple[str, str]]] = {}
    for row in units(pack):
        by_code.setdefault(row["code"], []).append((row["valid_from"], row["valid_to"] or "9999-12-31"))
    for spans in by_code.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


@pytest.mark.slow
@each_pack
def test_parents_are_in_force_when_the_unit_begins(pack: Path) -> None:
    above = {"commune": {"province", "district"}, "district": {"province"}}
    for row in units(pack):
        if row["tier"] == "province":
            assert not row["parent_code"]
        else:
            (parent,) = in_force(pack, row["parent_code"], row["valid_from"])
            assert parent["tier"] in above[row["tier"]]
            assert not parent["valid_to"] or row["valid_to"] <= parent["valid_to"]


@each_pack
def test_lineage_joins_known_units_on_the_day_of_change(pack: Path) -> None:
    ends = {(row["code"], row["valid_from"]): row["valid_to"] for row in units(pack)}
    lineage = rows(pack, "lineage.csv", LINEAGE)
    pairs = [tuple(row[column] for column in LINEAGE[:4]) for row in lineage]
    assert len(pairs) == len(set(pairs))
    for row in lineage:
        before = row["predecessor_code"], row["predecessor_valid_from"]
        after = row["successor_code"], row["successor_valid_from"]
        assert ends[before] == row["on"] == row["successor_valid_from"]
        assert after in ends
        assert row["kind"] in {"merge", "split", "rename", "whole"}
        assert row["legal_basis"]


@each_pack
def test_every_ended_commune_and_province_has_a_successor(pack: Path) -> None:
    told = {(r["predecessor_code"], r["predecessor_valid_from"]) for r in rows(pack, "lineage.csv", LINEAGE)}
    ended = {(r["code"], r["valid_from"]) for r in units(pack) if r["valid_to"] and r["tier"] != "district"}
    assert ended == told


def test_a_unit_in_two_packs_is_the_same_in_both() -> None:
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for pack in PACKS:
        for row in units(pack):
            assert seen.setdefault((row["code"], row["valid_from"]), row) == row


@each_pack
def test_boundaries_are_valid_polygons_around_their_middle(pack: Path) -> None:
    known, seen = keys(pack), set()
    for feature in features(pack, "boundaries.geojson"):
        properties, shape = feature["properties"], shapely.geometry.shape(feature["geometry"])
        key = properties["code"], properties["valid_from"]
        assert key in known
        assert key not in seen
        seen.add(key)
        assert shape.geom_type in {"Polygon", "MultiPolygon"}
        assert shape.is_valid, f"{key}: {shapely.is_valid_reason(shape)}"
        assert shape.contains(shapely.Point(properties["center"]))
        west, south, east, north = shape.bounds
        assert 102 < west < east < 118
        assert 6 < south < north < 24
        assert properties["source"]


@each_pack
def test_zones_stand_around_the_islands_of_their_unit(pack: Path) -> None:
    islands = {
        f["properties"]["code"]: shapely.geometry.shape(f["geometry"])
        for f in features(pack, "boundaries.geojson")
    }
    zones = features(pack, "zones.geojson")
    for zone in zones:
        properties, shape = zone["properties"], shapely.geometry.shape(zone["geometry"])
        assert CODE.fullmatch(properties["code"])
        assert "Việt Nam" in properties["name"]
        assert "Viet Nam" in properties["name_en"]
        assert properties["source"]
        assert shape.is_valid
        assert shape.contains(islands[properties["unit_code"]])
        assert shape.contains(shapely.Point(properties["center"]))
    if pack.name == "vietnam":
        assert {zone["properties"]["code"] for zone in zones} == {"hoang-sa", "truong-sa"}


@each_pack
def test_stations_stand_in_their_unit_and_are_marked(pack: Path) -> None:
    shapes = {f["properties"]["code"]: f["geometry"] for f in features(pack, "boundaries.geojson")}
    stations = rows(pack, "stations.csv", STATION)
    assert len({row["code"] for row in stations}) == len(stations)
    for row in stations:
        assert CODE.fullmatch(row["code"])
        assert row["kind"] in {"flood.gauge", "flood.rain_station"}
        assert {row["public"], row["sample"], row["position_verified"]} <= {"true", "false"}
        assert row["source"]
        assert shapely.geometry.shape(shapes[row["unit_code"]]).contains(
            shapely.Point(float(row["lon"]), float(row["lat"]))
        )
        assert (row["kind"] == "flood.gauge") == bool(row["river"])
        assert (row["sample"] == "true") == ("mẫu" in row["name"])


@each_pack
def test_every_station_has_a_series_with_a_period(pack: Path) -> None:
    stations = {row["code"]: row["kind"] for row in rows(pack, "stations.csv", STATION)}
    series = rows(pack, "series.csv", ["thing_code", "name", "period_s"])
    assert sorted(row["thing_code"] for row in series) == sorted(stations)
    for row in series:
        gauge = stations[row["thing_code"]] == "flood.gauge"
        assert (row["name"], row["period_s"]) == (("level", "60") if gauge else ("rain", "300"))


@each_pack
def test_thresholds_rise_and_say_their_source(pack: Path) -> None:
    known = {
        (r["thing_code"], r["name"]) for r in rows(pack, "series.csv", ["thing_code", "name", "period_s"])
    }
    groups: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for row in rows(pack, "thresholds.csv", THRESHOLD):
        assert (row["thing_code"], row["series"]) in known
        assert row["source"]
        # A law is named only where a source in force shows that the value is the law's.
        assert bool(row["legal_basis"]) == (row["verified"] == "true")
        assert date.fromisoformat(row["valid_from"])
        assert row["verified"] in {"true", "false"}
        assert row["verified"] == "false" or "trí nhớ" not in row["source"]
        group = row["thing_code"], row["series"], row["valid_from"]
        groups.setdefault(group, []).append((row["name"], float(row["value"])))
    for levels in groups.values():
        assert [name for name, _ in levels] == ["BĐ1", "BĐ2", "BĐ3"]
        assert all(low < high for (_, low), (_, high) in pairwise(levels))
    gauges = {r["code"] for r in rows(pack, "stations.csv", STATION) if r["kind"] == "flood.gauge"}
    assert {thing for thing, *_ in groups} == gauges


def test_hue_has_its_forty_communes_each_with_a_boundary_and_a_sample_station() -> None:
    hue = next(pack for pack in PACKS if pack.name == "hue")
    now = {r["code"] for r in units(hue) if r["tier"] == "commune" and not r["valid_to"]}
    assert len(now) == 40
    assert {f["properties"]["code"] for f in features(hue, "boundaries.geojson")} == now
    assert {r["unit_code"] for r in rows(hue, "stations.csv", STATION) if r["sample"] == "true"} == now
    found = [r["code"] for r in units(hue) if fold("duong no") in fold(r["full_name"]) and not r["valid_to"]]
    assert found == ["19909"]


def test_the_code_19333_means_another_ward_before_and_after_the_reform() -> None:
    dong_ha = next(pack for pack in PACKS if pack.name == "dong-ha")
    assert [r["full_name"] for r in in_force(dong_ha, "19333", "2025-06-30")] == ["Phường 1"]
    assert [r["full_name"] for r in in_force(dong_ha, "19333", "2025-07-01")] == ["Phường Đông Hà"]
    old = [r for r in units(dong_ha) if r["tier"] == "commune" and r["valid_to"] == "2025-07-01"]
    assert len(old) == 9
    assert len(rows(dong_ha, "lineage.csv", LINEAGE)) == 9 + 2


@pytest.mark.slow
def test_the_country_has_thirty_four_provinces_today() -> None:
    country = next(pack for pack in PACKS if pack.name == "vietnam")
    now = [r for r in units(country) if r["tier"] == "province" and not r["valid_to"]]
    assert len(now) == 34
    assert sum(r["full_name"].startswith("Thành phố") for r in now) == 9
    bounded = {
        (f["properties"]["code"], f["properties"]["valid_from"])
        for f in features(country, "boundaries.geojson")
    }
    assert bounded == keys(country)


@each_pack
def test_calendars_say_by_which_decision_they_work(pack: Path) -> None:
    calendars = rows(pack, "calendars.csv", CALENDAR)
    weeks, days = rows(pack, "weeks.csv", WEEK), rows(pack, "days.csv", DAY)
    own = {row["code"] for row in calendars}
    assert {row["calendar_code"] for row in weeks} == own
    assert {row["calendar_code"] for row in days} <= {"", *own}
    for row in calendars:
        assert CODE.fullmatch(row["code"])
        assert row["name"]
        assert row["name_en"]
    for row in weeks + days:
        assert row["reason"]
        assert row["reason_en"]
        assert row["legal_basis"]
        assert row["verified"] in {"true", "false"}
        assert row["verified"] == "true" or row["source"] or "mẫu" in row["reason"]
    for row in days:
        first, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
        assert first <= last
        # A day worked instead has its day off in the same table.
        assert (row["kind"] == "worked") == bool(row["like"])
        assert not row["like"] or [d for d in days if (d["kind"], d["first"]) == ("swapped", row["like"])]
