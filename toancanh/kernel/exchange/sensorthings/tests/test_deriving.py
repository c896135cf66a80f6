"""Entities of what came otherwise than by the façade follow the registry, keep ids, and yield to clients."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.city import BY, City, thing
from toancanh.kernel.exchange.sensorthings import deriving, models
from toancanh.kernel.people import actions as people
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing


def ids() -> dict[str, list[int]]:
    """The ids of every derived table."""
    places = (models.Location, models.FeatureOfInterest)
    kinds = (*places, models.Sensor, models.ObservedProperty, models.Datastream)
    return {kind.__name__: sorted(kind._default_manager.values_list("pk", flat=True)) for kind in kinds}


def test_what_is_registered_later_is_added_and_ids_stay(city: City) -> None:
    deriving.follow()
    before = ids()
    thing("later", lon=107.06)
    deriving.follow()
    after = ids()
    assert all(set(old) <= set(after[name]) for name, old in before.items())
    assert len(after["Location"]) == len(before["Location"]) + 1
    # Stations of one kind share their sensor and what they observe.
    assert after["Sensor"] == before["Sensor"]


def test_rows_follow_the_registry_until_a_client_changes_them(city: City) -> None:
    deriving.follow()
    place = models.Location.objects.get(things=city.gauge)
    registry.register("gauge", "flood.gauge", "Tên mới", 107.06, 16.05, by=BY, is_public=True)
    deriving.follow()
    place.refresh_from_db()
    assert (place.name, place.shape["coordinates"], place.west) == ("Tên mới", [107.06, 16.05], 107.06)
    models.Location.objects.filter(pk=place.pk).update(name="của khách", is_derived=False)
    registry.register("gauge", "flood.gauge", "Tên khác", 107.07, 16.05, by=BY, is_public=True)
    deriving.follow()
    place.refresh_from_db()
    assert place.name == "của khách"
    stream = models.Datastream.objects.get(series=city.level)
    assert stream.name == "Mực nước – Tên khác"


def test_nothing_is_written_where_nothing_changed(city: City) -> None:
    deriving.follow()
    models.Sensor.objects.update(description="x")
    deriving.follow()
    assert set(models.Sensor.objects.values_list("description", flat=True)) == {"x"}


@pytest.mark.slow
def test_nobody_waits_for_who_derives(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    deriving.follow()
    before = ids()
    monkeypatch.setattr(deriving, "_followed", -1)
    thing("later", lon=107.06)
    with deriving._lock:
        deriving.follow()
        assert ids() == before
    deriving.follow()
    assert len(ids()["Location"]) == len(before["Location"]) + 1


@pytest.fixture
def alone(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that has just started: outside of a transaction it remembers what it has seen."""
    monkeypatch.setattr(deriving, "_followed", None)
    monkeypatch.setattr(deriving, "_known", None)


def test_only_what_changed_is_gone_through(alone: None, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[object] = []
    real = deriving.derive

    def noted(only: Collection[int] | None = None) -> None:
        derived.append(only if only is None else sorted(only))
        real(only)

    monkeypatch.setattr(deriving, "derive", noted)
    deriving.follow()
    people.create_token("tram-moi", by=BY)
    deriving.follow()
    registry.register("gauge", "flood.gauge", "Tên mới", 107.06, 16.05, by=BY, is_public=True)
    deriving.follow()
    made = thing("later", lon=107.06)
    deriving.follow()
    assert derived == [None, [city.gauge.pk], [made.pk]]
    assert models.Datastream.objects.get(series=city.level).name == "Mực nước – Tên mới"
    assert models.Location.objects.filter(things=made).count() == 1


def test_what_changed_while_another_process_derived_is_not_passed_over(
    alone: None, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    deriving.follow()
    deriving.forget()
    real = deriving._marks

    def late() -> dict[int, int]:
        if not Thing.objects.filter(code="later").exists():
            thing("later", lon=107.06)
        return real()

    # Another process has derived all; a station comes between the look at the number and that at the things.
    monkeypatch.setattr(deriving, "_marks", late)
    deriving.follow()
    deriving.follow()
    assert models.Location.objects.filter(things__code="later").count() == 1
