"""Things stand somewhere, belong to a unit, and are found by name as people type it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import BY, City, actor, thing
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.registry import actions, finding, queries
from toancanh.kernel.registry.models import Thing
from toancanh.lib.errors import NotAllowed, Refused

GAUGE: dict[str, Any] = {"kind": "flood.gauge", "name": "Trạm", "lon": 107.05, "lat": 16.05}


def test_unit_is_where_the_thing_stands(city: City) -> None:
    assert thing("a").unit == city.west
    assert thing("b", lon=107.15).unit == city.east


def test_unit_given_counts_before_the_place(city: City) -> None:
    assert actions.register("a", by=BY, unit=city.province, **GAUGE).unit == city.province


def test_thing_may_wait_for_its_place_in_a_unit_that_is_named(city: City) -> None:
    waiting = {**GAUGE, "lon": None, "lat": None}
    made = actions.register("a", by=BY, unit=city.east, **waiting)
    assert (made.is_placed, made.unit) == (False, city.east)
    with pytest.raises(Refused) as refused:
        actions.register("b", by=BY, **waiting)
    assert refused.value.code == "no_unit"
    with pytest.raises(Refused) as refused:
        actions.register("b", by=BY, unit=city.east, **{**GAUGE, "lat": None})
    assert refused.value.code == "bad_place"


def test_thing_written_again_is_changed(city: City) -> None:
    first = thing("a", name="Cũ")
    second = thing("a", lon=107.15, name="Mới")
    assert (second.pk, second.name, second.unit) == (first.pk, "Mới", city.east)
    actions_done = Entry.objects.filter(subject="thing:a").order_by("pk").values_list("action", flat=True)
    assert list(actions_done) == ["registry.registered", "registry.changed"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"kind": "flood.wheel"}, "bad_kind"),
        ({"kind": ""}, "bad_kind"),
        ({"lon": 0.0, "lat": 0.0}, "no_unit"),
        ({"lon": 200.0}, "bad_place"),
        ({"lat": float("nan")}, "bad_place"),
        ({"lon": float("inf")}, "bad_place"),
        ({"name": ""}, "bad_thing"),
        ({"name": "x" * 151}, "bad_thing"),
    ],
)
def test_impossible_thing_is_refused(city: City, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.register("a", by=BY, **(GAUGE | wrong))
    assert refused.value.code == code
    assert not Thing.objects.filter(code="a").exists()


@pytest.mark.parametrize("code", ["", "A", "a b", "ạ", "-a", "a/b", "a" * 81, "a\n"])
def test_code_that_addresses_cannot_bear_is_refused(city: City, code: str) -> None:
    with pytest.raises(Refused) as refused:
        actions.register(code, by=BY, **GAUGE)
    assert refused.value.code == "bad_code"


def test_impossible_place_is_refused_even_with_a_unit(city: City) -> None:
    with pytest.raises(Refused) as refused:
        actions.register("a", by=BY, unit=city.west, **(GAUGE | {"lat": float("nan")}))
    assert refused.value.code == "bad_place"


def test_right_holds_where_the_thing_stands(city: City) -> None:
    west = actor("west", city.west, ("registry.arrange",))
    assert actions.register("a", by=west, **GAUGE).unit == city.west
    with pytest.raises(NotAllowed):
        actions.register("b", by=west, **(GAUGE | {"lon": 107.15}))
    with pytest.raises(NotAllowed):
        actions.register("c", by=ANYONE, **GAUGE)


def test_thing_cannot_be_taken_from_a_unit_that_is_not_ones_own(city: City) -> None:
    west = actor("west", city.west, ("registry.arrange",))
    with pytest.raises(NotAllowed):
        actions.register("rain", by=west, **GAUGE)
    assert Thing.objects.get(code="rain").unit == city.east


def codes(typed: str, **more: Any) -> list[str]:
    """Codes of the things found."""
    return [t.code for t in queries.search(typed, ANYONE, **more)]


@pytest.mark.parametrize("typed", ["cầu gỗ", "cau go", "CAU GO", "Cầu gô", "go cau", "gauge"])
def test_search_finds_a_thing_with_or_without_marks(city: City, typed: str) -> None:
    assert codes(typed) == ["gauge"]


def test_search_finds_no_hidden_and_no_retired_thing(city: City) -> None:
    thing("hidden", name="Trạm Cầu Gỗ kín", public=False)
    thing("retired", name="Trạm Cầu Gỗ cũ", is_active=False)
    assert codes("cau go") == ["gauge"]


def test_search_puts_samples_last(city: City) -> None:
    thing("sample", name="Cầu Gỗ mẫu", is_sample=True)
    assert codes("cau go") == ["gauge", "sample"]


@pytest.mark.parametrize("typed", ["", " ", "%", "_", "\\", "\0", "'; DROP TABLE registry_thing; --"])
def test_search_for_nothing_finds_nothing(city: City, typed: str) -> None:
    assert codes(typed) == []


def test_search_box_finds_units_and_things(city: City) -> None:
    hits = [hit.told("/t/{}/", "/u/{}") for hit in finding.find("duong no", ANYONE, city.province.path)]
    assert [hit["url"] for hit in hits] == ["/u/90001"]
    assert hits[0]["text"] == "Tỉnh Thử"
    hits = [hit.told("/t/{}/", "/u/{}") for hit in finding.find("cau", ANYONE, city.province.path)]
    assert [hit["url"] for hit in hits] == ["/t/gauge/"]


def test_name_of_a_longest_allowed_length_is_found_by_code(city: City) -> None:
    thing("the-code-of-it", name="ắ" * 150, name_en="e" * 150)
    assert codes("the code of it") == ["the-code-of-it"]


def test_post_over_a_commune_sees_its_hidden_things_alone(city: City) -> None:
    thing("hidden-west", public=False)
    thing("hidden-east", lon=107.15, public=False)
    sees = {
        who.key: {t.code for t in queries.visible(who)} - {"gauge", "rain"}
        for who in (actor("west", city.west), actor("all", city.province), ANYONE)
    }
    assert list(sees.values()) == [{"hidden-west"}, {"hidden-west", "hidden-east"}, set()]
