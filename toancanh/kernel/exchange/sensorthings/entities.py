"""The entity sets of SensorThings: what each entity tells, where it leads, and where both are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from django.db.models import Model

from toancanh.kernel.exchange.sensorthings import models
from toancanh.kernel.registry.models import Thing

Kind = Literal["text", "json", "time", "period", "geometry"]


@dataclass(frozen=True)
class Property:
    """One property. ``column`` is its lookup in the model; None where it is computed when it is told."""

    name: str
    kind: Kind
    column: str | None = None
    is_optional: bool = False
    """Left out where there is nothing to tell."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Columns of an object's members, where it is not kept as JSON."""


@dataclass(frozen=True)
class Link:
    """A navigation property.

    ``forward`` is the lookup from the source's model to the target's key where there is one target;
    ``back`` the one from the target's model to the source's key.
    """

    name: str
    target: str
    many: bool
    forward: str = ""
    back: str = ""


@dataclass(frozen=True)
class Entity:
    """One sort of entity; observations have no model of their own: they are in the store."""

    name: str
    plural: str
    model: type[Model] | None
    properties: Mapping[str, Property]
    links: Mapping[str, Link]
    related: tuple[str, ...] = ()
    """Rows read together with the model's."""


NAME = Property("name", "text", "name")
DESCRIPTION = Property("description", "text", "description")
PROPERTIES = Property("properties", "json", "properties", True)
ENCODING = Property("encodingType", "text", "encoding_type")


def _entity(
    name: str,
    plural: str,
    model: type[Model] | None,
    properties: tuple[Property, ...],
    links: tuple[Link, ...],
    related: tuple[str, ...] = (),
) -> Entity:
    own, ways = {one.name: one for one in properties}, {one.name: one for one in links}
    return Entity(name, plural, model, own, ways, related)


_ALL = (
    _entity(
        "Thing",
        "Things",
        Thing,
        (
            NAME,
            Property("description", "text", "detail__description"),
            Property("properties", "json", "detail__properties", True),
        ),
        (
            Link("Locations", "Location", True, back="things"),
            Link("HistoricalLocations", "HistoricalLocation", True, back="thing"),
            Link("Datastreams", "Datastream", True, back="series__thing"),
        ),
        ("detail",),
    ),
    _entity(
        "Location",
        "Locations",
        models.Location,
        (NAME, DESCRIPTION, ENCODING, Property("location", "geometry", "shape"), PROPERTIES),
        (
            Link("Things", "Thing", True, back="locations"),
            Link("HistoricalLocations", "HistoricalLocation", True, back="locations"),
        ),
    ),
    _entity(
        "HistoricalLocation",
        "HistoricalLocations",
        models.HistoricalLocation,
        (Property("time", "time", "time"),),
        (
            Link("Thing", "Thing", False, "thing", "historical_locations"),
            Link("Locations", "Location", True, back="historical_locations"),
        ),
    ),
    _entity(
        "Datastream",
        "Datastreams",
        models.Datastream,
        (
            NAME,
            DESCRIPTION,
            Property("observationType", "text", "observation_type"),
            Property(
                "unitOfMeasurement",
                "json",
                parts={"name": "unit_name", "symbol": "unit_symbol", "definition": "unit_definition"},
            ),
            Property("observedArea", "geometry", "observed_area", True),
            Property("phenomenonTime", "period", None, True),
            Property("resultTime", "period", None, True),
            PROPERTIES,
        ),
        (
            Link("Thing", "Thing", False, "series__thing", "series__datastream"),
            Link("Sensor", "Sensor", False, "sensor", "datastreams"),
            Link("ObservedProperty", "ObservedProperty", False, "observed_property", "datastreams"),
            Link("Observations", "Observation", True),
        ),
        ("series",),
    ),
    _entity(
        "Sensor",
        "Sensors",
        models.Sensor,
        (NAME, DESCRIPTION, ENCODING, Property("metadata", "json", "metadata"), PROPERTIES),
        (Link("Datastreams", "Datastream", True, back="sensor"),),
    ),
    _entity(
        "ObservedProperty",
        "ObservedProperties",
        models.ObservedProperty,
        (NAME, Property("definition", "text", "definition"), DESCRIPTION, PROPERTIES),
        (Link("Datastreams", "Datastream", True, back="observed_property"),),
    ),
    _entity(
        "Observation",
        "Observations",
        None,
        (
            Property("phenomenonTime", "period"),
            Property("resultTime", "time"),
            Property("result", "json"),
            Property("resultQuality", "json", None, True),
            Property("validTime", "period", None, True),
            Property("parameters", "json", None, True),
        ),
        (
            Link("Datastream", "Datastream", False),
            Link("FeatureOfInterest", "FeatureOfInterest", False),
        ),
    ),
    _entity(
        "FeatureOfInterest",
        "FeaturesOfInterest",
        models.FeatureOfInterest,
        (NAME, DESCRIPTION, ENCODING, Property("feature", "geometry", "shape"), PROPERTIES),
        (Link("Observations", "Observation", True),),
    ),
)

ENTITIES: Final[Mapping[str, Entity]] = {one.name: one for one in _ALL}
SETS: Final[Mapping[str, Entity]] = {one.plural: one for one in _ALL}
IDS: Final = ("@iot.id", "id")
SELF_LINK: Final = "@iot.selfLink"


def value(row: Model, lookup: str) -> Any:  # noqa: ANN401 - whatever the column holds
    """What the row has under a lookup such as ``detail__description``; None where a part is missing."""
    found: Any = row
    for name in lookup.split("__"):
        found = getattr(found, name, None)
    return found
