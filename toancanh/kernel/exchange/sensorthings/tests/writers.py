"""A client of the writing side, over the small city and the real store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.city import BY
from toancanh.kernel.exchange.sensorthings import ids
from toancanh.kernel.exchange.sensorthings.answers import Answer
from toancanh.kernel.exchange.sensorthings.writing import Writer
from toancanh.kernel.people import actions as people
from toancanh.kernel.telemetry.directory import database_directory

BASE = "http://city.test/sta/v1.1"
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
CATEGORY = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_CategoryObservation"
GEOJSON = "application/geo+json"
TIME = "2026-11-21T04:00:00Z"


@dataclass
class Client:
    """What a token writes, and how it is answered."""

    writer: Writer

    def send(self, method: str, path: str, told: Any = None, content_type: str = "") -> Answer:
        return self.writer.answer(method, path, told, content_type)

    def post(self, path: str, told: Any) -> Answer:
        return self.send("POST", path, told)

    def patch(self, path: str, told: Any) -> Answer:
        return self.send("PATCH", path, told)

    def make(self, path: str, told: Any) -> Any:
        """Post what has to be taken; the id of what was made."""
        answer = self.post(path, told)
        assert answer.status == 201, answer
        assert answer.location == answer.body["@iot.selfLink"]
        return answer.body["@iot.id"]


def client(name: str = "writer", things: Iterable[str] | None = None) -> Client:
    """A client with a token of its own; without a list of things it may arrange everything."""
    people.create_token(name, by=BY, things=things)
    return Client(Writer(database_directory().refresh().named[name], BASE))


def thing(name: str = "Trạm Thử", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "bên cầu", **more}


def location(lon: float = 107.05, lat: float = 16.05, **more: Any) -> dict[str, Any]:
    shape = {"type": "Point", "coordinates": [lon, lat]}
    return {"name": "bờ sông", "description": "", "encodingType": GEOJSON, "location": shape, **more}


def feature_of_interest(name: str = "Sông Hương") -> dict[str, Any]:
    told = location()
    return {**{k: v for k, v in told.items() if k != "location"}, "name": name, "feature": told["location"]}


def sensor(name: str = "LNC-5", **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "", "encodingType": "text/plain", "metadata": "rađa", **more}


def observed_property(name: str = "Mực nước", **more: Any) -> dict[str, Any]:
    return {"name": name, "definition": "https://example.org/level", "description": "", **more}


def datastream(name: str = "Độ mặn", symbol: str | None = "g/L", **more: Any) -> dict[str, Any]:
    unit = {"name": None, "symbol": symbol, "definition": None}
    told = {"name": name, "description": "", "unitOfMeasurement": unit, "observationType": MEASUREMENT}
    return {**told, **more}


def whole_stream(name: str = "Độ mặn", **more: Any) -> dict[str, Any]:
    """A datastream with a sensor and an observed property of its own."""
    return datastream(name, Sensor=sensor(), ObservedProperty=observed_property(), **more)


def tree(**more: Any) -> dict[str, Any]:
    """A thing with a location and a datastream."""
    return thing(Locations=[location()], Datastreams=[whole_stream(**more)])


def stream_of(key: int) -> str:
    """The address of the one datastream of a thing that was made."""
    from toancanh.kernel.telemetry.models import Series

    return ids.address("Datastream", Series.objects.get(thing=key).pk)
