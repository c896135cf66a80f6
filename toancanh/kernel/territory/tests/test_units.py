"""Units by code and date: a code alone names nothing."""

from __future__ import annotations

import pytest

from tests.city import BY, City, actor, unit_row
from toancanh.kernel.territory import actions, queries
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused


@pytest.mark.parametrize("typed", ["dương nỗ", "duong no", "DUONG NO", "  no   duong ", "Dương Nỗ"])
def test_search_finds_a_ward_with_or_without_marks(city: City, typed: str) -> None:
    assert [u.code for u in queries.search(typed)] == ["90001"]


@pytest.mark.parametrize("typed", ["", "   ", "%", "_", "không có đâu", "\0", "a" * 5000])
def test_search_for_what_is_nowhere_finds_nothing(city: City, typed: str) -> None:
    assert queries.search(typed) == []


def test_search_keeps_below_a_path(city: City) -> None:
    assert [u.code for u in queries.search("kim", city.province.path)] == ["90002"]
    assert queries.search("kim", city.west.path) == []


def test_path_of_a_unit_begins_with_its_parents(city: City) -> None:
    assert city.west.path == f"{city.province.pk}/{city.west.pk}/"


def test_unit_written_again_is_the_same_row(city: City) -> None:
    actions.arrange_units([unit_row("90001", "commune", "Phường Mới", "90")], by=BY)
    again = Unit.objects.get(code="90001")
    assert (again.pk, again.full_name, again.path) == (city.west.pk, "Phường Mới", city.west.path)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (unit_row("90003", "làng", "Làng", "90"), "bad_tier"),
        (unit_row("90003", "commune", "Xã", "77"), "no_parent"),
        (unit_row("90003", "commune", "Xã", "90", valid_from=""), "no_date"),
        (unit_row("90003", "commune", "Xã", "90", valid_from="2019-12-31"), "no_parent"),
        (unit_row("90003", "commune", "Xã", "90", valid_to="2020-01-01"), "bad_validity"),
    ],
)
def test_impossible_unit_is_refused(city: City, row: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.arrange_units([row], by=BY)
    assert refused.value.code == code
    assert not Unit.objects.filter(code="90003").exists()


def test_lineage_of_an_unknown_unit_is_refused(city: City) -> None:
    row = {"predecessor_code": "90001", "predecessor_valid_from": "2020-01-01", "successor_code": "99999"}
    row |= {"successor_valid_from": "2025-01-01", "on": "2025-01-01", "kind": "merge", "legal_basis": ""}
    with pytest.raises(Refused, match="99999"):
        actions.arrange_lineage([row], by=BY)


def test_only_who_may_everywhere_arranges_territory(city: City) -> None:
    local = actor("local", city.province, ("territory.arrange",))
    for act in (actions.arrange_units, actions.arrange_lineage, actions.draw_boundaries, actions.draw_zones):
        with pytest.raises(NotAllowed):
            act([], by=local)
    assert actions.arrange_units([], by=actor("chief", None, ("territory.arrange",))) == 0


def test_broken_outline_is_refused(city: City) -> None:
    bow_tie = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
    for geometry in (
        {"type": "Polygon", "coordinates": [bow_tie]},
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0]]]},
        {"type": "Polygon"},
        {"type": "Wheel", "coordinates": []},
    ):
        said = {"code": "90001", "valid_from": "2020-01-01"}
        with pytest.raises(Refused) as refused:
            actions.draw_boundaries([{"properties": said, "geometry": geometry}], by=BY)
        assert refused.value.code == "bad_boundary"
