"""OGC 18-088, Sensing Core (A.1): what each entity tells, where it leads, and what wrong addresses get."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import override_settings

from tests.city import City
from toancanh.kernel.exchange.sensorthings.entities import SETS
from toancanh.kernel.exchange.sensorthings.root import CONFORMANCE, OVER_MQTT
from toancanh.kernel.exchange.sensorthings.tests.seed import RESULTS, Seed, Web

pytestmark = pytest.mark.slow

MANDATORY = {
    "Things": ("name", "description"),
    "Locations": ("name", "description", "encodingType", "location"),
    "HistoricalLocations": ("time",),
    "Datastreams": ("name", "description", "unitOfMeasurement", "observationType"),
    "Sensors": ("name", "description", "encodingType", "metadata"),
    "ObservedProperties": ("name", "definition", "description"),
    "Observations": ("phenomenonTime", "result", "resultTime"),
    "FeaturesOfInterest": ("name", "description", "encodingType", "feature"),
}
RELATIONS = {
    "Things": {"Locations": "Things", "HistoricalLocations": "Thing", "Datastreams": "Thing"},
    "Locations": {"Things": "Locations", "HistoricalLocations": "Locations"},
    "HistoricalLocations": {"Thing": "HistoricalLocations", "Locations": "HistoricalLocations"},
    "Datastreams": {
        "Thing": "Datastreams",
        "Sensor": "Datastreams",
        "ObservedProperty": "Datastreams",
        "Observations": "Datastream",
    },
    "Sensors": {"Datastreams": "Sensor"},
    "ObservedProperties": {"Datastreams": "ObservedProperty"},
    "Observations": {"Datastream": "Observations", "FeatureOfInterest": "Observations"},
    "FeaturesOfInterest": {"Observations": "FeatureOfInterest"},
}
OBJECTS = ("unitOfMeasurement", "location", "feature", "properties")


@pytest.fixture
def web(city: City) -> Web:
    return Web()


@pytest.fixture
def seed(web: Web) -> Seed:
    return Seed(web)


def test_root_tells_its_sets_and_what_it_meets(web: Web) -> None:
    root = web.get("")
    assert {one["name"] for one in root["value"]} == set(MANDATORY)
    assert all(web.send("get", one["url"]).status_code == 200 for one in root["value"])
    assert set(root["serverSettings"]["conformance"]) >= set(CONFORMANCE)


def test_root_tells_where_mqtt_is_spoken(web: Web) -> None:
    for host, certificate, expected in (
        ("127.0.0.1", None, None),
        ("0.0.0.0", None, "mqtt://testserver:1884"),
        ("0.0.0.0", "cert.pem", "mqtts://testserver:1884"),
    ):
        with override_settings(MQTT=SimpleNamespace(host=host, port=1884, certificate=certificate)):
            told = web.get("")["serverSettings"]
        assert [told.get(name) for name in OVER_MQTT] == [expected and {"endpoints": [expected]}] * 2
        assert set(OVER_MQTT).isdisjoint(told["conformance"]) is (expected is None)
    with override_settings(MQTT=None):
        assert list(web.get("")["serverSettings"]) == ["conformance"]


def test_mandatory_properties_and_control_information(web: Web, seed: Seed) -> None:
    for path, entity in seed.entities().items():
        told = web.get(entity["@iot.selfLink"])
        assert all(told[name] is not None or name == "resultTime" for name in MANDATORY[path]), path
        assert told["@iot.id"] == entity["@iot.id"]
        assert told["@iot.selfLink"].startswith("http")
        for link in RELATIONS[path]:
            assert told[f"{link}@iot.navigationLink"].startswith("http")
        for listed in web.values(path):
            assert {"@iot.id", "@iot.selfLink", *MANDATORY[path]} <= listed.keys()


def test_relations_lead_there_and_back(web: Web, seed: Seed) -> None:
    for path, entity in seed.entities().items():
        for link, back in RELATIONS[path].items():
            there = web.get(f"{entity['@iot.selfLink']}/{link}")
            for one in there.get("value", [there]):
                home = web.get(f"{one['@iot.selfLink']}/{back}")
                found = home.get("value", [home])
                assert entity["@iot.id"] in [each["@iot.id"] for each in found], (path, link)


def test_set_of_an_entity_is_its_own(web: Web, seed: Seed) -> None:
    for stream in seed.streams:
        there = web.values(f"{stream['@iot.selfLink']}/Observations")
        assert {one["@iot.id"] for one in there} == {one["@iot.id"] for one in stream["Observations"]}


def test_paths_of_several_steps(web: Web, seed: Seed) -> None:
    thing, stream = f"Things({seed.thing['@iot.id']})", f"Datastreams({seed.streams[0]['@iot.id']})"
    observation = f"Observations('{seed.observations[0]['@iot.id']}')"
    first = seed.streams[0]
    singles = {
        f"{thing}/{stream}/Sensor": first["Sensor"],
        f"{thing}/{stream}/ObservedProperty": first["ObservedProperty"],
        f"{observation}/Datastream/Thing": seed.thing,
        f"{observation}/Datastream/ObservedProperty": first["ObservedProperty"],
        f"{thing}/{stream}/{observation}/FeatureOfInterest": seed.feature,
    }
    for path, entity in singles.items():
        assert web.get(path)["@iot.id"] == entity["@iot.id"], path
    assert [one["result"] for one in web.values(f"{thing}/{stream}/Observations")] == [4, 3]
    assert [one["@iot.id"] for one in web.values(f"{stream}/Thing/Locations")] == [seed.place["@iot.id"]]
    stays = web.values(f"{stream}/Thing/HistoricalLocations")
    assert [one["@iot.id"] for one in stays] == [seed.stay["@iot.id"]]


def test_properties_and_raw_values(web: Web, seed: Seed) -> None:
    for path, entity in seed.entities().items():
        for name in MANDATORY[path]:
            if entity[name] is None:
                assert web.ask(f"{entity['@iot.selfLink']}/{name}").status_code == 204
                continue
            assert web.get(f"{entity['@iot.selfLink']}/{name}") == {name: entity[name]}
            raw = web.ask(f"{entity['@iot.selfLink']}/{name}/$value")
            if name in OBJECTS:
                assert raw.json() == entity[name]
            else:
                assert raw.content.decode() == str(entity[name]), (path, name)
                assert raw.headers["Content-Type"].startswith("text/plain")


def test_association_links_tell_addresses_alone(web: Web, seed: Seed) -> None:
    for path, entity in seed.entities().items():
        for link in RELATIONS[path]:
            target = web.get(f"{entity['@iot.selfLink']}/{link}")
            told = web.get(f"{entity['@iot.selfLink']}/{link}/$ref")
            if "value" in target:
                expected = [{"@iot.selfLink": one["@iot.selfLink"]} for one in target["value"]]
                assert told["value"] == expected
            else:
                assert told == {"@iot.selfLink": target["@iot.selfLink"]}


def test_count_top_and_next_link(web: Web, seed: Seed) -> None:
    path = f"{seed.streams[0]['@iot.selfLink']}/Observations"
    first = web.get(path, top=1, count="true")
    assert (first["@iot.count"], len(first["value"])) == (2, 1)
    last = web.get(first["@iot.nextLink"])
    assert "@iot.nextLink" not in last
    assert [one["result"] for one in first["value"] + last["value"]] == RESULTS[1::-1]
    assert "@iot.count" not in web.get(path, count="false")


def test_what_is_not_there_is_not_found(web: Web, seed: Seed) -> None:
    own = f"Things({seed.thing['@iot.id']})"
    missing = [f"{path}(999999999)" for path in SETS]
    missing += ["Things(999999999)/name", "Things(999999999)/name/$value", "Things(999999999)/Datastreams"]
    missing += [f"{own}/nothing", f"{own}/Observations", "Nothings", "Things(null)", "Things(x)"]
    for path in missing:
        answer = web.ask(path)
        assert answer.status_code == 404, path
        assert answer.json().keys() == {"code", "type", "message"}


def test_query_that_is_none_is_refused(web: Web, seed: Seed) -> None:
    for options in (
        {"filter": "name eq"},
        {"filter": "bogus(name)"},
        {"filter": "nothing eq 1"},
        {"orderby": "nothing asc"},
        {"top": "-5"},
        {"skip": "-1"},
        {"count": "maybe"},
        {"select": "nothing"},
        {"expand": "Nothings"},
        {"nothing": "1"},
    ):
        answer = web.ask("Things", **options)
        assert answer.status_code == 400, options
        assert answer.json().items() >= {"code": 400, "type": "error"}.items()
