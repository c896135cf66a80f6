"""How entities are named in addresses: an integer each, an observation by its series and its time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

PREFIX: Final = "/sta/v1.1"
SETS: Final[Mapping[str, str]] = {
    "Thing": "Things",
    "Location": "Locations",
    "HistoricalLocation": "HistoricalLocations",
    "Datastream": "Datastreams",
    "Sensor": "Sensors",
    "ObservedProperty": "ObservedProperties",
    "Observation": "Observations",
    "FeatureOfInterest": "FeaturesOfInterest",
}
KINDS: Final[Mapping[str, str]] = {name: kind for kind, name in SETS.items()}

_OBSERVATION = re.compile(r"([1-9]\d{0,9})-(0|[1-9]\d{0,15})", re.ASCII)
LARGEST: Final = 2**31 - 1
"""Of the numbers that name a row; what is larger names nothing."""


class ObservationId(NamedTuple):
    """The key of a reading in the store."""

    series: int
    time: int

    def __str__(self) -> str:
        return f"{self.series}-{self.time}"


def observation(told: int | str) -> ObservationId | None:
    """What an observation's id says; None where it says nothing."""
    found = _OBSERVATION.fullmatch(told) if isinstance(told, str) else None
    if found is None or int(found[1]) > LARGEST:
        return None
    return ObservationId(int(found[1]), int(found[2]))


def number(told: int | str) -> int | None:
    """The id of any other entity; None where it names nothing."""
    if isinstance(told, str):
        return None
    return told if 0 < told <= LARGEST else None


def address(kind: str, key: int | ObservationId) -> str:
    """The entity's address below the service's root, such as ``Things(12)``."""
    return f"{SETS[kind]}({key})" if isinstance(key, int) else f"{SETS[kind]}('{key}')"
