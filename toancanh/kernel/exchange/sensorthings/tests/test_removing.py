"""Deleting: what cannot be without it goes too, what can stays, and nothing is erased."""

from __future__ import annotations

import pytest

from tests.city import NOON, City, measure
from toancanh.kernel.exchange.sensorthings import deriving, removing
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservationDetail,
    ObservedProperty,
    Sensor,
)
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    TIME,
    client,
    feature_of_interest,
    location,
    observed_property,
    sensor,
    tree,
)
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series


def test_thing_is_retired_and_its_readings_stay(city: City) -> None:
    by = client()
    key = by.make("Things", tree(Observations=[{"result": 1, "phenomenonTime": TIME}]))
    stream = Datastream.objects.get(series__thing=key)
    assert by.send("DELETE", f"Things({key})").status == 200
    assert not Thing.objects.get(pk=key).is_active
    assert len(engine.store().range(stream.pk, 0, 2**60, limit=9)) == 1
    verbs = set(Entry.objects.filter(subject__startswith="thing:").values_list("action", flat=True))
    assert {"registry.retired", "sensorthings.removed"} <= verbs
    assert by.send("DELETE", f"Things({key})").status == 404
    assert not Location.objects.filter(is_removed=True).exists()
    assert not Sensor.objects.filter(is_removed=True).exists()


def test_datastream_is_ended_and_its_sensor_stays(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    stream = Datastream.objects.get(series__thing=key)
    assert by.send("DELETE", f"Datastreams({stream.pk})").status == 200
    assert not Series.objects.get(pk=stream.pk).is_active
    assert Thing.objects.get(pk=key).is_active
    assert by.patch(f"Sensors({stream.sensor_id})", {"name": "vẫn đây"}).status == 200


@pytest.mark.parametrize("path", ["Sensors", "ObservedProperties"])
def test_what_a_datastream_cannot_be_without_ends_it(city: City, path: str) -> None:
    by = client()
    key = by.make("Things", tree())
    stream = Datastream.objects.get(series__thing=key)
    number = stream.sensor_id if path == "Sensors" else stream.observed_property_id
    assert by.send("DELETE", f"{path}({number})").status == 200
    assert not Series.objects.get(pk=stream.pk).is_active
    assert (Sensor if path == "Sensors" else ObservedProperty).objects.get(pk=number).is_removed
    assert by.send("DELETE", f"{path}({number})").status == 404


def test_what_the_kind_of_stations_declares_cannot_be_deleted(city: City) -> None:
    deriving.follow()
    shared = Datastream.objects.get(pk=city.level.pk)
    answer = client().send("DELETE", f"Sensors({shared.sensor_id})")
    assert answer.status == 409
    assert Series.objects.get(pk=city.level.pk).is_active


def test_location_goes_with_its_history_and_the_thing_stays(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    place = Location.objects.get(things=key)
    assert by.send("DELETE", f"Locations({place.pk})").status == 200
    assert Location.objects.get(pk=place.pk).is_removed
    assert HistoricalLocation.objects.get(thing=key).is_removed
    station = Thing.objects.get(pk=key)
    assert (station.is_active, station.lon, station.locations.count()) == (True, 107.05, 0)


def test_each_sort_alone_is_deleted_once(city: City) -> None:
    by = client()
    made = {
        "Locations": location(),
        "Sensors": sensor(),
        "ObservedProperties": observed_property(),
        "FeaturesOfInterest": feature_of_interest(),
        "HistoricalLocations": {"time": TIME, "Thing": {"@iot.id": city.gauge.pk}},
    }
    for path, told in made.items():
        key = by.make(path, told)
        statuses = [by.send("DELETE", f"{path}({key})").status for _count in range(2)]
        assert statuses == [200, 404], path


@pytest.mark.slow
def test_observation_is_withdrawn_and_stays_on_record(city: City) -> None:
    by = client()
    measure(city.gauge, NOON, 2.5, 2.6)
    newest = engine.store().latest()[city.level.pk]
    name = f"{city.level.pk}-{newest.time}"
    assert by.send("DELETE", f"Observations('{name}')").status == 200
    assert engine.store().latest()[city.level.pk].value == 2.5
    (old,) = engine.store().superseded(city.level.pk, 0, 2**60)
    assert (old.value, old.source) == (2.6, "writer")
    entry = Entry.objects.get(action="sensorthings.removed")
    assert (entry.subject, '"result":2.6' in entry.content) == (f"observation:{name}", True)
    assert by.send("DELETE", f"Observations('{name}')").status == 404
    told = {"result": 2.7, "phenomenonTime": "2026-11-21T05:00:00Z"}
    assert by.make(f"Datastreams({city.level.pk})/Observations", told) == name


def test_feature_goes_with_the_observations_that_name_it(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    by = client()
    stream = Datastream.objects.get(series__thing=by.make("Things", tree()))
    feature = by.make("FeaturesOfInterest", feature_of_interest())
    for minute in range(3):
        told = {"result": minute, "phenomenonTime": f"2026-11-21T04:0{minute}:00Z"}
        link = {"FeatureOfInterest": {"@iot.id": feature}} if minute else {}
        by.make(f"Datastreams({stream.pk})/Observations", told | link)
    monkeypatch.setattr(removing, "MOST_OBSERVATIONS", 1)
    assert by.send("DELETE", f"FeaturesOfInterest({feature})").status == 409
    monkeypatch.undo()
    assert not FeatureOfInterest.objects.get(pk=feature).is_removed
    assert by.send("DELETE", f"FeaturesOfInterest({feature})").status == 200
    assert [row.value for row in engine.store().range(stream.pk, 0, 2**60, limit=9)] == [0.0]
    assert not ObservationDetail.objects.exists()


def test_place_of_a_station_cannot_be_deleted_while_it_stands_there(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    feature = HistoricalLocation.objects.get(thing=key).feature_id
    assert by.send("DELETE", f"FeaturesOfInterest({feature})").status == 409
    assert by.send("DELETE", f"Things({key})").status == 200
    assert by.send("DELETE", f"FeaturesOfInterest({feature})").status == 200
