"""Huế, Đông Hà and the country as the packs have them: dated codes, lineage, outlines."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import shapely as untyped_shapely
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toancanh.kernel.territory import queries

pytestmark = pytest.mark.xdist_group("packs")
shapely: Any = untyped_shapely
HUE = Path(__file__).resolve().parents[4] / "packs" / "hue" / "boundaries.geojson"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


def name(code: str, on: date) -> str:
    """The full name of whoever bore the code on that day."""
    found = queries.unit(code, on)
    return found.full_name if found else ""


@cache
def communes() -> dict[str, Any]:
    """Outlines of Huế's communes by code, read from the pack and not through the product."""
    features = json.loads(HUE.read_text(encoding="utf-8"))["features"]
    found = {
        f["properties"]["code"]: f["geometry"] for f in features if f["properties"]["valid_from"] > "2025-06"
    }
    return {code: shapely.geometry.shape(geometry) for code, geometry in found.items() if len(code) == 5}


def code_at(lon: float, lat: float, on: date | None = None) -> str:
    """Code of the unit there; empty outside all."""
    found = queries.unit_at(lon, lat, on)
    return found.code if found else ""


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("19333", "Phường 1", "Phường Đông Hà"),
        ("44", "Tỉnh Quảng Bình", "Tỉnh Quảng Trị"),
        ("45", "Tỉnh Quảng Trị", ""),
        ("461", "Thành phố Đông Hà", ""),
        ("19330", "Phường Đông Giang", ""),
        ("46", "Thành phố Huế", "Thành phố Huế"),
    ],
)
def test_code_means_something_only_with_a_date(hue: None, code: str, before: str, after: str) -> None:
    assert (name(code, BEFORE), name(code, AFTER)) == (before, after)


def test_successors_of_a_merged_ward_are_the_new_one(hue: None) -> None:
    ward = queries.unit("19330", BEFORE)
    assert ward is not None
    found = [(u.code, u.full_name, u.valid_from) for u in queries.successors(ward)]
    assert found == [("19333", "Phường Đông Hà", AFTER)]
    new = queries.unit("19333", AFTER)
    assert new is not None
    assert list(queries.successors(new)) == []


def test_merged_provinces_have_one_successor(hue: None) -> None:
    for code in ("44", "45"):
        old = queries.unit(code, BEFORE)
        assert old is not None
        assert [(u.code, u.name) for u in queries.successors(old)] == [("44", "Quảng Trị")]


def test_hue_has_forty_communes_in_force(hue: None) -> None:
    city = queries.unit("46", AFTER)
    assert city is not None
    below = queries.in_force(AFTER).filter(path__startswith=city.path, tier="commune")
    assert below.count() == 40
    assert len({u.path for u in below}) == 40


@pytest.mark.parametrize(
    ("date_asked", "status", "told"),
    [
        ("2025-06-30", 200, "Phường 1"),
        ("2025-07-01", 200, "Phường Đông Hà"),
        ("", 200, "Phường Đông Hà"),
        ("1980-01-01", 404, None),
        ("2025-02-30", 400, None),
        ("hôm qua", 400, None),
    ],
)
def test_api_unit_by_code_and_date(
    hue: None, client: Client, date_asked: str, status: int, told: str | None
) -> None:
    response = client.get("/api/v1/units/19333", {"date": date_asked} if date_asked else {})
    assert response.status_code == status
    assert response.json().get("name") == told


def test_api_unit_that_ended_is_told_with_its_successor(hue: None, client: Client) -> None:
    said = client.get("/api/v1/units/19330").json()
    assert (said["code"], said["name"], said["valid_to"]) == ("19330", "Phường Đông Giang", "2025-07-01")
    dong_ha = {"code": "19333", "name": "Phường Đông Hà", "valid_from": "2025-07-01"}
    assert said["successors"] == [dong_ha]
    new = client.get("/api/v1/units/19333?date=2025-07-01").json()
    assert {"code": "19330", "name": "Phường Đông Giang", "valid_from": "2009-08-11"} in new["predecessors"]


def test_search_finds_the_very_name_first(hue: None) -> None:
    assert queries.search("huế")[0].full_name == "Thành phố Huế"


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_point_inside_a_commune_is_found(hue: None, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(communes())))
    shape = communes()[code]
    west, south, east, north = shape.bounds
    point = shapely.Point(data.draw(st.floats(west, east)), data.draw(st.floats(south, north)))
    around = {other for other, outline in communes().items() if outline.intersects(point)}
    if around:
        assert code_at(point.x, point.y) in around


@pytest.mark.slow
def test_forty_communes_hold_their_own_centres(hue: None) -> None:
    assert len(communes()) == 40
    for code, shape in communes().items():
        point = shape.representative_point()
        assert code_at(point.x, point.y) == code


def test_national_outline_shows_every_province_and_both_archipelagos(hue: None, client: Client) -> None:
    features = client.get("/boundaries/national.json").json()["features"]
    tiers = [f["properties"]["tier"] for f in features]
    assert (tiers.count("province"), tiers.count("zone")) == (34, 2)
    zones = {f["properties"]["name"] for f in features if f["properties"]["tier"] == "zone"}
    assert zones == {"Quần đảo Hoàng Sa (Việt Nam)", "Quần đảo Trường Sa (Việt Nam)"}
    assert all(shapely.geometry.shape(f["geometry"]).is_valid for f in features)
