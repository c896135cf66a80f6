"""A client over HTTP that may arrange everything, and the small tree that tests of the standard ask about."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.test import Client

from tests.city import BY
from toancanh.kernel.exchange.sensorthings.tests.writers import (
    datastream,
    location,
    observed_property,
    sensor,
    thing,
)
from toancanh.kernel.people import actions as people

DAYS = [f"2026-03-0{day}T00:00:00Z" for day in (3, 4, 5, 6)]
RESULTS = [3, 4, 5, 6]
"""The result of a day is its number: which observations a filter finds can be read off."""


class Web:
    """A client with a token that may arrange everything."""

    def __init__(self) -> None:
        self._client = Client()
        secret = people.create_token("web", by=BY).secret
        self._headers = {"Authorization": f"Bearer {secret}"}

    def send(self, method: str, path: str, told: Any = None, content_type: str = "application/json") -> Any:
        path = path.removeprefix("http://testserver") if path.startswith("http") else f"/sta/v1.1/{path}"
        if method in ("get", "delete"):
            return getattr(self._client, method)(path, headers=self._headers)
        return getattr(self._client, method)(path, told, content_type, headers=self._headers)

    def ask(self, path: str, **options: object) -> Any:
        """The response to GET; options are named without their dollar sign."""
        query = "&".join(f"${name}={quote(str(value), safe='')}" for name, value in options.items())
        return self.send("get", f"{path}?{query}" if query else path)

    def get(self, path: str, **options: object) -> Any:
        answer = self.ask(path, **options)
        assert answer.status_code == 200, (path, options, answer.content.decode())
        return answer.json()

    def values(self, path: str, **options: object) -> list[dict[str, Any]]:
        """The entities of a page."""
        found: list[dict[str, Any]] = self.get(path, **options)["value"]
        return found

    def make(self, path: str, told: Any) -> str:
        """Post what has to be taken; the address of what was made."""
        answer = self.send("post", path, told)
        assert answer.status_code == 201, answer.content.decode()
        return str(answer.headers["Location"])

    def made(self, path: str, told: Any) -> Any:
        """Post what has to be taken; what it is read as."""
        return self.get(self.make(path, told))


def stream(number: int, symbol: str) -> dict[str, Any]:
    """A datastream with two of the days."""
    return datastream(
        f"datastream name {number}",
        symbol,
        description=f"datastream {number}",
        properties={"reference": number},
        Sensor=sensor(f"sensor name {number}"),
        ObservedProperty=observed_property(f"property {number}"),
        Observations=[
            {"phenomenonTime": DAYS[n], "result": RESULTS[n]} for n in range(2 * number - 2, 2 * number)
        ],
    )


class Seed:
    """A thing with a location and two datastreams of two observations, made by one deep insert."""

    def __init__(self, web: Web) -> None:
        self.told = thing(
            "thing name 1",
            properties={"reference": "first"},
            Locations=[location(107.05, 16.05, name="location name 1")],
            Datastreams=[stream(1, "lm"), stream(2, "C")],
        )
        self.address = web.make("Things", self.told)
        inner = "Sensor,ObservedProperty,Observations($orderby=phenomenonTime;$expand=FeatureOfInterest)"
        within = f"Locations,HistoricalLocations,Datastreams($orderby=name;$expand={inner})"
        self.thing = web.get(self.address, expand=within)
        (self.place,) = self.thing["Locations"]
        (self.stay,) = self.thing["HistoricalLocations"]
        self.streams: list[dict[str, Any]] = self.thing["Datastreams"]
        self.observations = [one for each in self.streams for one in each["Observations"]]
        self.feature = self.observations[0]["FeatureOfInterest"]

    @property
    def scope(self) -> str:
        """A filter that finds its observations alone."""
        return f"Datastream/Thing/@iot.id eq {self.thing['@iot.id']}"

    def entities(self) -> dict[str, dict[str, Any]]:
        """One entity of each set."""
        first = self.streams[0]
        return {
            "Things": self.thing,
            "Locations": self.place,
            "HistoricalLocations": self.stay,
            "Datastreams": first,
            "Sensors": first["Sensor"],
            "ObservedProperties": first["ObservedProperty"],
            "Observations": self.observations[0],
            "FeaturesOfInterest": self.feature,
        }
