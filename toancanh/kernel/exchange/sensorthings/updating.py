"""Changing entities: what a body says of them is laid over what they are, and written as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sensorthings import actions, bodies, observing, stations, times
from toancanh.kernel.exchange.sensorthings.bodies import (
    Change,
    DatastreamBody,
    FeatureBody,
    HistoricalLocationBody,
    Json,
    LocationBody,
    ObservationBody,
    ObservedPropertyBody,
    SensorBody,
    ThingBody,
    Value,
)
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.making import Row, find
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservationDetail,
    ObservedProperty,
    Placed,
    Sensor,
    Shared,
    ThingDetail,
)
from toancanh.kernel.exchange.sensorthings.times import Span
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.store import Reading
from toancanh.lib.errors import Refused
from toancanh.lib.jsonpatch import PatchFault, apply

Entity = Thing | Datastream | Shared | HistoricalLocation
Alter = Callable[[Json], Json]
"""From what an entity tells of itself to what it shall tell."""


def merged(change: Change) -> Alter:
    """Of PATCH: properties that are not named stay as they are."""
    return lambda told: {**told, **change.own}


def replaced(change: Change) -> Alter:
    """Of PUT: properties that are not named end."""
    return lambda told: change.own


def patched(operations: Value) -> Alter:
    """Of PATCH with JSON Patch (RFC 6902)."""

    def alter(told: Json) -> Json:
        try:
            found = apply(told, operations)
        except PatchFault as fault:
            raise Refused(f"JSON Patch: {fault}", "bad_patch") from fault
        bodies.check(found)
        if not isinstance(found, dict):
            raise Refused(_("%(where)s: expected a JSON object.") % {"where": "JSON Patch"}, "bad_patch")
        return found

    return alter


def update(row: Entity, alter: Alter, links: Mapping[str, list[bodies.Id]], *, by: Actor) -> None:
    """Change an entity other than an observation, inside the caller's transaction."""
    kind = type(row).__name__
    body = bodies.own(kind, alter(_TELL[kind](row)))
    _UPDATE[kind](row, body, _Links(kind, links), by)


def observation(
    key: ObservationId,
    found: tuple[Reading | None, ObservationDetail | None],
    alter: Alter,
    links: Mapping[str, list[bodies.Id]],
) -> observing.Seen:
    """What becomes of an observation; its time and its datastream name it, and so they stay."""
    linked = _Links("Observation", links)
    body = cast(ObservationBody, bodies.own("Observation", alter(_tell_observation(key, *found))))
    feature = linked.one("FeatureOfInterest", FeatureOfInterest)
    stream = linked.one("Datastream", Datastream)
    kept = found[1].feature_id if found[1] else None
    seen = observing.seen(key.series, body, key.time, feature.pk if feature else kept)
    if seen.time != key.time or (stream is not None and stream.pk != key.series):
        text = _(
            "An observation keeps its phenomenonTime and its Datastream; make another and delete this one."
        )
        raise Refused(text, "bad_body")
    return seen


class _Links:
    """The links of a body, found as they are asked for; what is not asked for may not be linked anew."""

    def __init__(self, kind: str, told: Mapping[str, list[bodies.Id]]) -> None:
        self._kind = kind
        self._told = told

    def several(self, name: str, model: type[Row]) -> list[Row] | None:
        if name not in self._told:
            return None
        found = [find(model, told) for told in self._told[name]]
        if None in found:
            text = _("%(kind)s links to %(name)s %(id)s, which is not there.")
            missing = self._told[name][found.index(None)]
            raise Refused(text % {"kind": self._kind, "name": name, "id": missing}, "bad_link")
        return [row for row in found if row is not None]

    def one(self, name: str, model: type[Row]) -> Row | None:
        found = self.several(name, model)
        return found[0] if found else None

    def check_fixed(self, *names: str) -> None:
        for name in names:
            if name in self._told:
                text = _("%(name)s of a %(kind)s cannot be changed.") % {"name": name, "kind": self._kind}
                raise Refused(text, "bad_link")


def _update_thing(thing: Thing, body: ThingBody, links: _Links, by: Actor) -> None:
    links.check_fixed("Datastreams", "HistoricalLocations")
    locations = links.several("Locations", Location)
    stations.describe(thing, body, by=by)
    if locations is not None:
        actions.place(thing, locations, by=by)


def _update_location(location: Location, body: LocationBody, links: _Links, by: Actor) -> None:
    links.check_fixed("HistoricalLocations")
    things = links.several("Things", Thing)
    actions.write_location(body, by=by, location=location)
    for thing in things or ():
        actions.place(thing, [location], by=by)


def _update_history(
    history: HistoricalLocation, body: HistoricalLocationBody, links: _Links, by: Actor
) -> None:
    thing = links.one("Thing", Thing) or history.thing
    locations = links.several("Locations", Location)
    if locations is None:
        locations = list(history.locations.order_by("pk"))
    time = clock.from_us(times.moment(body.time, "time"))
    actions.write_history(thing, time, locations, by=by, history=history)


def _update_datastream(stream: Datastream, body: DatastreamBody, links: _Links, by: Actor) -> None:
    links.check_fixed("Observations")
    thing = links.one("Thing", Thing)
    if thing is not None and thing.pk != stream.series.thing_id:
        links.check_fixed("Thing")
    sensor = links.one("Sensor", Sensor) or stream.sensor
    observed = links.one("ObservedProperty", ObservedProperty) or stream.observed_property
    stations.write_datastream(stream.series.thing, body, sensor, observed, by=by, stream=stream)


def _update_sensor(sensor: Sensor, body: SensorBody, links: _Links, by: Actor) -> None:
    links.check_fixed("Datastreams")
    actions.write_sensor(body, by=by, sensor=sensor)


def _update_observed(row: ObservedProperty, body: ObservedPropertyBody, links: _Links, by: Actor) -> None:
    links.check_fixed("Datastreams")
    actions.write_observed_property(body, by=by, observed_property=row)


def _update_feature(feature: FeatureOfInterest, body: FeatureBody, links: _Links, by: Actor) -> None:
    links.check_fixed("Observations")
    actions.write_feature(body, by=by, feature=feature)


def _tell_thing(thing: Thing) -> Json:
    detail = ThingDetail.objects.filter(thing=thing).first()
    told = {"name": thing.name, "description": detail.description if detail else ""}
    return {**told, "properties": detail.properties if detail else None}


def _tell_shared(row: Shared) -> Json:
    return {"name": row.name, "description": row.description, "properties": row.properties}


def _tell_placed(row: Placed) -> Json:
    shape = "location" if isinstance(row, Location) else "feature"
    return {**_tell_shared(row), "encodingType": row.encoding_type, shape: row.shape}


def _tell_history(history: HistoricalLocation) -> Json:
    return {"time": times.told(clock.to_us(history.time))}


def _tell_datastream(stream: Datastream) -> Json:
    unit = {
        "name": stream.unit_name,
        "symbol": stream.unit_symbol,
        "definition": stream.unit_definition,
    }
    return {
        "name": stream.name,
        "description": stream.description,
        "properties": stream.properties,
        "unitOfMeasurement": unit,
        "observationType": stream.observation_type,
        "observedArea": stream.observed_area,
    }


def _tell_sensor(sensor: Sensor) -> Json:
    return {**_tell_shared(sensor), "encodingType": sensor.encoding_type, "metadata": sensor.metadata}


def _tell_observed(row: ObservedProperty) -> Json:
    return {**_tell_shared(row), "definition": row.definition}


def _tell_observation(key: ObservationId, stored: Reading | None, detail: ObservationDetail | None) -> Json:
    told: Json = {"phenomenonTime": times.told(key.time), "result": stored.value if stored else None}
    if detail is None:
        return told
    if stored is None:
        told["result"] = detail.result
    told["phenomenonTime"] = Span(key.time, detail.phenomenon_end).text
    if detail.result_time is not None:
        told["resultTime"] = times.told(detail.result_time)
    if detail.valid_start is not None:
        told["validTime"] = Span(detail.valid_start, detail.valid_end).text
    return {**told, "resultQuality": detail.result_quality, "parameters": detail.parameters}


_TELL: Mapping[str, Callable[[Any], Json]] = {
    "Thing": _tell_thing,
    "Location": _tell_placed,
    "HistoricalLocation": _tell_history,
    "Datastream": _tell_datastream,
    "Sensor": _tell_sensor,
    "ObservedProperty": _tell_observed,
    "FeatureOfInterest": _tell_placed,
}
_UPDATE: Mapping[str, Callable[[Any, Any, _Links, Actor], None]] = {
    "Thing": _update_thing,
    "Location": _update_location,
    "HistoricalLocation": _update_history,
    "Datastream": _update_datastream,
    "Sensor": _update_sensor,
    "ObservedProperty": _update_observed,
    "FeatureOfInterest": _update_feature,
}
