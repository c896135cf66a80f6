"""What clients write: the properties of each entity, checked, with the links and the new entities within."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from toancanh.lib.errors import Refused

MOST_ENTITIES = 2_000
"""New entities in one body; longer lists of observations come as data arrays."""
DEEPEST = 48
"""Levels of JSON that a value may have; what it is for is told in fewer."""

Id = int | str
Value = Any
"""What JSON decodes to."""
Json = dict[str, Any]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Encoding = Annotated[str, Meta(min_length=1, max_length=100)]
Address = Annotated[str, Meta(min_length=1, max_length=500)]


class Target(NamedTuple):
    """Where a navigation property leads: to one entity of a kind or to several."""

    kind: str
    many: bool


NAVIGATION: Final[Mapping[str, Mapping[str, Target]]] = {
    "Thing": {
        "Locations": Target("Location", True),
        "HistoricalLocations": Target("HistoricalLocation", True),
        "Datastreams": Target("Datastream", True),
    },
    "Location": {
        "Things": Target("Thing", True),
        "HistoricalLocations": Target("HistoricalLocation", True),
    },
    "HistoricalLocation": {"Thing": Target("Thing", False), "Locations": Target("Location", True)},
    "Datastream": {
        "Thing": Target("Thing", False),
        "Sensor": Target("Sensor", False),
        "ObservedProperty": Target("ObservedProperty", False),
        "Observations": Target("Observation", True),
    },
    "Sensor": {"Datastreams": Target("Datastream", True)},
    "ObservedProperty": {"Datastreams": Target("Datastream", True)},
    "Observation": {
        "Datastream": Target("Datastream", False),
        "FeatureOfInterest": Target("FeatureOfInterest", False),
    },
    "FeatureOfInterest": {"Observations": Target("Observation", True)},
}


class ThingBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Without a description it has an empty one, here and below: clients leave empty texts out."""

    name: Annotated[str, Meta(min_length=1, max_length=150)]
    description: str = ""
    properties: Json | None = None


class PlacedBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What locations and features share; `shape` bears the name that each gives it."""

    name: Name
    description: str = ""
    encodingType: Encoding
    properties: Json | None = None


class LocationBody(PlacedBody, kw_only=True):
    location: Json | list[Any] | str


class FeatureBody(PlacedBody, kw_only=True):
    feature: Json | list[Any] | str


class HistoricalLocationBody(Struct, forbid_unknown_fields=True, kw_only=True):
    time: str


class Unit(Struct, forbid_unknown_fields=True, kw_only=True):
    """Of measure; a quantity without one has nulls."""

    name: Annotated[str, Meta(max_length=100)] | None
    symbol: Annotated[str, Meta(max_length=20)] | None
    definition: Annotated[str, Meta(max_length=500)] | None


class DatastreamBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`phenomenonTime` and `resultTime` are told by the observations; a client's word on them is not kept."""

    name: Name
    description: str = ""
    unitOfMeasurement: Unit
    observationType: Annotated[str, Meta(min_length=1, max_length=200)]
    observedArea: Json | None = None
    phenomenonTime: str | None = None
    resultTime: str | None = None
    properties: Json | None = None


class SensorBody(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    description: str = ""
    encodingType: Encoding
    metadata: Json | list[Any] | str | int | float | bool
    properties: Json | None = None


class ObservedPropertyBody(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Name
    definition: Address
    description: str = ""
    properties: Json | None = None


class ObservationBody(Struct, forbid_unknown_fields=True, kw_only=True):
    result: Json | list[Any] | str | int | float | bool
    phenomenonTime: str | None = None
    resultTime: str | None = None
    resultQuality: Any = None
    validTime: str | None = None
    parameters: Json | None = None


Body = (
    ThingBody
    | LocationBody
    | HistoricalLocationBody
    | DatastreamBody
    | SensorBody
    | ObservedPropertyBody
    | ObservationBody
    | FeatureBody
)
BODIES: Final[Mapping[str, type[Body]]] = {
    "Thing": ThingBody,
    "Location": LocationBody,
    "HistoricalLocation": HistoricalLocationBody,
    "Datastream": DatastreamBody,
    "Sensor": SensorBody,
    "ObservedProperty": ObservedPropertyBody,
    "Observation": ObservationBody,
    "FeatureOfInterest": FeatureBody,
}


@dataclass
class Draft:
    """One entity to be made: its properties, what it links to, and the new entities within it."""

    kind: str
    own: Body
    links: dict[str, list[Id]] = field(default_factory=dict)
    new: dict[str, list[Draft]] = field(default_factory=dict)


@dataclass
class Change:
    """What a body says about an entity that is there."""

    own: Json
    links: dict[str, list[Id]]


def decode(body: bytes) -> Value:
    """Any JSON that can be kept on every database; raises Refused."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(_("The body is no valid JSON: %(fault)s") % {"fault": fault}, "bad_json") from fault
    check(told)
    return told


def check(told: Value) -> None:
    """Refuse what a database could not keep: a zero character, or a value nested without end."""
    level = [told]
    for _depth in range(DEEPEST):
        level = [part for value in level for part in _parts(value)]
        if not level:
            return
    raise Refused(_("The body is nested too deeply."), "bad_json")


def _parts(value: Value) -> Iterator[Any]:
    if isinstance(value, str):
        if "\0" in value:
            raise Refused(_("The body holds a zero character, which no text has."), "bad_json")
    elif isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def draft(kind: str, told: Value) -> Draft:
    """A new entity as the body describes it; raises Refused, which names the place of the fault."""
    return _Reader().draft(kind, told, kind, "")


def change(kind: str, told: Value) -> Change:
    """Properties and links that a body gives; an entity described within it is refused."""
    own, within = _split(kind, told, kind)
    links = {}
    for name, value in within.items():
        target = NAVIGATION[kind][name]
        ids = [link(item) for item in _listed(value, target, name)]
        if None in ids:
            text = _("%(where)s: an update links entities by their @iot.id; make new ones with POST first.")
            raise Refused(text % {"where": name}, "inline_entity")
        links[name] = [item for item in ids if item is not None]
    return Change(own, links)


def own(kind: str, told: Json, where: str = "") -> Body:
    """The properties of an entity of the kind, whole and checked."""
    try:
        return msgspec.convert(told, BODIES[kind])
    except (msgspec.ValidationError, RecursionError) as fault:
        raise Refused(f"{where or kind}: {fault}", "bad_body") from fault


def link(told: Value) -> Id | None:
    """The id by which a part of a body points to an entity; None where it describes a new one."""
    found = told.get("@iot.id") if isinstance(told, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    return int(found) if isinstance(found, str) and found.isascii() and found.isdigit() else found


class _Reader:
    """Goes down one body and counts what it finds."""

    def __init__(self) -> None:
        self._count = 0

    def draft(self, kind: str, told: Value, where: str, back: str) -> Draft:
        self._count += 1
        if self._count > MOST_ENTITIES:
            text = _("A body makes at most %(most)s entities; send observations as data arrays.")
            raise Refused(text % {"most": MOST_ENTITIES}, "too_large")
        properties, within = _split(kind, told, where)
        made = Draft(kind, own(kind, properties, where))
        for name, value in within.items():
            target = NAVIGATION[kind][name]
            if target.kind == back:
                text = _("%(where)s is told by what it stands in; leave it out.")
                raise Refused(text % {"where": f"{where}.{name}"}, "bad_body")
            for position, item in enumerate(_listed(value, target, f"{where}.{name}")):
                place = f"{where}.{name}[{position}]" if target.many else f"{where}.{name}"
                found = link(item)
                if found is not None:
                    made.links.setdefault(name, []).append(found)
                else:
                    made.new.setdefault(name, []).append(self.draft(target.kind, item, place, kind))
        return made


def _split(kind: str, told: Value, where: str) -> tuple[Json, Json]:
    """A body's properties, and its parts by navigation property; control information is the service's own."""
    if not isinstance(told, dict):
        raise Refused(_("%(where)s: expected a JSON object.") % {"where": where}, "bad_body")
    properties, within = {}, {}
    for name, value in told.items():
        if name in NAVIGATION[kind]:
            if value is not None:
                within[name] = value
        elif "@iot." not in name:
            properties[name] = value
    return properties, within


def _listed(value: Value, target: Target, where: str) -> list[Any]:
    if target.many:
        if not isinstance(value, list):
            raise Refused(_("%(where)s: expected a list.") % {"where": where}, "bad_body")
        return value
    if not isinstance(value, dict):
        raise Refused(_("%(where)s: expected a JSON object.") % {"where": where}, "bad_body")
    return [value]
