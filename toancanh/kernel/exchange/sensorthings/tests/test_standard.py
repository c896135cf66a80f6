"""What is written is read back as OGC 18-088 has it: both sides of the façade over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings.tests.seed import Web
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    CATEGORY,
    TIME,
    feature_of_interest,
    location,
    observed_property,
    sensor,
    thing,
    tree,
)


@pytest.fixture
def web(city: City) -> Web:
    return Web()


@pytest.mark.slow
def test_tree_is_read_back_as_it_was_made(web: Web) -> None:
    times = [f"2026-11-21T04:0{minute}:00Z" for minute in range(2)]
    told = tree(Observations=[{"phenomenonTime": time, "result": n} for n, time in enumerate(times)])
    address = web.make("Things", told)
    within = "Sensor,ObservedProperty,Observations($orderby=phenomenonTime)"
    made = web.get(f"{address}?$expand=Locations,Datastreams($expand={within})")
    assert (made["@iot.selfLink"], made["name"]) == (address, told["name"])
    assert made["Locations"][0]["location"] == told["Locations"][0]["location"]
    (stream,) = made["Datastreams"]
    assert (stream["Sensor"]["metadata"], stream["unitOfMeasurement"]["symbol"]) == ("rađa", "g/L")
    assert [row["phenomenonTime"] for row in stream["Observations"]] == times
    assert [row["result"] for row in stream["Observations"]] == [0, 1]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("Things", thing(properties={"a": [1, {"b": None}]})),
        ("Locations", location()),
        ("Sensors", sensor(metadata={"sâu": 2})),
        ("ObservedProperties", observed_property()),
        ("FeaturesOfInterest", feature_of_interest()),
    ],
)
def test_each_sort_is_read_changed_and_gone(web: Web, path: str, told: Any) -> None:
    address = web.make(path, told)
    assert told.items() <= web.get(address).items()
    assert web.send("patch", address, {"description": "khác"}).status_code == 200
    assert (told | {"description": "khác"}).items() <= web.get(address).items()
    assert web.send("put", address, told).status_code == 200
    assert told.items() <= web.get(address).items()
    assert web.send("delete", address).status_code == 200
    assert web.send("get", address).status_code == 404


@pytest.mark.slow
def test_place_of_the_thing_is_what_its_observations_are_of(web: Web) -> None:
    key = web.get(web.make("Things", tree()))["@iot.id"]
    (stream,) = web.get(f"Things({key})/Datastreams")["value"]
    path = f"Datastreams({stream['@iot.id']})/Observations"
    features = [
        web.get(
            web.make(path, {"result": n, "phenomenonTime": f"2026-11-21T05:0{n}:00Z"}) + "/FeatureOfInterest"
        )
        for n in range(2)
    ]
    assert features[0] == features[1]
    assert features[0]["feature"] == location()["location"]
    own = web.make("FeaturesOfInterest", feature_of_interest())
    link = {"FeatureOfInterest": {"@iot.id": web.get(own)["@iot.id"]}}
    observed = web.make(path, {"result": 9, "phenomenonTime": "2026-11-21T05:03:00Z", **link})
    assert web.get(f"{observed}/FeatureOfInterest")["@iot.selfLink"] == own


@pytest.mark.slow
def test_everything_of_an_observation_is_read_back(web: Web) -> None:
    key = web.get(web.make("Things", tree(observationType=CATEGORY)))["@iot.id"]
    (stream,) = web.get(f"Things({key})/Datastreams")["value"]
    told = {
        "phenomenonTime": f"{TIME}/2026-11-21T04:10:00Z",
        "resultTime": "2026-11-21T04:11:00Z",
        "validTime": "2026-11-21T04:00:00Z/2026-11-22T04:00:00Z",
        "resultQuality": {"a": 1},
        "parameters": {"depth": 2},
    }
    for result in (7, "mở", {"x": [1]}):
        address = web.make(f"Datastreams({stream['@iot.id']})/Observations", {"result": result, **told})
        assert web.get(address).items() >= ({"result": result} | told).items()
        assert web.get(f"Datastreams({stream['@iot.id']})/Observations")["value"][0]["result"] == result
        assert web.send("delete", address).status_code == 200
        assert web.send("get", address).status_code == 404
    bare = web.get(web.make(f"Datastreams({stream['@iot.id']})/Observations", {"result": 1}))
    assert bare["resultTime"] is None
    assert bare["phenomenonTime"].startswith("2026-11-21T05:00:00")


@pytest.mark.slow
def test_what_goes_with_a_thing_and_what_stays(web: Web) -> None:
    address = web.make("Things", tree(Observations=[{"result": 1, "phenomenonTime": TIME}]))
    (stream,) = web.get(f"{address}/Datastreams?$expand=Sensor,ObservedProperty,Observations")["value"]
    (place,) = web.get(f"{address}/Locations")["value"]
    (stay,) = web.get(f"{address}/HistoricalLocations")["value"]
    assert web.send("delete", address).status_code == 200
    for gone in (stream, stream["Observations"][0], stay):
        assert web.send("get", gone["@iot.selfLink"]).status_code == 404
    for left in (place, stream["Sensor"], stream["ObservedProperty"]):
        assert web.send("get", left["@iot.selfLink"]).status_code == 200


def test_thing_that_moves_is_where_it_is_and_was_where_it_was(web: Web) -> None:
    address = web.make("Things", tree())
    web.make(f"{address}/Locations", location(107.15))
    (place,) = web.get(f"{address}/Locations")["value"]
    assert place["location"]["coordinates"] == [107.15, 16.05]
    stays = web.get(f"{address}/HistoricalLocations?$expand=Locations&$orderby=id")["value"]
    assert [stay["Locations"][0]["location"]["coordinates"][0] for stay in stays] == [107.05, 107.15]


def test_batch_reads_what_it_wrote(web: Web) -> None:
    requests = [
        {"id": "t", "method": "post", "url": "Things", "body": thing()},
        {"id": "r", "method": "get", "url": "$t?$select=name"},
        {"id": "n", "method": "get", "url": "Things(999999)"},
    ]
    answer = web.send("post", "$batch", {"requests": requests})
    assert answer.status_code == 200, answer.content
    answered = answer.json()["responses"]
    assert [one["status"] for one in answered] == [201, 200, 404]
    assert answered[1]["body"] == {"name": "Trạm Thử"}
