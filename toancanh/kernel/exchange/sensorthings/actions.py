"""Writing what only the façade keeps: sensors, observed properties, features, locations, history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sensorthings import shapes, stations
from toancanh.kernel.exchange.sensorthings.bodies import (
    FeatureBody,
    LocationBody,
    ObservedPropertyBody,
    SensorBody,
)
from toancanh.kernel.exchange.sensorthings.models import (
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservedProperty,
    Sensor,
    Shared,
)
from toancanh.kernel.exchange.sensorthings.recording import record
from toancanh.kernel.exchange.sensorthings.rights import check_arranges
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

Row = TypeVar("Row", bound=Shared)
COPIED = ("name", "description", "encoding_type", "shape", "west", "south", "east", "north")
"""Of a location, to what is observed there."""


@transaction.atomic
def write_sensor(body: SensorBody, *, by: Actor, sensor: Sensor | None = None) -> Sensor:
    """Make a sensor, or say of the one given what it is."""
    told = {"encoding_type": body.encodingType, "metadata": body.metadata}
    return _write(sensor or Sensor(), body, told, by)


@transaction.atomic
def write_observed_property(
    body: ObservedPropertyBody, *, by: Actor, observed_property: ObservedProperty | None = None
) -> ObservedProperty:
    """Make an observed property, or say of the one given what it is."""
    return _write(observed_property or ObservedProperty(), body, {"definition": body.definition}, by)


@transaction.atomic
def write_feature(
    body: FeatureBody, *, by: Actor, feature: FeatureOfInterest | None = None
) -> FeatureOfInterest:
    """Make a feature of interest, or say of the one given what it is."""
    return _write(feature or FeatureOfInterest(), body, _shape(body.encodingType, body.feature), by)


@transaction.atomic
def write_location(body: LocationBody, *, by: Actor, location: Location | None = None) -> Location:
    """Make a location, or say of the one given what it is; the things that stand there move with it."""
    row, before = location or Location(), location.shape if location else None
    written = _write(row, body, _shape(body.encodingType, body.location), by)
    if location is not None and before != written.shape:
        for thing in written.things.filter(is_active=True).select_related("unit").order_by("pk"):
            stand(thing, list(thing.locations.order_by("pk")), by=by)
    return written


@transaction.atomic
def place(thing: Thing, locations: Iterable[Location], *, by: Actor) -> None:
    """Let the thing be at these locations from now on; where that is news, its history says so."""
    present = sorted(set(locations), key=lambda one: one.pk)
    before = set(thing.locations.values_list("pk", flat=True))
    if before != {one.pk for one in present}:
        thing.locations.set(present)
        stand(thing, present, by=by)


@transaction.atomic
def stand(thing: Thing, locations: list[Location], *, by: Actor) -> HistoricalLocation:
    """Move a thing on the maps to where its locations are, and add that to its history."""
    check_arranges(by)
    stations.move(thing, locations, by=by)
    return _remember(thing, clock.now(), locations, by)


@transaction.atomic
def write_history(
    thing: Thing,
    time: datetime,
    locations: list[Location],
    *,
    by: Actor,
    history: HistoricalLocation | None = None,
) -> HistoricalLocation:
    """Say where a thing was from a moment on; where no later moment is known, it is there now."""
    check_arranges(by)
    if history is None:
        history = _remember(thing, time, locations, by)
    else:
        history.thing, history.time = thing, time
        history.feature = _feature_of(locations)
        history.save()
        history.locations.set(locations)
        record(by, "changed", "HistoricalLocation", history.pk)
    later = HistoricalLocation.objects.filter(thing=thing, time__gt=time, is_removed=False)
    if locations and not later.exists():
        thing.locations.set(locations)
        stations.move(thing, locations, by=by)
    return history


@transaction.atomic
def remove(row: Shared | HistoricalLocation, *, by: Actor) -> None:
    """Tell it nowhere any more; the row stays for what refers to it."""
    check_arranges(by)
    row.is_removed = True
    row.save(update_fields=["is_removed"])
    record(by, "removed", type(row).__name__, row.pk)


def _write(row: Row, body: Any, told: dict[str, Any], by: Actor) -> Row:  # noqa: ANN401 - one of the bodies
    check_arranges(by)
    said = {"name": body.name, "description": body.description, "properties": body.properties, **told}
    is_new = row.pk is None
    changed = [name for name, value in said.items() if is_new or getattr(row, name) != value]
    before = {} if is_new else {name: getattr(row, name) for name in changed}
    for name, value in said.items():
        setattr(row, name, value)
    if is_new:
        row.made_by = by.key[:80]
    if changed:
        row.is_derived = False
        row.save()
        record(by, "made" if is_new else "changed", type(row).__name__, row.pk, changed, before)
    return row


def _shape(encoding: str, shape: Any) -> dict[str, Any]:  # noqa: ANN401 - what the client sent
    """The columns of a place; a GeoJSON that is none is refused, for no map could ever show it."""
    box = shapes.box(shape)
    if box is None and "geo+json" in encoding:
        raise Refused(_("This is no GeoJSON geometry: %(shape)s") % {"shape": str(shape)[:200]}, "bad_shape")
    west, south, east, north = box or (None, None, None, None)
    place = {"west": west, "south": south, "east": east, "north": north}
    return {"encoding_type": encoding, "shape": shape, **place}


def _remember(thing: Thing, time: datetime, locations: list[Location], by: Actor) -> HistoricalLocation:
    history = HistoricalLocation.objects.create(thing=thing, time=time, feature=_feature_of(locations))
    history.locations.set(locations)
    record(by, "made", "HistoricalLocation", history.pk)
    return history


def _feature_of(locations: list[Location]) -> FeatureOfInterest | None:
    """The place itself, as what is observed there; one for each place that a location ever was.

    Of several descriptions of one place, such as an address and a point, the first that maps can show.
    """
    if not locations:
        return None
    first = next((one for one in locations if one.west is not None), locations[0])
    mark = hashlib.sha256(journal.canonical({"shape": first.shape}).encode()).hexdigest()[:32]
    columns: dict[str, Any] = {name: getattr(first, name) for name in COPIED}
    feature, _new = FeatureOfInterest.objects.get_or_create(
        origin=f"location:{first.pk}:{mark}", defaults={**columns, "is_derived": True}
    )
    return feature
