"""SensorThings by clients that are not ours: frost-sta-client and paho, against the real program."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import frost_sta_client as fsc
import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.ports import free_port
from tests.running import Program, city

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sensorthings_clients")]
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
GEOJSON = "application/geo+json"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The real program with Huế loaded and its MQTT door open."""
    folder = Path(tmp_path_factory.mktemp("sensorthings"))
    with city(folder, "hue", MQTT_PORT=str(free_port())) as running:
        yield running


@pytest.fixture(scope="module")
def token(program: Program) -> str:
    return program.token("frost")


@pytest.fixture(scope="module")
def service(program: Program, token: str) -> Any:
    handler = fsc.AuthHandler(username="frost", password=token)
    return fsc.SensorThingsService(f"{program.url}/sta/v1.1", auth_handler=handler)


def tree(name: str) -> Any:
    """A thing with a place and a datastream, as the client's own objects."""
    place = fsc.Location(
        name="cầu",
        description="bờ sông",
        encoding_type=GEOJSON,
        location={"type": "Point", "coordinates": [107.58, 16.46]},
    )
    stream = fsc.Datastream(
        name="Độ mặn",
        description="tầng mặt",
        observation_type=MEASUREMENT,
        unit_of_measurement=fsc.UnitOfMeasurement(name="gram", symbol="g/L", definition="x"),
        sensor=fsc.Sensor(name="CTD", description="", encoding_type="text/plain", metadata="đo"),
        observed_property=fsc.ObservedProperty(name="Độ mặn", definition="http://x.test/s", description=""),
    )
    thing = fsc.Thing(name=name, description="trạm", properties={"a": 1})
    thing.locations = fsc.model.ext.entity_list.EntityList(
        entity_class="frost_sta_client.model.location.Location", entities=[place]
    )
    thing.datastreams = fsc.model.ext.entity_list.EntityList(
        entity_class="frost_sta_client.model.datastream.Datastream", entities=[stream]
    )
    return thing


def test_frost_client_makes_reads_changes_and_deletes(service: Any) -> None:
    thing = tree("Trạm frost")
    service.create(thing)
    assert isinstance(thing.id, int)
    found = service.things().find(thing.id)
    assert (found.name, found.properties["a"]) == ("Trạm frost", 1)
    (stream,) = found.get_datastreams().query().list().entities
    now = datetime.now(UTC).replace(microsecond=0)
    observation = fsc.Observation(
        phenomenon_time=now.isoformat(), result=3.5, datastream=fsc.Datastream(id=stream.id)
    )
    service.create(observation)
    read = service.observations().find(observation.id)
    assert (read.result, read.phenomenon_time[:19]) == (3.5, now.isoformat()[:19])
    service.patch(thing, [{"op": "replace", "path": "/description", "value": "khác"}])
    found.name = "Trạm mới"
    service.update(fsc.Thing(id=thing.id, name="Trạm mới", description="khác"))
    assert service.things().find(thing.id).name == "Trạm mới"
    service.delete(observation)
    service.delete(thing)
    with pytest.raises(Exception, match="404"):
        service.things().find(thing.id)


def test_frost_client_sends_tables(service: Any) -> None:
    thing = tree("Trạm bảng")
    service.create(thing)
    (stream,) = service.things().find(thing.id).get_datastreams().query().list().entities
    value = fsc.model.ext.data_array_value.DataArrayValue()
    properties = fsc.model.ext.data_array_value.DataArrayValue.Property
    value.datastream = stream
    value.components = {properties.PHENOMENON_TIME, properties.RESULT}
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    for minute in range(5):
        time = (start + timedelta(minutes=minute)).isoformat()
        value.add_observation(fsc.Observation(phenomenon_time=time, result=minute, datastream=stream))
    document = fsc.model.ext.data_array_document.DataArrayDocument()
    document.add_data_array_value(value)
    links = service.observations().create(document)
    assert len(links) == 5
    rows = stream.get_observations().query().orderby("phenomenonTime", "asc").list().entities
    assert [row.result for row in rows] == [0, 1, 2, 3, 4]


class Device:
    """A paho client that remembers what it hears."""

    def __init__(self, program: Program, token: str) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.granted: list[Any] = []
        self._changed = threading.Condition()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.client.username_pw_set("frost", token)
        self.client.on_message = self._message
        self.client.on_subscribe = self._subscribed
        self.client.connect("127.0.0.1", int(program.variables["MQTT_PORT"]))
        self.client.loop_start()

    def _message(self, _client: Any, _data: Any, message: Any) -> None:
        with self._changed:
            self.heard.append((message.topic, json.loads(message.payload)))
            self._changed.notify_all()

    def _subscribed(self, _client: Any, _data: Any, _mid: int, codes: Any, _properties: Any) -> None:
        with self._changed:
            self.granted += codes
            self._changed.notify_all()

    def subscribe(self, *topics: str) -> list[bool]:
        """Whether each was granted."""
        self.granted.clear()
        self.client.subscribe([(topic, paho.SubscribeOptions(qos=1)) for topic in topics])
        self.wait(lambda: len(self.granted) == len(topics))
        return [not code.is_failure for code in self.granted]

    def wait(self, until: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(until, 10), self.heard

    def on(self, topic: str) -> list[Any]:
        return [told for name, told in self.heard if name == topic]


def test_observations_and_entities_are_made_and_heard_over_mqtt(
    program: Program, token: str, service: Any
) -> None:
    thing = tree("Trạm MQTT")
    service.create(thing)
    (stream,) = service.things().find(thing.id).get_datastreams().query().list().entities
    device = Device(program, token)
    own = f"v1.1/Datastreams({stream.id})/Observations"
    selected = "v1.1/Observations?$select=result"
    name = f"v1.1/Things({thing.id})/name"
    try:
        assert device.subscribe(own, selected, name, "v1.1/Things", "v1.1/#") == [True] * 4 + [False]
        for payload in ({"result": 1.5}, {"result": 2.5, "parameters": {"depth": 2}}):
            sent = device.client.publish(own, json.dumps(payload), qos=1)
            sent.wait_for_publish(10)
        url = f"{program.url}/sta/v1.1/Datastreams({stream.id})/Observations"
        with httpx.Client(auth=("frost", token)) as web:
            assert web.post(url, json={"result": 3.5}).status_code == 201
            device.wait(lambda: len(device.on(own)) == 3)
            assert sorted(told["result"] for told in device.on(own)) == [1.5, 2.5, 3.5]
            device.wait(lambda: {"result": 3.5} in device.on(selected))
            there = f"{program.url}/sta/v1.1/Things({thing.id})"
            assert web.patch(there, json={"name": "Đổi tên"}).status_code == 200
            device.wait(lambda: device.on(name) == [{"name": "Đổi tên"}])
            device.wait(lambda: [told["name"] for told in device.on("v1.1/Things")] == ["Đổi tên"])
            found = web.get(url, params={"$orderby": "phenomenonTime"}).json()["value"]
        assert [row["result"] for row in found] == [1.5, 2.5, 3.5]
        assert found[1]["parameters"] == {"depth": 2}
    finally:
        device.client.disconnect()
        device.client.loop_stop()
