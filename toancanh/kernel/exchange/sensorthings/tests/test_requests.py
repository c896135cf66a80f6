"""Requests of every sort: none is answered with a fault of ours; a list costs the queries of one entity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.city import NOON, City, measure, thing
from toancanh.kernel.exchange.sensorthings import expanding, sorting
from toancanh.kernel.exchange.sensorthings.entities import ENTITIES
from toancanh.kernel.exchange.sensorthings.tests.asking import Service
from toancanh.kernel.runtime import clock

pytestmark = pytest.mark.slow

GAUGE = "name eq 'Mực nước – Trạm Cầu Gỗ'"


@pytest.fixture
def service(city: City, client: Client) -> Iterator[Service]:
    """The façade over a few stations that have reported."""
    with clock.set_to(NOON):
        measure(city.gauge, NOON, 2.5, 2.56, 2.6)
        measure(city.rain, NOON, 1.0)
        for number in range(5):
            measure(thing(f"t{number}", lon=107.01 + number / 100), NOON, 1.0, 2.0)
        yield Service(client)


def key(service: Service, name: str) -> Any:
    found = service.values(name, top=1, select="@iot.id")[0]["@iot.id"]
    return f"'{found}'" if isinstance(found, str) else found


def test_addresses_that_lead_nowhere_are_not_found(service: Service) -> None:
    one = key(service, "Things")
    for address in (
        "Nothings",
        "Thing(1)",
        "Things(0)",
        "Things(99999999999999999999)",
        "Things(-1)",
        "Things(abc)",
        "Things('1 or 1')",
        "Things()",
        "Things/Datastreams",
        f"Things({one})/Sensors",
        f"Things({one})/nothing",
        f"Things({one})/name/$value/x",
        f"Things({one})/$value",
        f"Things({one})/name/$ref",
        f"Things({one})/properties/nothing",
        f"Things({one})/Datastreams(999999)",
        "Observations(1)",
        "Observations('1-2-3')",
        "Observations('1-9999999999999999')",
        "Observations('9999999999-1')",
        "/".join(["Things(1)"] * 30),
        "Things(1)(2)",
        "%00",
        "Things%2F1",
    ):
        assert service.status(address) == 404, address


def test_entity_of_another_parent_is_not_found(service: Service) -> None:
    things = service.values("Things", expand="Datastreams", orderby="@iot.id")
    own, foreign = (thing["Datastreams"][0]["@iot.id"] for thing in things[:2])
    assert service.status(f"Things({things[0]['@iot.id']})/Datastreams({own})") == 200
    assert service.status(f"Things({things[0]['@iot.id']})/Datastreams({foreign})") == 404


@pytest.mark.parametrize(
    "options",
    [
        {"top": "-1"},
        {"top": "x"},
        {"skip": "1.5"},
        {"skip": "99999999999999999999"},
        {"count": "maybe"},
        {"filter": ""},
        {"filter": "nothing eq 1"},
        {"filter": "name eq"},
        {"filter": "Datastreams eq 1"},
        {"filter": "Datastreams/name eq Locations/name"},
        {"filter": "name/x eq 1"},
        {"orderby": "nothing"},
        {"orderby": "Datastreams/name"},
        {"orderby": "name,"},
        {"select": "nothing"},
        {"select": ""},
        {"expand": "nothing"},
        {"expand": "Datastreams(nothing)"},
        {"expand": "Datastreams($top)"},
        {"expand": "Datastreams($top=x)"},
        {"expand": "Datastreams($resultFormat=dataArray)"},
        {"expand": "Datastreams($top=1"},
        {"expand": "Datastreams/Thing/Datastreams/Thing/Datastreams/Thing/Datastreams/Thing/Datastreams"},
        {"resultFormat": "dataArray"},
        {"resultFormat": "xml"},
        {"nothing": "1"},
        {"skiptoken": "x"},
        {"skiptoken": "1", "orderby": "name"},
        {"filter": "name eq '\0'"},
        {"filter": "st_within(name)"},
    ],
    ids=str,
)
def test_malformed_option_is_refused_in_words(service: Service, options: dict[str, str]) -> None:
    answer = service.response("Things", **options)
    assert answer.status_code == 400
    told = answer.json()
    assert told["message"]
    assert told["code"] == 400


def test_option_given_twice_or_out_of_place_is_refused(service: Service, client: Client) -> None:
    assert client.get("/sta/v1.1/Things?$top=1&$top=2").status_code == 400
    assert service.status(f"Things({key(service, 'Things')})", top=1) == 400
    assert service.status("Things/$ref", expand="Datastreams") == 400
    assert client.get("/sta/v1.1/Things?top=x&q=1").status_code == 200


WORDS = """Things Datastreams Observations (1) ('1-2') / $ref $value name result ?$filter= ?$expand=
&$orderby= &$select= &$top= &$skip= &$count= eq and or not ' ( ) ; , 1 null true year( Thing/name
Datastream/Thing/name phenomenonTime @iot.id properties/a 2026-01-01T00:00:00Z geography'POINT(1%202)'
st_within(location, %20 %27"""
PIECES = st.sampled_from(WORDS.split())


@given(st.lists(PIECES | st.text(max_size=2), max_size=14).map("".join))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_request_is_answered(service: Service, client: Client, text: str) -> None:
    for path in (
        text,
        f"Things?$filter={text}",
        f"Observations?$orderby={text}",
        f"Datastreams?$expand={text}",
    ):
        answer = client.get("/sta/v1.1/" + path.replace("#", ""))
        assert answer.status_code in (200, 204, 400, 404), path
        if answer.status_code >= 400:
            assert answer.json()["message"]


DEEP = [
    ("Things", "Locations,HistoricalLocations/Locations,Datastreams($expand=Sensor,ObservedProperty)"),
    ("Things", "Datastreams/Observations($top=1;$expand=FeatureOfInterest;$count=true)"),
    ("Datastreams", "Thing,Sensor,ObservedProperty,Observations($top=1)"),
    ("Locations", "Things/Datastreams($orderby=name;$top=2;$count=true),HistoricalLocations"),
    ("Sensors", "Datastreams($expand=Thing/Locations)"),
    ("FeaturesOfInterest", "Observations($top=2;$expand=Datastream/Thing)"),
    ("Observations", "Datastream/Thing,FeatureOfInterest"),
]


@pytest.mark.parametrize(("address", "expand"), DEEP)
def test_list_costs_as_many_queries_as_one_entity(service: Service, address: str, expand: str) -> None:
    service.values(address)
    counted = []
    for top in (1, 6):
        with CaptureQueriesContext(connection) as queries:
            assert service.values(address, expand=expand, top=top)
        counted.append(len(queries))
    assert 0 < counted[0] == counted[1] < 40


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.plural)
def test_pages_give_every_entity_once(service: Service, entity: Any) -> None:
    whole = [one["@iot.id"] for one in service.values(entity.plural)]
    assert len(whole) == len(set(whole)) > 0
    assert [one["@iot.id"] for one in service.all(entity.plural, top=2)] == whole
    assert service.get(entity.plural, top=0, count="true") == {"@iot.count": len(whole), "value": []}
    skipped = service.values(entity.plural, skip=1, top=3)
    assert [one["@iot.id"] for one in skipped] == whole[1:4]
    backwards = service.all(entity.plural, orderby="@iot.id desc", top=3)
    assert sorted(map(str, whole)) == sorted(str(one["@iot.id"]) for one in backwards)


def test_page_goes_on_where_it_ended_while_new_readings_come(service: Service, city: City) -> None:
    first = service.get("Observations", top=4)
    measure(city.gauge, NOON.replace(minute=1), 9.0)
    rest = service.all(first["@iot.nextLink"])
    found = [one["@iot.id"] for one in first["value"] + rest]
    assert len(found) == len(set(found)) == 14
    assert 9.0 not in [one["result"] for one in rest]


def test_pages_within_entities_lead_on(service: Service) -> None:
    expand = "Observations($top=1;$count=true;$select=result)"
    first = service.values("Datastreams", expand=expand, filter=GAUGE)[0]
    assert first["Observations@iot.count"] == 3
    assert [list(one) for one in first["Observations"]] == [["result"]]
    link = first["Observations@iot.nextLink"]
    assert [one["result"] for one in first["Observations"] + service.all(link)] == [2.6, 2.56, 2.5]


def test_select_tells_what_is_named_and_what_is_expanded(service: Service) -> None:
    chosen = "name,unitOfMeasurement,Thing"
    one = service.values("Datastreams", select=chosen, expand="Sensor($select=name)")[0]
    assert set(one) == {"name", "unitOfMeasurement", "Thing@iot.navigationLink", "Sensor"}
    assert set(one["Sensor"]) == {"name"}


def test_properties_stand_alone(service: Service) -> None:
    stream = service.values("Datastreams", filter=GAUGE)[0]
    own = f"Datastreams({stream['@iot.id']})"
    assert service.get(f"{own}/name") == {"name": stream["name"]}
    assert service.get(f"{own}/unitOfMeasurement/symbol") == {"symbol": "m"}
    assert service.get(f"{own}/@iot.id") == {"@iot.id": stream["@iot.id"]}
    raw = service.response(f"{own}/name/$value")
    assert (raw.content.decode(), raw.headers["Content-Type"]) == (
        stream["name"],
        "text/plain; charset=utf-8",
    )
    assert service.response(f"{own}/unitOfMeasurement/$value").json() == stream["unitOfMeasurement"]
    assert service.status(f"{own}/observedArea") == 204
    links = service.get(f"{own}/Observations/$ref", top=1)
    assert list(links["value"][0]) == ["@iot.selfLink"]
    thing_key = service.get(f"{own}/Thing")["@iot.id"]
    assert service.get(f"{own}/Thing/$ref")["@iot.selfLink"].endswith(f"/Things({thing_key})")


def test_data_arrays(service: Service) -> None:
    told = service.get("Observations", resultFormat="dataArray", filter="result gt 2.5", count="true")
    assert told["@iot.count"] == 2
    array = told["value"][0]
    assert array["components"] == ["id", "phenomenonTime", "resultTime", "result"]
    assert array["dataArray@iot.count"] == 2
    assert [row[1:] for row in array["dataArray"]] == [
        ["2026-11-21T05:00:00Z", None, 2.6],
        ["2026-11-21T04:59:00Z", None, 2.56],
    ]
    chosen = service.get("Observations", resultFormat="dataArray", select="result", top=1)["value"][0]
    assert (chosen["components"], len(chosen["dataArray"][0])) == (["result"], 1)


def test_answer_is_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "MOST_TOLD", 10)
    assert service.status("Datastreams", top=3, expand="Thing") == 200
    assert service.status("Datastreams", expand="Thing,Sensor,ObservedProperty") == 400
    monkeypatch.undo()
    monkeypatch.setattr(sorting, "MOST_SORTED", 3)
    assert service.status("Datastreams", orderby="phenomenonTime") == 400
