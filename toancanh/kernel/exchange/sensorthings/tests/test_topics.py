"""SensorThings over MQTT: who may listen to what, what is told there, what a message makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.city import NOON, City, measure
from toancanh.kernel.exchange.sensorthings import deriving, keeping
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.tests.writers import TIME, client, location, thing, tree
from toancanh.kernel.exchange.sensorthings.topics import SensorThingsTopics, _post
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import TokenInfo, database_directory
from toancanh.kernel.telemetry.models import Letter, Series
from toancanh.kernel.telemetry.store import Row

ALL, GAUGE = TokenInfo(1, "all"), TokenInfo(2, "gauge", frozenset({"gauge"}))


LATER: list[float] = []
"""Seconds that have passed."""


class Listeners:
    """Where messages go; somebody listens to every topic until `gone`."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.gone = False

    def tell(self, topic: str, payload: bytes) -> None:
        self.told.append((topic, json.loads(payload)))

    def wants(self, prefix: str) -> bool:
        return not self.gone

    def take(self) -> list[tuple[str, Any]]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def topics(city: City) -> SensorThingsTopics:
    directory = database_directory()
    directory.refresh()
    later = lambda: 1000.0 + sum(LATER)  # noqa: E731
    made = SensorThingsTopics(None, directory, monotonic=later)  # type: ignore[arg-type]  # nothing is published
    deriving.follow()
    return made


@pytest.fixture
def listeners(topics: SensorThingsTopics) -> Listeners:
    found = Listeners()
    topics.attach(found, lambda: None)
    return found


@pytest.mark.parametrize(
    ("filter", "whole", "listed"),
    [
        ("v1.1/Observations", True, False),
        ("v1.1/Datastreams({level})/Observations", True, True),
        ("v1.1/Datastreams({level})", True, True),
        ("v1.1/Datastreams({level})/description", True, True),
        ("v1.1/Datastreams({level})/Observations?$select=result,phenomenonTime", True, True),
        ("v1.1/Datastreams({rain})/Observations", True, False),
        ("v1.1/Datastreams({level})/Sensor", True, False),
        ("v1.1/Things", True, False),
        ("v1.1/Things(1)/Datastreams", True, False),
        ("v1.1/#", False, False),
        ("v1.1/+/Observations", False, False),
        ("v1.1/Datastreams({level})/#", False, False),
        ("v1.1/Nothings", False, False),
        ("v1.1/", False, False),
        ("v1.1/Observations?$filter=result gt 1", False, False),
        ("v1.1/Observations?$select=result&$filter=result gt 1", False, False),
        ("v1.1/Things/$ref", False, False),
    ],
)
def test_token_hears_what_it_may_read(
    city: City, topics: SensorThingsTopics, filter: str, whole: bool, listed: bool
) -> None:
    rain = Series.objects.get(thing=city.rain).pk
    topic = filter.format(level=city.level.pk, rain=rain)
    assert topics.may_subscribe(topic, ALL) is whole
    assert topics.may_subscribe(topic, GAUGE) is listed


def test_observation_is_told_where_it_belongs(
    city: City, topics: SensorThingsTopics, listeners: Listeners
) -> None:
    level = city.level.pk
    own, others = f"v1.1/Datastreams({level})/Observations", f"v1.1/Datastreams({level + 1})/Observations"
    selected, of_thing = (
        f"{own}?$select=result",
        f"v1.1/Things({city.gauge.pk})/Datastreams({level})/Observations",
    )
    for topic in (own, others, selected, of_thing, "v1.1/Observations", "v1.1/Things"):
        assert topics.may_subscribe(topic, ALL)
    measure(city.gauge, NOON, 2.5)
    topics.kept([Row(level, clock.to_us(NOON), 2.5)])
    assert topics.look() == 1
    told = dict(listeners.take())
    assert set(told) == {own, selected, of_thing, "v1.1/Observations"}
    assert told[selected] == {"result": 2.5}
    assert told[own]["@iot.id"] == f"{level}-{clock.to_us(NOON)}"
    assert (told[own]["result"], told[own]["phenomenonTime"]) == (2.5, "2026-11-21T05:00:00Z")


@pytest.mark.slow
def test_entity_is_told_to_its_set_and_to_who_asked_for_it(
    city: City, topics: SensorThingsTopics, listeners: Listeners
) -> None:
    by = client()
    key = by.make("Things", tree())
    wanted = ["Things", f"Things({key})", f"Things({key})/description", f"Things({key})/Locations"]
    wanted += [f"Things({key})/Datastreams", "Sensors", f"Things({city.gauge.pk})", "HistoricalLocations"]
    for topic in wanted:
        assert topics.may_subscribe(f"v1.1/{topic}", ALL)
    topics.look()
    assert by.patch(f"Things({key})", {"name": "Mới"}).status == 200
    topics.look()
    told = dict(listeners.take())
    assert set(told) == {"v1.1/Things", f"v1.1/Things({key})"}
    assert told["v1.1/Things"]["name"] == "Mới"
    by.patch(f"Things({key})", {"description": "khác"})
    topics.look()
    assert (f"v1.1/Things({key})/description", {"description": "khác"}) in listeners.take()
    by.make(f"Things({key})/Locations", location(107.15))
    by.make("Things", thing("Trạm Hai"))
    topics.look()
    names = [topic for topic, _told in listeners.take()]
    assert set(names) >= {f"v1.1/Things({key})/Locations", "v1.1/HistoricalLocations", "v1.1/Things"}
    assert "v1.1/Sensors" not in names


def test_nobody_listening_costs_nothing(
    city: City, topics: SensorThingsTopics, listeners: Listeners, django_assert_num_queries: Any
) -> None:
    rows = [Row(city.level.pk, clock.to_us(NOON), 2.5)]
    assert topics.may_subscribe("v1.1/Observations", ALL)
    listeners.gone = True
    LATER.append(1000.0)
    with django_assert_num_queries(0):
        topics.kept(rows)
        assert topics.look() == 0
        topics.kept(rows)
        assert topics.look() == 0
    LATER.clear()
    assert listeners.take() == []


def test_what_others_committed_is_told_once(city: City, listeners: Listeners) -> None:
    directory = database_directory()
    directory.refresh()
    topics = SensorThingsTopics(None, directory, others=True)  # type: ignore[arg-type]
    topics.attach(listeners, lambda: None)
    assert topics.may_subscribe("v1.1/Observations", ALL)
    measure(city.gauge, NOON, 2.5)
    topics.look()
    assert listeners.take() == []
    measure(city.rain, NOON, 1.5)
    topics.look()
    topics.look()
    assert len(listeners.take()) <= 2


def test_message_of_any_sort_makes_an_observation(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[ObservationId] = []
    monkeypatch.setattr(keeping, "_listeners", [heard.extend])
    monkeypatch.setattr("toancanh.kernel.exchange.sensorthings.topics.connection.close", lambda: None)
    token = client("gateway").writer.token
    path = f"Datastreams({city.level.pk})/Observations"
    told = {"result": 2.5, "phenomenonTime": TIME, "resultTime": TIME}
    assert _post(path, json.dumps(told).encode(), token).status == 201
    assert len(heard) == 1
    assert [row.value for row in engine.store().range(city.level.pk, 0, 2**60, limit=9)] == [2.5]
    for payload, code in (
        (b"{", 400),
        (b'{"result": "x"}', 400),
        (json.dumps(told | {"result": 1}).encode(), 409),
    ):
        assert _post(path, payload, token).status == code
    assert _post("Things", json.dumps(thing()).encode(), token).status == 404
    assert _post("Nothings", b"", token).status == 404
    letters = Letter.objects.filter(door="sensorthings").order_by("pk").values_list("code", "thing")
    assert list(letters) == [("malformed", "gauge"), ("not_numeric", "gauge"), ("conflict", "gauge")]
