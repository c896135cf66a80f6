"""PATCH, PUT and JSON Patch: what is named changes, what moves leaves a trace, what is fixed stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings import deriving
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservedProperty,
    Sensor,
    ThingDetail,
)
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    TIME,
    client,
    datastream,
    feature_of_interest,
    location,
    observed_property,
    sensor,
    thing,
    tree,
    whole_stream,
)
from toancanh.kernel.exchange.sensorthings.writing import JSON_PATCH
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry.models import Series

ALONE: dict[str, dict[str, Any]] = {
    "Things": thing(properties={"a": 1}),
    "Locations": location(properties={"a": 1}),
    "Sensors": sensor(properties={"a": 1}),
    "ObservedProperties": observed_property(properties={"a": 1}),
    "FeaturesOfInterest": feature_of_interest() | {"properties": {"a": 1}},
}
MODELS: dict[str, Any] = {
    "Locations": Location,
    "Sensors": Sensor,
    "ObservedProperties": ObservedProperty,
    "FeaturesOfInterest": FeatureOfInterest,
}


def texts(path: str, key: int) -> tuple[str, str, Any]:
    """Name, description and properties of what was written."""
    if path == "Things":
        detail = ThingDetail.objects.select_related("thing").get(pk=key)
        return detail.thing.name, detail.description, detail.properties
    row = MODELS[path].objects.get(pk=key)
    return row.name, row.description, row.properties


@pytest.mark.parametrize("path", sorted(ALONE))
def test_patch_changes_what_it_names(city: City, path: str) -> None:
    by = client()
    key = by.make(path, ALONE[path])
    name, _description, properties = texts(path, key)
    assert by.patch(f"{path}({key})", {"description": "khác"}).status == 200
    assert texts(path, key) == (name, "khác", properties)
    assert by.patch(f"{path}({key})", {"properties": {"b": 2}, "@iot.id": 7}).status == 200
    assert texts(path, key) == (name, "khác", {"b": 2})
    assert by.patch(f"{path}({key})", {"colour": "red"}).status == 400
    assert by.patch(f"{path}({key})", {"name": None}).status == 400


@pytest.mark.parametrize("path", sorted(ALONE))
def test_put_replaces_everything(city: City, path: str) -> None:
    by = client()
    key = by.make(path, ALONE[path])
    told = {name: value for name, value in ALONE[path].items() if name != "properties"} | {"name": "Mới"}
    assert by.send("PUT", f"{path}({key})", told).status == 200
    assert texts(path, key) == ("Mới", told["description"], None)
    assert by.send("PUT", f"{path}({key})", {"description": "không tên"}).status == 400
    assert texts(path, key)[0] == "Mới"


@pytest.mark.parametrize("path", sorted(ALONE))
def test_json_patch_is_applied_whole_or_not_at_all(city: City, path: str) -> None:
    by = client()
    key = by.make(path, ALONE[path])
    good = [
        {"op": "replace", "path": "/name", "value": "Mới"},
        {"op": "add", "path": "/properties/b", "value": 2},
    ]
    assert by.send("PATCH", f"{path}({key})", good, JSON_PATCH).status == 200
    assert texts(path, key)[::2] == ("Mới", {"a": 1, "b": 2})
    tested = {"op": "test", "path": "/name", "value": "?"}
    refused: list[Any] = [[{"op": "remove", "path": "/name"}], [*good, tested], {}]
    for bad in refused:
        assert by.send("PATCH", f"{path}({key})", bad, JSON_PATCH).status == 400
    assert texts(path, key)[::2] == ("Mới", {"a": 1, "b": 2})


def test_what_does_not_change_is_not_written(city: City) -> None:
    by = client()
    key = by.make("Sensors", sensor())
    before = Entry.objects.count()
    assert by.patch(f"Sensors({key})", {"name": sensor()["name"]}).status == 200
    assert Entry.objects.count() == before


def test_thing_given_another_location_moves_and_its_history_says_so(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    there = by.make("Locations", location(107.15))
    assert by.patch(f"Things({key})", {"Locations": [{"@iot.id": there}]}).status == 200
    moved = Thing.objects.select_related("unit").get(pk=key)
    assert (moved.lon, moved.unit) == (107.15, city.east)
    stays = HistoricalLocation.objects.filter(thing=key).order_by("pk")
    assert [stay.locations.get().pk for stay in stays][1:] == [there]
    assert by.patch(f"Things({key})", {"Locations": [{"@iot.id": there}]}).status == 200
    assert stays.count() == 2
    assert by.patch(f"Things({key})", {"Locations": [location()]}).status == 400


def test_location_that_moves_takes_its_things_along(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    place = Location.objects.get(things=key)
    there = {"type": "Point", "coordinates": [107.15, 16.05]}
    assert by.patch(f"Locations({place.pk})", {"location": there}).status == 200
    assert Thing.objects.get(pk=key).lon == 107.15
    features = [stay.feature for stay in HistoricalLocation.objects.filter(thing=key).order_by("pk")]
    shapes = [feature.shape["coordinates"][0] for feature in features if feature]
    assert shapes == [107.05, 107.15]
    entry = Entry.objects.get(action="sensorthings.changed", subject=f"location:{place.pk}")
    assert "107.05" in entry.content


def test_history_told_later_counts_where_it_is_the_latest(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    there = by.make("Locations", location(107.15))
    told = {"Thing": {"@iot.id": key}, "Locations": [{"@iot.id": there}]}
    by.make("HistoricalLocations", {"time": "2020-01-01T00:00:00Z", **told})
    assert Thing.objects.get(pk=key).lon == 107.05
    stay = by.make("HistoricalLocations", {"time": "2026-11-21T06:00:00Z", **told})
    assert Thing.objects.get(pk=key).lon == 107.15
    assert by.patch(f"HistoricalLocations({stay})", {"time": "2022-06-01T00:00:00Z"}).status == 200
    assert HistoricalLocation.objects.get(pk=stay).time.year == 2022


def test_datastream_is_described_anew_and_linked_to_another_sensor(city: City) -> None:
    by = client()
    key = by.make(f"Things({by.make('Things', thing())})/Datastreams", whole_stream())
    other = by.make("Sensors", sensor("KT-2"))
    unit = {"name": "gram", "symbol": "mg/L", "definition": None}
    told = {"Sensor": {"@iot.id": other}, "unitOfMeasurement": unit, "name": "Mặn"}
    assert by.patch(f"Datastreams({key})", told).status == 200
    stream = Datastream.objects.select_related("series").get(pk=key)
    assert (stream.sensor_id, stream.name, stream.series.unit) == (other, "Mặn", "mg/L")
    assert (stream.series.name, stream.series.title) == ("do-man", "Mặn")
    for bad in ({"Sensor": {"@iot.id": 999}}, {"Sensor": sensor()}, {"Thing": {"@iot.id": city.gauge.pk}}):
        assert by.patch(f"Datastreams({key})", bad).status == 400
    same = {"Thing": {"@iot.id": stream.series.thing_id}}
    assert by.patch(f"Datastreams({key})", same).status == 200
    links: dict[str, Any] = {
        "Sensor": {"@iot.id": other},
        "ObservedProperty": {"@iot.id": stream.observed_property_id},
    }
    assert by.send("PUT", f"Datastreams({key})", datastream("Độ mặn", **links)).status == 200
    assert Series.objects.get(pk=key).unit == "g/L"


def test_gauge_of_the_locality_is_described_and_keeps_its_quantity(city: City) -> None:
    by = client()
    deriving.follow()
    series = city.level
    assert by.patch(f"Datastreams({series.pk})", {"description": "đo bằng rađa"}).status == 200
    stream = Datastream.objects.get(pk=series.pk)
    assert (stream.description, stream.is_derived) == ("đo bằng rađa", False)
    unit = {"name": "foot", "symbol": "ft", "definition": None}
    assert by.patch(f"Datastreams({series.pk})", {"unitOfMeasurement": unit}).status == 400
    assert by.patch(f"Things({city.gauge.pk})", {"name": "Cầu Gỗ"}).status == 200
    renamed = Thing.objects.get(pk=city.gauge.pk)
    assert (renamed.name, renamed.kind, renamed.is_public) == ("Cầu Gỗ", "flood.gauge", True)


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["Things", "Datastreams", "Sensors", "HistoricalLocations", "FeaturesOfInterest"]
)
def test_what_is_not_there_cannot_be_changed(city: City, method: str, path: str) -> None:
    by = client()
    for key in ("999999999", "0", "'x'", str(2**40)):
        assert by.send(method, f"{path}({key})", {"name": "x"}).status == 404
    assert by.send(method, path, {"name": "x"}).status == 405


@pytest.mark.slow
def test_retired_thing_and_ended_series_are_not_there(city: City) -> None:
    by = client()
    key = by.make("Things", tree())
    stream = Datastream.objects.get(series__thing=key).pk
    assert by.send("DELETE", f"Things({key})").status == 200
    for path in (f"Things({key})", f"Datastreams({stream})"):
        assert by.patch(path, {"name": "x"}).status == 404
    told = {"result": 1, "phenomenonTime": TIME, "Datastream": {"@iot.id": stream}}
    assert by.post("Observations", told).status == 400
