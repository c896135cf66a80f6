"""Which unit a point lies in: inside, in the gap between simplified borders, and outside all."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
import shapely as untyped_shapely
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import BY, City, square, unit_row
from toancanh.kernel.territory import actions, boundaries, queries
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import Refused

shapely: Any = untyped_shapely
DEGREE_M = 111_320.0


def code_at(lon: float, lat: float, on: date | None = None) -> str:
    """Code of the unit there; empty outside all."""
    found = queries.unit_at(lon, lat, on)
    return found.code if found else ""


@pytest.mark.parametrize(
    ("metres", "found"), [(0.5, "90002"), (60, "90002"), (99, "90002"), (101, ""), (150, ""), (5000, "")]
)
@pytest.mark.parametrize("way", ["east", "north"])
def test_point_outside_counts_to_the_nearest_within_100_m(
    city: City, metres: float, found: str, way: str
) -> None:
    lon, lat = (107.2, 16.05) if way == "east" else (107.15, 16.1)
    if way == "east":
        lon += metres / DEGREE_M / math.cos(math.radians(lat))
    else:
        lat += metres / DEGREE_M
    assert code_at(lon, lat) == found


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1), metres=st.floats(0, 250))
def test_gap_around_a_commune_ends_at_100_m(city: City, share: float, metres: float) -> None:
    # Along a straight northern border, where the distance is known without asking the product.
    found = code_at(107.0 + 0.1 * share, 16.1 + metres / DEGREE_M)
    if abs(metres - 100) > 0.5:
        assert bool(found) == (metres < 100)


def test_point_between_two_communes_counts_to_the_nearer(city: City) -> None:
    actions.arrange_units([unit_row("90003", "commune", "Xã Bên Kia", "90")], by=BY)
    gap = 150 / DEGREE_M / math.cos(math.radians(16.05))
    actions.draw_boundaries([square("90003", 107.2 + gap, 16.0)], by=BY)
    assert code_at(107.2 + gap * 0.4, 16.05) == "90002"
    assert code_at(107.2 + gap * 0.6, 16.05) == "90003"


def test_commune_counts_before_its_province_also_in_a_gap(city: City) -> None:
    actions.draw_boundaries([square("90", 106.0, 15.0, 3.0)], by=BY)
    assert code_at(107.05, 16.05) == "90001"
    assert code_at(107.05, 16.1 + 50 / DEGREE_M) == "90001"
    assert code_at(107.05, 16.5) == "90"


def test_outline_counts_only_while_its_unit_is_in_force(city: City) -> None:
    actions.arrange_units(
        [unit_row("90001", "commune", "Phường Dương Nỗ", "90", valid_to="2025-07-01")], by=BY
    )
    assert code_at(107.05, 16.05, date(2025, 6, 30)) == "90001"
    assert code_at(107.05, 16.05, date(2025, 7, 1)) == ""
    assert code_at(107.05, 16.05, date(2019, 12, 31)) == ""


def test_changed_outline_is_seen_at_once(city: City) -> None:
    assert code_at(107.05, 16.3) == ""
    actions.draw_boundaries([square("90001", 107.0, 16.25)], by=BY)
    assert code_at(107.05, 16.3) == "90001"


def test_territory_that_was_rolled_back_is_not_remembered(city: City) -> None:
    from django.db import transaction

    with transaction.atomic():
        actions.draw_boundaries([square("90001", 107.0, 16.25)], by=BY)
        assert code_at(107.05, 16.3) == "90001"
        transaction.set_rollback(True)
    assert code_at(107.05, 16.3) == ""


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("lon=107.05&lat=16.05", 200, "90001"),
        ("lon=107.05&lat=16.05&date=2019-01-01", 404, None),
        ("lon=0&lat=0", 404, None),
        ("lon=nan&lat=16", 400, None),
        ("lon=inf&lat=16", 400, None),
        ("lon=181&lat=16", 400, None),
        ("lon=107&lat=-91", 400, None),
        ("lon=107", 400, None),
        ("lon=a&lat=b", 400, None),
        ("", 400, None),
    ],
)
def test_api_unit_at_a_point(city: City, client: Client, query: str, status: int, code: str | None) -> None:
    response = client.get(f"/api/v1/units/at?{query}")
    said = response.json()
    assert (response.status_code, said.get("code") if status == 200 else None) == (status, code)
    if status != 200:
        assert response["Content-Type"] == "application/problem+json"


def test_outlines_are_kept_by_browsers_until_the_territory_changes(city: City, client: Client) -> None:
    first = client.get("/boundaries/90.json")
    assert first.status_code == 200
    assert [f["properties"]["code"] for f in first.json()["features"]] == ["90001", "90002"]
    tag = first["ETag"]
    assert client.get("/boundaries/90.json", headers={"If-None-Match": tag}).status_code == 304
    actions.draw_boundaries([square("90001", 107.0, 16.25)], by=BY)
    again = client.get("/boundaries/90.json", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.json()["features"][0]["geometry"]["coordinates"][0][0] == [107.0, 16.25]


def test_outline_of_a_commune_is_itself(city: City, client: Client) -> None:
    said = client.get("/boundaries/90001.json").json()["features"]
    assert [f["properties"]["code"] for f in said] == ["90001"]
    properties = said[0]["properties"]
    assert set(properties) == {"code", "name", "name_en", "tier", "center"}
    assert shapely.geometry.shape(said[0]["geometry"]).contains(shapely.Point(properties["center"]))


def test_outlines_are_forgotten_between_tests() -> None:
    assert boundaries._seen == -1


def test_unit_with_another_parent_takes_all_below_it_along(city: City) -> None:
    actions.arrange_units(
        [unit_row("90", "province", "Tỉnh Thử"), unit_row("91", "province", "Tỉnh Khác")], by=BY
    )
    actions.arrange_units([unit_row("900", "district", "Huyện Thử", "90")], by=BY)
    actions.arrange_units([unit_row("90001", "commune", "Phường Dương Nỗ", "900")], by=BY)
    actions.arrange_units([unit_row("900", "district", "Huyện Thử", "91")], by=BY)
    units = {unit.code: unit for unit in Unit.objects.all()}
    assert units["900"].path == f"{units['91'].path}{units['900'].pk}/"
    assert units["90001"].path == f"{units['900'].path}{units['90001'].pk}/"
    assert units["90002"].path == f"{units['90'].path}{units['90002'].pk}/"
    with pytest.raises(Refused):
        actions.arrange_units([unit_row("900", "district", "Huyện Thử", "90001")], by=BY)
