"""Making entities: each sort, within each other, by links, under the set of another one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import City
from tests.city import thing as registered
from toancanh.kernel.exchange.models import Pack
from toancanh.kernel.exchange.sensorthings import deriving, writing
from toancanh.kernel.exchange.sensorthings.models import Datastream, HistoricalLocation, Location, Sensor
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
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series


def test_tree_of_new_entities_is_made_and_linked(city: City) -> None:
    key = client().make("Things", tree(Observations=[{"phenomenonTime": TIME, "result": 3}]))
    made = Thing.objects.select_related("unit").get(pk=key)
    assert (made.code, made.kind, made.name) == ("tram-thu", "sensors.station", "Trạm Thử")
    assert (made.unit, made.lon, made.lat, made.position_verified) == (city.west, 107.05, 16.05, False)
    assert (made.is_public, made.source) == (False, "SensorThings: writer")
    stream = Datastream.objects.select_related("series").get(series__thing=made)
    assert (stream.series.name, stream.series.unit, stream.is_derived) == ("do-man", "g/L", False)
    assert (stream.sensor.name, stream.observed_property.name) == ("LNC-5", "Mực nước")
    (reading,) = engine.store().range(stream.pk, 0, 2**60, limit=9)
    assert reading.value == 3.0
    (stay,) = HistoricalLocation.objects.filter(thing=made)
    assert list(stay.locations.all()) == list(made.locations.all())
    assert stay.feature is not None
    assert stay.feature.shape == {"type": "Point", "coordinates": [107.05, 16.05]}
    done = Entry.objects.filter(action__startswith="sensorthings.").order_by("pk")
    assert {entry.actor for entry in done} == {"token:writer"}
    kinds = ["location", "thing", "historicallocation", "sensor", "observedproperty", "datastream"]
    assert [entry.subject.partition(":")[0] for entry in done] == kinds


def test_each_sort_is_made_alone_with_links(city: City) -> None:
    by = client()
    there = by.make("Locations", location())
    station = by.make("Things", thing(Locations=[{"@iot.id": there}]))
    instrument = by.make("Sensors", sensor())
    quantity = by.make("ObservedProperties", observed_property())
    links: dict[str, Any] = {"Thing": {"@iot.id": station}, "Sensor": {"@iot.id": instrument}}
    stream = by.make("Datastreams", datastream(**links, ObservedProperty={"@iot.id": quantity}))
    feature = by.make("FeaturesOfInterest", feature_of_interest())
    links = {"Datastream": {"@iot.id": stream}, "FeatureOfInterest": {"@iot.id": feature}}
    assert by.make("Observations", {"result": 1.5, "phenomenonTime": TIME, **links}).startswith(f"{stream}-")
    stay = by.make("HistoricalLocations", {"time": TIME, "Thing": {"@iot.id": station}})
    assert HistoricalLocation.objects.get(pk=stay).thing_id == station
    assert Location.objects.get(pk=there).made_by == "token:writer"


def test_post_to_the_set_of_an_entity_links_to_it(city: City) -> None:
    by = client()
    station = by.make("Things", thing())
    there = by.make(f"Things({station})/Locations", location(107.15))
    made = Thing.objects.select_related("unit").get(pk=station)
    assert (made.lon, made.unit) == (107.15, city.east)
    assert made.locations.get().pk == there
    stream = by.make(f"Things({station})/Datastreams", whole_stream())
    told = {"phenomenonTime": TIME, "result": 2}
    assert by.make(f"Things({station})/Datastreams({stream})/Observations", told).startswith(f"{stream}-")
    instrument = Datastream.objects.get(pk=stream).sensor_id
    links = {"Thing": {"@iot.id": station}, "ObservedProperty": observed_property("Mưa")}
    other = by.make(f"Sensors({instrument})/Datastreams", datastream("Mưa", "mm", **links))
    assert Datastream.objects.get(pk=other).sensor_id == instrument
    assert by.make(f"Datastreams({other})/Thing/Locations", location()) != there
    assert HistoricalLocation.objects.filter(thing=station).count() == 2


@pytest.mark.slow
def test_codes_and_series_are_made_of_names_and_unique(city: City) -> None:
    by = client()
    for code in ("cau-go-song-huong", "cau-go-song-huong-2", "thing", "thing-2"):
        name = "Cầu Gỗ (sông Hương)" if code.startswith("cau") else "数据"
        assert Thing.objects.get(pk=by.make("Things", thing(name))).code == code
    station = by.make("Things", thing(properties={"code": "s-1"}))
    assert Thing.objects.get(pk=station).code == "s-1"
    assert by.post("Things", thing(properties={"code": "s-1"})).status == 409
    for _count in range(2):
        by.make(f"Things({station})/Datastreams", whole_stream("ack"))
    given = whole_stream("Nhiệt độ", properties={"series": "t_air", "period_s": 60})
    by.make(f"Things({station})/Datastreams", given)
    names = Series.objects.filter(thing=station).order_by("pk").values_list("name", "period_s")
    assert list(names) == [("ack-2", 3600), ("ack-3", 3600), ("t_air", 60)]
    assert by.post(f"Things({station})/Datastreams", given).status == 409


def test_station_of_a_declared_kind_measures_what_the_kind_declares(city: City) -> None:
    by = client()
    station = by.make("Things", thing(properties={"kind": "flood.gauge"}))
    assert Thing.objects.get(pk=station).kind == "flood.gauge"
    path = f"Things({station})/Datastreams"
    assert "level" in by.post(path, whole_stream("Độ mặn")).body["message"]
    assert by.post(path, whole_stream("level")).status == 400
    links = {"Sensor": sensor(), "ObservedProperty": observed_property()}
    stream = by.make(path, datastream("Mực nước", "m", **links))
    series = Series.objects.get(pk=stream)
    assert (series.name, series.unit, series.low, series.high) == ("level", "m", -2.0, 30.0)
    assert by.post(path, datastream("level", "m", **links)).status == 409
    assert by.post(f"Things({city.gauge.pk})/Datastreams", datastream("level", "m", **links)).status == 409


def test_place_outside_every_unit_belongs_to_the_locality(city: City) -> None:
    made = Thing.objects.select_related("unit").get(
        pk=client().make("Things", thing(Locations=[location(-117.05, 51.05)]))
    )
    assert (made.unit, made.lon) == (city.province, -117.05)


def test_place_that_is_no_geometry_puts_nothing_on_a_map(city: City) -> None:
    told = location(encodingType="text/plain") | {"location": "sau chợ Đông Ba"}
    made = Thing.objects.get(pk=client().make("Things", thing(Locations=[told])))
    assert (made.lon, made.is_placed) == (None, False)
    assert HistoricalLocation.objects.filter(thing=made).count() == 1


def test_without_a_locality_it_is_said_what_to_do(db: None) -> None:
    answer = client().post("Things", thing())
    assert answer.status == 409
    assert "toancanh pack load" in answer.body["message"]
    assert not Thing.objects.exists()
    assert not Pack.objects.exists()


@pytest.mark.parametrize(
    ("path", "told", "status"),
    [
        ("Things", thing(Locations=[{"@iot.id": 99}]), 400),
        ("Things", thing(Locations=[location(107, 91)]), 400),
        (
            "Things",
            thing(Locations=[location(encodingType="application/vnd.geo+json") | {"location": {}}]),
            400,
        ),
        ("Things", thing(Datastreams=[{"@iot.id": 1}]), 400),
        ("Things", thing(Datastreams=[datastream(Sensor=sensor())]), 400),
        ("Datastreams", whole_stream(), 400),
        ("Datastreams", whole_stream(Thing={"@iot.id": 999_999_999}), 400),
        ("Datastreams", whole_stream(Thing={"@iot.id": 2**70}), 400),
        ("Observations", {"result": 1}, 400),
        ("Observations", {"result": 1, "Datastream": {"@iot.id": 999_999_999}}, 400),
        ("HistoricalLocations", {"time": "now", "Thing": thing()}, 400),
        ("Things(999)/Locations", location(), 404),
        ("Things('x')/Locations", location(), 404),
        ("Nothings", thing(), 404),
        ("", thing(), 404),
        ("Things(1)/name", thing(), 405),
        ("Things(1)", thing(), 405),
        ("Datastreams(1)/Thing", thing(), 405),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    city: City, path: str, told: Any, status: int
) -> None:
    before = Thing.objects.count(), Sensor.objects.count(), Location.objects.count()
    answer = client().post(path, told)
    assert answer.status == status, answer
    assert {"code", "type", "message"} == set(answer.body)
    assert (Thing.objects.count(), Sensor.objects.count(), Location.objects.count()) == before


def test_every_set_of_another_entity_has_a_way_back() -> None:
    from toancanh.kernel.exchange.sensorthings.entities import ENTITIES

    ways = {(name, link.name) for name, one in ENTITIES.items() for link in one.links.values() if link.many}
    assert ways == set(writing.INVERSE)


@pytest.mark.slow
def test_what_is_made_here_leaves_nothing_to_derive(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    by = client()
    deriving.follow()
    derived: list[int] = []
    monkeypatch.setattr(deriving, "derive", lambda only=None: derived.append(1))
    key = by.make("Things", tree())
    by.make(f"Things({key})/Datastreams", whole_stream("Nhiệt độ"))
    assert by.send("DELETE", f"Things({key})").status == 200
    deriving.follow()
    assert derived == []
    registered("other")
    by.make("Sensors", sensor())
    deriving.follow()
    assert derived == [1]
