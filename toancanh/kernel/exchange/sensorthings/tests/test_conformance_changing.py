"""OGC 18-088: Create-Update-Delete (A.2), writing data arrays (A.6) and batches (A.4)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings.tests.seed import DAYS, Seed, Web
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    datastream,
    feature_of_interest,
    location,
    observed_property,
    sensor,
    thing,
)

pytestmark = pytest.mark.slow

NOWHERE = {"@iot.id": 999999999}
JSON_PATCH = "application/json-patch+json"


@pytest.fixture
def web(city: City) -> Web:
    return Web()


@pytest.fixture
def seed(web: Web) -> Seed:
    return Seed(web)


def link(entity: dict[str, Any]) -> dict[str, Any]:
    return {"@iot.id": entity["@iot.id"]}


def bodies(seed: Seed) -> dict[str, dict[str, Any]]:
    """A body for each set, with links to what is there."""
    first = seed.streams[0]
    links = {"Sensor": link(first["Sensor"]), "ObservedProperty": link(first["ObservedProperty"])}
    return {
        "Things": thing("made", properties={"a": {"b": [1, None]}}),
        "Locations": location(107.02, 16.02),
        "HistoricalLocations": {"time": DAYS[0], "Thing": link(seed.thing), "Locations": [link(seed.place)]},
        "Datastreams": datastream("made", "K", Thing=link(seed.thing), **links),
        "Sensors": sensor(encodingType="application/pdf", metadata="https://example.org/sensor.pdf"),
        "ObservedProperties": observed_property(),
        "Observations": {"phenomenonTime": "2026-04-01T00:00:00Z", "result": 7.5, "Datastream": link(first)},
        "FeaturesOfInterest": feature_of_interest(),
    }


CHANGES: dict[str, dict[str, Any]] = {
    "HistoricalLocations": {"time": DAYS[1]},
    "Observations": {"result": 8.5},
}


def test_each_sort_is_made_patched_replaced_and_deleted(web: Web, seed: Seed) -> None:
    for path, body in bodies(seed).items():
        address = web.make(path, body)
        made = web.get(address)
        plain = {name: value for name, value in body.items() if name[0].islower()}
        assert made.items() >= plain.items(), path
        change = CHANGES.get(path, {"description": "changed"})
        assert web.send("patch", address, change).status_code == 200
        assert web.get(address).items() >= (plain | change).items()
        assert web.send("put", address, plain).status_code == 200
        assert web.get(address).items() >= (plain | link(made)).items()
        assert web.send("delete", address).status_code == 200
        after = {web.send(method, address, change).status_code for method in ("get", "patch", "delete")}
        assert after == {404}, path


def test_links_to_what_is_there_and_posts_to_sets_of_entities(web: Web, seed: Seed) -> None:
    first, told = seed.streams[0], bodies(seed)
    paths = {
        "Thing": (f"{seed.address}/Datastreams", seed.thing),
        "Sensor": (f"{first['Sensor']['@iot.selfLink']}/Datastreams", first["Sensor"]),
        "ObservedProperty": (
            f"{first['ObservedProperty']['@iot.selfLink']}/Datastreams",
            first["ObservedProperty"],
        ),
    }
    for name, (path, parent) in paths.items():
        body = {key: value for key, value in told["Datastreams"].items() if key != name}
        made = web.made(path, body | {"name": f"by {name}"})
        assert web.get(f"{made['@iot.selfLink']}/{name}")["@iot.id"] == parent["@iot.id"]
        assert made["@iot.id"] in [one["@iot.id"] for one in web.values(path)]
    at = web.made(f"{seed.place['@iot.selfLink']}/Things", thing("there"))
    assert web.values(f"{at['@iot.selfLink']}/Locations")[0]["@iot.id"] == seed.place["@iot.id"]
    own = web.made("FeaturesOfInterest", feature_of_interest())
    observed = web.made(f"{own['@iot.selfLink']}/Observations", told["Observations"])
    assert web.get(f"{observed['@iot.selfLink']}/FeatureOfInterest")["@iot.id"] == own["@iot.id"]
    stay = {"time": DAYS[0], "Locations": [link(seed.place)]}
    stayed = web.made(f"{seed.address}/HistoricalLocations", stay)
    assert web.get(f"{stayed['@iot.selfLink']}/Thing")["@iot.id"] == seed.thing["@iot.id"]
    deep = f"{seed.address}/Datastreams({first['@iot.id']})/Observations"
    assert web.made(deep, {"result": 1, "phenomenonTime": "2026-04-02T00:00:00Z"})["result"] == 1


def test_history_follows_the_location_of_a_thing(web: Web) -> None:
    address = web.make("Things", thing())
    assert web.values(f"{address}/HistoricalLocations") == []
    places = [web.made("Locations", location(107 + n / 100, 16.05)) for n in (1, 2, 3)]
    assert web.send("patch", address, {"Locations": [link(places[0])]}).status_code == 200
    (stay,) = web.values(f"{address}/HistoricalLocations")
    assert web.send("patch", stay["@iot.selfLink"], {"time": "2026-01-01T06:00:00Z"}).status_code == 200
    for time, place, is_there in (("07", places[1], True), ("05", places[2], False)):
        told = {"time": f"2026-01-01T{time}:00:00Z", "Locations": [link(place)]}
        web.make(f"{address}/HistoricalLocations", told)
        (there,) = web.values(f"{address}/Locations")
        assert (there["@iot.id"] == place["@iot.id"]) is is_there


def test_feature_is_made_of_the_place_in_geojson(web: Web) -> None:
    words = location(name="address", encodingType="text/plain", location="12 Lê Lợi")
    told = thing(Locations=[words, location(107.04, 16.04)])
    address = web.make("Things", told | {"Datastreams": [stream_of_its_own()]})
    (stream,) = web.values(f"{address}/Datastreams")
    features = [
        web.get(web.make(f"{stream['@iot.selfLink']}/Observations", told) + "/FeatureOfInterest")
        for told in ({"result": n, "phenomenonTime": DAYS[n]} for n in range(2))
    ]
    assert features[0] == features[1]
    assert features[0]["feature"]["coordinates"] == [107.04, 16.04]


def stream_of_its_own(**more: Any) -> dict[str, Any]:
    return datastream(Sensor=sensor(), ObservedProperty=observed_property(), **more)


def test_times_left_out_and_told(web: Web, seed: Seed) -> None:
    path = f"{seed.streams[0]['@iot.selfLink']}/Observations"
    bare = web.made(path, {"result": 1})
    assert (bare["phenomenonTime"][:16], bare["resultTime"]) == ("2026-11-21T05:00", None)
    told = {"phenomenonTime": "2026-04-01T00:00:00Z/2026-04-01T01:00:00Z", "resultTime": DAYS[3]}
    assert web.made(path, {"result": 1} | told).items() >= told.items()
    quality = {"resultQuality": [{"code": "https://example.org/q#1", "label": "tốt"}]}
    assert web.made(path, {"result": 2, "phenomenonTime": DAYS[3]} | quality).items() >= quality.items()


@pytest.mark.parametrize(
    "result", [True, False, "bốn mươi hai", 1, 1.23, 1e300, {"n": 1.23, "t": ["x"]}, [1.5, "x"]]
)
def test_results_of_any_sort(web: Web, result: object) -> None:
    kept = stream_of_its_own(
        observationType="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Observation"
    )
    address = web.make("Things", thing(Datastreams=[kept]))
    (stream,) = web.values(f"{address}/Datastreams")
    made = web.make(f"{stream['@iot.selfLink']}/Observations", {"result": result})
    assert web.ask(f"{made}/result").content == msgspec.json.encode({"result": result})


def test_put_leaves_nothing_of_before(web: Web) -> None:
    address = web.make("Things", thing(properties={"a": 1}))
    assert web.send("put", address, {"name": "x", "description": "y"}).status_code == 200
    assert not web.get(address).get("properties")
    assert web.send("put", address, {"description": "no name"}).status_code == 400
    sensor_address = web.make("Sensors", sensor())
    body = {name: value for name, value in sensor().items() if name != "metadata"}
    assert web.send("put", sensor_address, body).status_code == 400


def test_json_patch_does_every_operation(web: Web, seed: Seed) -> None:
    def patched(address: str, *operations: dict[str, Any]) -> Any:
        answer = web.send("patch", address, json.dumps(operations), JSON_PATCH)
        assert answer.status_code == 200, answer.content
        return web.get(address)["properties"]

    for address in (seed.address, seed.streams[0]["@iot.selfLink"]):
        assert patched(address, {"op": "add", "path": "/properties", "value": {"k": 1}}) == {"k": 1}
        copied = {"op": "copy", "from": "/properties/k", "path": "/properties/copy"}
        moved = {"op": "move", "from": "/properties/k", "path": "/properties/m"}
        assert patched(address, copied, moved) == {"copy": 1, "m": 1}
        assert patched(address, {"op": "replace", "path": "/properties/m", "value": 1})["m"] == 1
        tested = {"op": "test", "path": "/properties/m", "value": 1}
        assert patched(address, tested, {"op": "remove", "path": "/properties/m"}) == {"copy": 1}
        failed = web.send("patch", address, json.dumps([tested]), JSON_PATCH)
        assert 400 <= failed.status_code < 500


def test_datastream_is_linked_to_another_sensor(web: Web, seed: Seed) -> None:
    address, other = seed.streams[0]["@iot.selfLink"], seed.streams[1]["Sensor"]
    assert web.send("patch", address, {"Sensor": link(other)}).status_code == 200
    assert web.get(f"{address}/Sensor")["@iot.id"] == other["@iot.id"]


def test_what_is_wrong_is_refused_and_changes_nothing(web: Web, seed: Seed) -> None:
    told = bodies(seed)
    first, counts = seed.streams[0], {path: web.get(path, count="true", top=0)["@iot.count"] for path in told}
    wrong: list[tuple[str, str, Any]] = [
        ("post", "Things", {"description": "no name"}),
        ("post", "Locations", {k: v for k, v in told["Locations"].items() if k != "name"}),
        ("post", "Datastreams", {k: v for k, v in told["Datastreams"].items() if k != "Sensor"}),
        ("post", "Datastreams", told["Datastreams"] | {"Thing": NOWHERE}),
        ("post", "Datastreams", told["Datastreams"] | {"Sensor": {"name": "x", "description": ""}}),
        ("post", "HistoricalLocations", {"time": DAYS[0], "Thing": NOWHERE, "Locations": [NOWHERE]}),
        ("post", "Observations", told["Observations"] | {"Datastream": NOWHERE}),
        ("post", "Observations", told["Observations"] | {"FeatureOfInterest": NOWHERE}),
        ("post", "Observations", told["Observations"] | {"FeatureOfInterest": {"name": "no encoding"}}),
        ("post", "Observations", {"result": 1}),
        ("post", "Things", thing(Locations=[NOWHERE])),
        ("post", "Things", thing(unknown="property")),
        ("post", "Things", "{no json"),
        ("patch", seed.address, {"Locations": [location()]}),
        ("patch", seed.address, {"Datastreams": [{"unitOfMeasurement": {}}]}),
        ("patch", first["@iot.selfLink"], {"Sensor": sensor()}),
        ("patch", first["@iot.selfLink"], {"Sensor": NOWHERE}),
        ("post", f"{seed.address}/Datastreams(999999999)/Observations", {"result": 1}),
    ]
    for method, path, body in wrong:
        answer = web.send(method, path, body)
        assert 400 <= answer.status_code < 500, (method, path, body)
        assert answer.json().keys() == {"code", "type", "message"}
    assert counts == {path: web.get(path, count="true", top=0)["@iot.count"] for path in told}


def test_entity_is_changed_only_where_its_path_leads(web: Web, seed: Seed) -> None:
    other = web.get(web.make("Things", thing("other")))["@iot.id"]
    own, stream = f"Observations('{seed.observations[0]['@iot.id']}')", seed.streams[0]["@iot.id"]
    rest = f"Datastreams({stream})/{own}"
    there, elsewhere = f"Things({seed.thing['@iot.id']})/{rest}", f"Things({other})/{rest}"
    body = {"phenomenonTime": DAYS[0], "result": 301}
    for method in ("put", "patch", "delete"):
        assert web.send(method, elsewhere, body).status_code == 404, method
    assert web.send("post", f"Things({other})/Datastreams({stream})/Observations", body).status_code == 404
    done = [web.send(method, there, body).status_code for method in ("put", "delete", "get")]
    assert done == [200, 200, 404]


def test_data_arrays_are_written_row_by_row(web: Web, seed: Seed) -> None:
    feature = web.made("FeaturesOfInterest", feature_of_interest())
    first, second = (link(one) for one in seed.streams)
    components = ["phenomenonTime", "result", "FeatureOfInterest/id"]
    rows = [["2026-04-01T10:20:00-07:00", 20, feature["@iot.id"]], ["2026-04-01T10:21:00-07:00", 30, "none"]]
    plain = [["2026-04-01T10:20:00-07:00", 65], ["2026-04-01T10:21:00-07:00", 60]]
    tables = [
        {"Datastream": first, "components": components, "dataArray@iot.count": 2, "dataArray": rows},
        {"Datastream": second, "components": components[:2], "dataArray@iot.count": 2, "dataArray": plain},
    ]
    answer = web.send("post", "CreateObservations", tables)
    assert answer.status_code == 201
    links = answer.json()
    assert [told.startswith("error") for told in links] == [False, True, False, False]
    assert [web.get(links[n])["result"] for n in (0, 2, 3)] == [20, 65, 60]
    assert web.get(f"{links[0]}/FeatureOfInterest")["@iot.id"] == feature["@iot.id"]
    assert len({web.get(f"{links[n]}/FeatureOfInterest")["@iot.id"] for n in (2, 3)}) == 1
    no_result = {"components": components[:1], "dataArray": [["2026-04-02T00:00:00Z"]]}
    for broken in (no_result, {"dataArray": plain}):
        assert web.send("post", "CreateObservations", [{"Datastream": first} | broken]).status_code == 400
    missing = [{"components": components[:2], "dataArray": plain}]
    assert web.send("post", "CreateObservations", missing).status_code == 400


def test_batches_of_the_standard(web: Web, seed: Seed) -> None:
    key, operation = seed.thing["@iot.id"], {"name": "New", "description": "Thing"}
    requests = [
        {"id": "0", "method": "get", "url": f"Things({key})?$select=name"},
        {"id": "1", "atomicityGroup": "g", "method": "post", "url": "Things", "body": operation},
        {"id": "2", "atomicityGroup": "g", "method": "patch", "url": f"Things({key})", "body": {"name": "P"}},
        {"id": "3", "method": "get", "url": "Things(null)"},
        {"id": "4", "method": "get", "url": f"{seed.address}?$select=name"},
        {"id": "5", "method": "get", "url": "Things?$filter=name%20eq%20'P'&$select=name"},
    ]
    told = {one["id"]: one for one in web.send("post", "$batch", {"requests": requests}).json()["responses"]}
    assert [told[str(n)]["status"] for n in range(6)] == [200, 201, 200, 404, 200, 200]
    first, after = {"name": "thing name 1"}, {"name": "P"}
    assert [told[n]["body"] for n in "045"] == [first, after, {"value": [after]}]
    assert told["3"]["body"].keys() == {"code", "type", "message"}
