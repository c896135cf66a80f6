"""Making entities as a body describes them: new ones within new ones, and links to those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sensorthings import actions, deriving, ids, observing, stations, times
from toancanh.kernel.exchange.sensorthings.bodies import (
    DatastreamBody,
    Draft,
    FeatureBody,
    HistoricalLocationBody,
    Id,
    LocationBody,
    ObservationBody,
    ObservedPropertyBody,
    SensorBody,
    ThingBody,
)
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservedProperty,
    Sensor,
)
from toancanh.kernel.exchange.sensorthings.observing import Seen
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import Refused

Made = Model | ObservationId
Row = TypeVar("Row", bound=Model)
Back = Mapping[str, Sequence[Model]]
"""What a new entity is linked to because of where it stands, by navigation property."""

SOURCES: Mapping[type[Model], Callable[[], QuerySet[Any]]] = {
    Thing: lambda: Thing.objects.filter(is_active=True).select_related("unit"),
    Datastream: lambda: Datastream.objects.filter(
        series__is_active=True, series__thing__is_active=True
    ).select_related("series__thing__unit", "sensor", "observed_property"),
    Location: lambda: Location.objects.filter(is_removed=False),
    HistoricalLocation: lambda: HistoricalLocation.objects.filter(
        is_removed=False, thing__is_active=True
    ).select_related("thing__unit"),
    Sensor: lambda: Sensor.objects.filter(is_removed=False),
    ObservedProperty: lambda: ObservedProperty.objects.filter(is_removed=False),
    FeatureOfInterest: lambda: FeatureOfInterest.objects.filter(is_removed=False),
}
"""The rows that are told, by model."""
MODELS: Mapping[str, type[Model]] = {model.__name__: model for model in SOURCES}


def find(model: type[Row], told: Id) -> Row | None:
    """The entity with that id; None where there is none that is told."""
    key = ids.number(told)
    if key is None:
        return None
    found: Row | None = SOURCES[model]().filter(pk=key).first()
    if found is None and model is Datastream:
        # A series of the locality's own may not have been asked for yet.
        deriving.follow()
        found = SOURCES[model]().filter(pk=key).first()
    return found


class Maker:
    """Makes what one request describes, inside its transaction.

    Observations are gathered in `observations`, to be kept once everything that they belong to is committed.
    """

    def __init__(self, by: Actor) -> None:
        self._by = by
        self._now = clock.now_us()
        self.observations: list[Seen] = []

    def make(self, draft: Draft, back: Back | None = None) -> Made:
        """The entity and everything within it."""
        return _MAKE[draft.kind](self, draft, back or {})

    def _thing(self, draft: Draft, back: Back) -> Thing:
        assert isinstance(draft.own, ThingBody)
        _unlinkable(draft, "HistoricalLocations", "Datastreams")
        locations = self._several(draft, "Locations", Location, back)
        thing = stations.register(draft.own, locations, by=self._by)
        actions.place(thing, locations, by=self._by)
        self._within(draft, "HistoricalLocations", {"Thing": [thing]})
        self._within(draft, "Datastreams", {"Thing": [thing]})
        return thing

    def _location(self, draft: Draft, back: Back) -> Location:
        assert isinstance(draft.own, LocationBody)
        location = actions.write_location(draft.own, by=self._by)
        for thing in self._linked(draft, "Things", Thing, back):
            actions.place(thing, [location], by=self._by)
        for history in self._linked(draft, "HistoricalLocations", HistoricalLocation, back):
            history.locations.add(location)
        self._within(draft, "Things", {"Locations": [location]})
        self._within(draft, "HistoricalLocations", {"Locations": [location]})
        return location

    def _historical_location(self, draft: Draft, back: Back) -> HistoricalLocation:
        assert isinstance(draft.own, HistoricalLocationBody)
        thing = self._one(draft, "Thing", Thing, back)
        locations = self._several(draft, "Locations", Location, back)
        time = clock.from_us(times.moment(draft.own.time, "time"))
        return actions.write_history(thing, time, locations, by=self._by)

    def _sensor(self, draft: Draft, back: Back) -> Sensor:
        assert isinstance(draft.own, SensorBody)
        _unlinkable(draft, "Datastreams")
        sensor = actions.write_sensor(draft.own, by=self._by)
        self._within(draft, "Datastreams", {"Sensor": [sensor]})
        return sensor

    def _observed_property(self, draft: Draft, back: Back) -> ObservedProperty:
        assert isinstance(draft.own, ObservedPropertyBody)
        _unlinkable(draft, "Datastreams")
        observed = actions.write_observed_property(draft.own, by=self._by)
        self._within(draft, "Datastreams", {"ObservedProperty": [observed]})
        return observed

    def _datastream(self, draft: Draft, back: Back) -> Datastream:
        assert isinstance(draft.own, DatastreamBody)
        _unlinkable(draft, "Observations")
        thing = self._one(draft, "Thing", Thing, back)
        sensor = self._one(draft, "Sensor", Sensor, back)
        observed = self._one(draft, "ObservedProperty", ObservedProperty, back)
        stream = stations.write_datastream(thing, draft.own, sensor, observed, by=self._by)
        self._within(draft, "Observations", {"Datastream": [stream]})
        return stream

    def _feature(self, draft: Draft, back: Back) -> FeatureOfInterest:
        assert isinstance(draft.own, FeatureBody)
        _unlinkable(draft, "Observations")
        feature = actions.write_feature(draft.own, by=self._by)
        self._within(draft, "Observations", {"FeatureOfInterest": [feature]})
        return feature

    def _observation(self, draft: Draft, back: Back) -> ObservationId:
        assert isinstance(draft.own, ObservationBody)
        stream = self._one(draft, "Datastream", Datastream, back)
        features = self._several(draft, "FeatureOfInterest", FeatureOfInterest, back)
        # Two that leave out their time are not of the same moment.
        self._now += 1
        feature = features[0].pk if features else None
        seen = observing.seen(stream.pk, draft.own, self._now, feature)
        self.observations.append(seen)
        return seen.id

    def _one(self, draft: Draft, name: str, model: type[Row], back: Back) -> Row:
        found = self._several(draft, name, model, back)
        if not found:
            text = _("%(kind)s needs %(name)s: a link by @iot.id, or a new entity.")
            raise Refused(text % {"kind": draft.kind, "name": name}, "bad_body")
        return found[0]

    def _several(self, draft: Draft, name: str, model: type[Row], back: Back) -> list[Row]:
        """What is linked, and what is made new within the draft."""
        found = self._linked(draft, name, model, back)
        for inner in draft.new.get(name, ()):
            made = self.make(inner)
            assert isinstance(made, model)
            found.append(made)
        return found

    def _linked(self, draft: Draft, name: str, model: type[Row], back: Back) -> list[Row]:
        found = [row for row in back.get(name, ()) if isinstance(row, model)]
        for told in draft.links.get(name, ()):
            row = find(model, told)
            if row is None:
                text = _("%(kind)s links to %(name)s %(id)s, which is not there.")
                said = {"kind": draft.kind, "name": name, "id": told}
                raise Refused(text % said, "bad_link")
            if row not in found:
                found.append(row)
        return found

    def _within(self, draft: Draft, name: str, back: Back) -> None:
        for inner in draft.new.get(name, ()):
            self.make(inner, back)


def _unlinkable(draft: Draft, *names: str) -> None:
    """Entities that belong to another one for good are not moved to a new one by a link."""
    for name in names:
        if name in draft.links:
            text = _("%(name)s cannot be linked to a new %(kind)s; make them within it, or after it.")
            raise Refused(text % {"name": name, "kind": draft.kind}, "bad_link")


_MAKE: Mapping[str, Callable[[Maker, Draft, Back], Made]] = {
    "Thing": Maker._thing,
    "Location": Maker._location,
    "HistoricalLocation": Maker._historical_location,
    "Datastream": Maker._datastream,
    "Sensor": Maker._sensor,
    "ObservedProperty": Maker._observed_property,
    "Observation": Maker._observation,
    "FeatureOfInterest": Maker._feature,
}
