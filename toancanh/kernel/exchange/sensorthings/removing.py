"""Deleting entities and what cannot be without them; nothing is erased, everything stays on record."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.exchange.sensorthings import actions
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.keeping import Keeper
from toancanh.kernel.exchange.sensorthings.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Location,
    ObservationDetail,
    ObservedProperty,
    Sensor,
    Shared,
)
from toancanh.kernel.exchange.sensorthings.recording import record
from toancanh.kernel.registry import actions as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.telemetry import actions as telemetry
from toancanh.lib.errors import Refused

MOST_OBSERVATIONS = 10_000
"""Observations that go with their feature of interest in one request."""


@transaction.atomic
def remove(row: Thing | Datastream | Shared | HistoricalLocation, *, by: Actor, keeper: Keeper) -> None:
    """Delete an entity other than an observation; raises Refused for what the locality itself declares."""
    if isinstance(row, Thing):
        # Its datastreams, their observations and its history are told no longer than it is.
        registry.retire(row, by=by)
        record(by, "removed", "Thing", row.pk)
    elif isinstance(row, Datastream):
        _end([row], by)
    else:
        _remove_text(row, by, keeper)


def _remove_text(row: Shared | HistoricalLocation, by: Actor, keeper: Keeper) -> None:
    if isinstance(row, Sensor | ObservedProperty):
        if row.is_derived:
            text = _("%(name)s is declared by the kind of its stations and cannot be deleted.")
            raise Refused(text % {"name": row.name}, "in_use")
        _end(row.datastreams.filter(series__is_active=True, series__thing__is_active=True), by)
    elif isinstance(row, Location):
        for history in row.historical_locations.filter(is_removed=False):
            actions.remove(history, by=by)
        row.things.clear()
    actions.remove(row, by=by)
    if isinstance(row, FeatureOfInterest):
        _withdraw_of(row, keeper)


def _end(streams: Iterable[Datastream], by: Actor) -> None:
    for stream in streams:
        series = stream.series
        telemetry.end_series(series, by=by)
        record(by, "removed", "Datastream", stream.pk)


def _withdraw_of(feature: FeatureOfInterest, keeper: Keeper) -> None:
    """Take the observations out that name the feature; those of a thing's own place are too many for that."""
    if feature.historical_locations.filter(is_removed=False, thing__is_active=True).exists():
        text = _("%(name)s is the place of a station; what was observed there stays.")
        raise Refused(text % {"name": feature.name}, "in_use")
    found = ObservationDetail.objects.filter(feature=feature).values_list("series_id", "time")
    keys = [ObservationId(*key) for key in found[: MOST_OBSERVATIONS + 1]]
    if len(keys) > MOST_OBSERVATIONS:
        text = _("More than %(most)s observations are of %(name)s; delete them first.")
        raise Refused(text % {"most": MOST_OBSERVATIONS, "name": feature.name}, "in_use")
    keeper.withdraw(keys)
