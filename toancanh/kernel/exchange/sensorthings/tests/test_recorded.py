"""Bodies as other servers document and take them: what they look like is not as tidy as our own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.city import City
from toancanh.kernel.exchange.sensorthings.tests.seed import Web

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
CELSIUS = {"name": "Celsius", "symbol": "C", "definition": "http://www.qudt.org/qudt/owl/1.0.0/unit#Celsius"}
TEMPERATURE = {
    "name": "Temperature",
    "definition": "http://www.qudt.org/qudt/owl/1.0.0/quantity#Temperature",
    "description": "of the camping site",
}
SENSOR = {
    "name": "a name",
    "description": "Tempomatic 2000",
    "encodingType": "application/pdf",
    "metadata": "Calibration date:  Jan 1, 2014",
}
# The shape of GOST's documented deep insert, with the media type of GeoJSON before it was registered.
THING = {
    "name": "lantern",
    "description": "camping lantern",
    "properties": {"property1": "it’s waterproof", "property2": "đèn bão"},
    "Locations": [
        {
            "name": "bla",
            "description": "my backyard",
            "encodingType": "application/vnd.geo+json",
            "location": {"type": "Point", "coordinates": [-117.123, 54.123]},
        }
    ],
    "Datastreams": [
        {
            "name": "DS1",
            "unitOfMeasurement": CELSIUS,
            "description": "Temperature measurement",
            "observationType": MEASUREMENT,
            "ObservedProperty": TEMPERATURE,
            "Sensor": SENSOR,
        }
    ],
}


@pytest.fixture
def web(city: City) -> Web:
    return Web()


def assert_read_back(told: dict[str, Any], read: dict[str, Any]) -> None:
    """Everything told is read, at any depth; what is read may say more."""
    for name, value in told.items():
        many = isinstance(value, list) and value and isinstance(value[0], dict)
        if isinstance(value, dict):
            assert_read_back(value, read[name])
        elif many:
            for one, other in zip(value, read[name], strict=True):
                assert_read_back(one, other)
        else:
            assert read[name] == value, name


@pytest.mark.slow
def test_bodies_of_another_server_are_taken_and_read_back(web: Web) -> None:
    address = web.make("Things", THING)
    inner = "Datastreams($expand=Sensor,ObservedProperty)"
    thing = web.get(address, expand=f"Locations,{inner}")
    assert_read_back(THING, thing)
    linked = {
        "name": "DS3",
        "unitOfMeasurement": CELSIUS,
        "description": "Temperature measurement",
        "observationType": MEASUREMENT,
        "ObservedProperty": TEMPERATURE,
        "Sensor": SENSOR,
    }
    # Their ids are numbers, and their clients send them as texts.
    stream = web.make("Datastreams", linked | {"Thing": {"@iot.id": str(thing["@iot.id"])}})
    assert_read_back(linked, web.get(stream, expand="Sensor,ObservedProperty"))
    assert web.get(f"{stream}/Thing")["@iot.id"] == thing["@iot.id"]
    # Latitude before longitude: wrong as GeoJSON, and no reason to lose a reading.
    feature = {
        "name": "Awesome FOI",
        "description": "tunnels",
        "encodingType": "application/vnd.geo+json",
        "feature": {"coordinates": [51.08386, -114.13036], "type": "Point"},
    }
    observation = {"phenomenonTime": "2015-04-13T00:00:00+02:00", "result": 38, "FeatureOfInterest": feature}
    link = {"@iot.id": str(web.get(stream)["@iot.id"])}
    read = web.get(web.make("Observations", observation | {"Datastream": link}), expand="FeatureOfInterest")
    assert_read_back(observation | {"phenomenonTime": "2015-04-12T22:00:00Z"}, read)


@pytest.mark.slow
def test_answers_have_the_keys_of_other_servers(web: Web) -> None:
    """As FROST documents its answers: each key in its place, none besides."""
    stream = web.values(f"{web.make('Things', THING)}/Datastreams")[0]
    own = stream["@iot.selfLink"]
    for minute in range(2):
        web.make(f"{own}/Observations", {"phenomenonTime": f"2020-04-10T16:0{minute}:00.000Z", "result": 4.6})
    newest = "Observations($select=result,phenomenonTime;$orderby=phenomenonTime desc;$top=1;$count=true)"
    told = web.get(own, select="@iot.id,description", expand=newest)
    assert {name: value for name, value in told.items() if name != "Observations@iot.nextLink"} == {
        "@iot.id": stream["@iot.id"],
        "description": "Temperature measurement",
        "Observations": [{"phenomenonTime": "2020-04-10T16:01:00Z", "result": 4.6}],
        "Observations@iot.count": 2,
    }
    (older,) = web.values(told["Observations@iot.nextLink"])
    assert older == {"phenomenonTime": "2020-04-10T16:00:00Z", "result": 4.6}
    assert set(web.values(f"{own}/Observations")[0]) == {
        "@iot.id",
        "@iot.selfLink",
        "phenomenonTime",
        "resultTime",
        "result",
        "Datastream@iot.navigationLink",
        "FeatureOfInterest@iot.navigationLink",
    }
    assert set(web.get(own)) == {
        "@iot.id",
        "@iot.selfLink",
        "name",
        "description",
        "observationType",
        "unitOfMeasurement",
        "phenomenonTime",
        *(f"{link}@iot.navigationLink" for link in ("Thing", "Sensor", "ObservedProperty", "Observations")),
    }
    missing = web.ask("Things(999999)").json()
    assert (missing["code"], missing["type"], set(missing)) == (404, "error", {"code", "type", "message"})
