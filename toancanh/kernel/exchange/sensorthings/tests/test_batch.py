"""Batches: parts answered each for itself, groups done all or none, what was made named by its part."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings import batch, multipart
from toancanh.kernel.exchange.sensorthings.answers import Answer
from toancanh.kernel.exchange.sensorthings.batch import Batch, Done
from toancanh.kernel.exchange.sensorthings.models import Datastream, ObservationDetail, Sensor
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    TIME,
    Client,
    client,
    datastream,
    observed_property,
    sensor,
    thing,
    tree,
    whole_stream,
)
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import engine
from toancanh.lib.errors import Refused

BASE = "http://city.test/sta/v1.1"


@pytest.fixture
def by(city: City) -> Client:
    return client()


def run(by: Client, *requests: dict[str, Any]) -> list[Done]:
    parts = batch.parts({"requests": [{"id": str(n), **told} for n, told in enumerate(requests)]})
    read = lambda path, query: Answer(200, {"path": path, "query": query})  # noqa: E731
    return Batch(by.writer, read).run(parts)


def statuses(done: list[Done]) -> list[int]:
    return [one.answer.status for one in done]


def test_each_part_is_answered_for_itself(by: Client) -> None:
    done = run(
        by,
        {"method": "post", "url": "Things", "body": thing()},
        {"method": "post", "url": "Things", "body": {}},
        {"method": "get", "url": f"{BASE}/Things?$filter=name%20eq%20'x'"},
        {"method": "patch", "url": "/sta/v1.1/Things(1)", "body": {"name": "Cầu"}},
        {"method": "delete", "url": "$0"},
        {"method": "get", "url": "$batch"},
    )
    assert statuses(done) == [201, 400, 200, 200, 200, 400]
    assert done[2].answer.body == {"path": "Things", "query": "$filter=name%20eq%20'x'"}
    assert not Thing.objects.get(code="tram-thu").is_active
    told = batch.told(done).body["responses"]
    assert (told[0]["id"], told[0]["location"]) == ("0", done[0].answer.location)
    assert told[1]["body"]["code"] == 400


def test_what_was_made_is_named_by_its_part(by: Client) -> None:
    links: dict[str, Any] = {"Sensor": {"@iot.id": "$s"}, "ObservedProperty": observed_property()}
    done = run(
        by,
        {"id": "s", "method": "post", "url": "Sensors", "body": sensor()},
        {"id": "t", "method": "post", "url": "Things", "body": thing()},
        {"id": "d", "method": "post", "url": "$t/Datastreams", "body": datastream(**links)},
        {
            "method": "post",
            "url": "Datastreams($d)/Observations",
            "body": {"result": 1, "phenomenonTime": TIME},
        },
        {"method": "patch", "url": "$3", "body": {"result": 2}},
        {"method": "post", "url": "Datastreams", "body": datastream(Thing={"@iot.id": "$nobody"})},
        {"method": "get", "url": "$nobody"},
    )
    assert statuses(done) == [201, 201, 201, 201, 200, 400, 200]
    stream = Datastream.objects.get(series__thing__code="tram-thu")
    assert stream.sensor == Sensor.objects.get()
    assert [row.value for row in engine.store().range(stream.pk, 0, 2**60, limit=9)] == [2.0]


def test_group_is_done_all_or_none(by: Client) -> None:
    observed = {"result": 1, "phenomenonTime": TIME}
    good: list[dict[str, Any]] = [
        {"id": "t", "method": "post", "url": "Things", "body": thing()},
        {"id": "d", "method": "post", "url": "$t/Datastreams", "body": whole_stream()},
        {"id": "o", "method": "post", "url": "$d/Observations", "body": observed | {"resultTime": TIME}},
    ]
    bad = {"id": "x", "method": "post", "url": "Things", "body": {}}
    later = {"id": "l", "method": "post", "url": "Sensors", "body": sensor(), "dependsOn": ["g"]}
    grouped = [{**part, "atomicityGroup": "g"} for part in (*good, bad, good[0] | {"id": "u"})]
    done = run(
        by, *grouped, later, {"id": "n", "method": "post", "url": "$t/Datastreams", "body": whole_stream()}
    )
    assert statuses(done) == [424, 424, 424, 400, 424, 424, 404]
    assert not Thing.objects.filter(code="tram-thu").exists()
    assert not Sensor.objects.exists()
    done = run(by, *[{**part, "atomicityGroup": "g"} for part in good], later)
    assert statuses(done) == [201, 201, 201, 201]
    assert ObservationDetail.objects.count() == 1
    stream = Datastream.objects.get(series__thing__code="tram-thu")
    assert len(engine.store().range(stream.pk, 0, 2**60, limit=9)) == 1


def test_what_a_group_could_not_take_back_stays_out_of_it(by: Client) -> None:
    key = by.make("Things", tree(Observations=[{"result": 1, "phenomenonTime": TIME}]))
    stream = Datastream.objects.get(series__thing=key).pk
    (row,) = engine.store().range(stream, 0, 2**60, limit=9)
    for told in (
        {"method": "delete", "url": f"Observations('{stream}-{row.time}')"},
        {"method": "patch", "url": f"Observations('{stream}-{row.time}')", "body": {"result": 2}},
        {"method": "post", "url": "CreateObservations", "body": []},
    ):
        assert statuses(run(by, {**told, "atomicityGroup": "g"})) == [400]
    assert engine.store().range(stream, 0, 2**60, limit=9) == [row]


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        {"requests": [{"id": "1", "url": "Things"}]},
        {"requests": [{"id": "1", "method": "get", "url": "Things"}] * 2},
        {"requests": [{"id": "1", "method": "trace", "url": "Things"}]},
        {"requests": [{"id": str(n), "method": "get", "url": "x"} for n in range(batch.MOST + 1)]},
        {
            "requests": [
                {"id": str(n), "method": "get", "url": "x", "atomicityGroup": group}
                for n, group in enumerate("aba")
            ]
        },
    ],
)
def test_batch_that_cannot_be_read_is_refused_whole(told: Any) -> None:
    with pytest.raises(Refused):
        batch.parts(told)


MULTIPART = """--b
Content-Type: application/http

GET /sta/v1.1/Things(1)?$select=name HTTP/1.1
Host: localhost


--b
Content-Type: multipart/mixed;boundary=c

--c
Content-Type: application/http
Content-ID: sensor1

POST /sta/v1.1/Sensors HTTP/1.1
Content-Type: application/json
Content-Length: 3

{"name": "DS18B20", "description": "", "encodingType": "application/pdf", "metadata": "http://a.test/x.pdf"}
--c
Content-Type: application/http
Content-ID: any

PATCH $sensor1 HTTP/1.1
Content-Type: application/json

{"description": "$sensor1"}
--c--
--b
Content-Type: application/http

DELETE Things(999)

--b--
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_multipart_is_read_and_answered_as_odata_has_it(by: Client, ending: str) -> None:
    body = MULTIPART.replace("\n", ending).encode()
    parts = multipart.parts('multipart/mixed; boundary="b"', body)
    assert [part.method for part in parts] == ["GET", "POST", "PATCH", "DELETE"]
    done = Batch(by.writer, lambda path, query: Answer(200, [path, query])).run(parts)
    assert statuses(done) == [200, 201, 200, 404]
    content_type, answered = multipart.told(done)
    assert Sensor.objects.get().description == "$sensor1"
    text = answered.decode()
    boundary = content_type.partition("boundary=")[2]
    assert text.count(f"--{boundary}\r\n") == 3
    assert text.endswith(f"--{boundary}--\r\n")
    assert "Content-ID: sensor1\r\n\r\nHTTP/1.1 201 Created\r\nLocation: " in text
    assert 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n["Things(1)","$select=name"]' in text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/mixed", MULTIPART),
        ("multipart/mixed; boundary=x", MULTIPART),
        ("multipart/mixed; boundary=b", "--b\n\nGET\n--b--"),
        ("multipart/mixed; boundary=b", "--b\n\n--b--"),
        ("multipart/mixed; boundary=b", "--b\n\nPOST Things HTTP/1.1\n\n{no json\n--b--"),
        ("multipart/mixed; boundary=\udc80", ""),
    ],
)
def test_multipart_that_cannot_be_read_is_refused_whole(content_type: str, body: str) -> None:
    with pytest.raises(Refused):
        multipart.parts(content_type, body.encode())
