"""Observations with all that may be told of them, and where it is: in the store, and beside it.

A number is a reading of the store, whatever else is told of it; a result that is no number is here alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import times
from toancanh.kernel.exchange.sensorthings.bodies import ObservationBody, Value
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.models import Datastream, ObservationDetail
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.directory import SeriesInfo
from toancanh.kernel.telemetry.intake import Code
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.store import Reading

DOOR = "sensorthings"
TEXTS: Mapping[Code, Callable[[], str]] = {
    "unknown_thing": lambda: _("There is no such datastream."),
    "unknown_series": lambda: _("There is no such datastream."),
    "forbidden": lambda: _("This token may not write for that station."),
    "future": lambda: _("phenomenonTime is more than 5 minutes ahead; set the device's clock."),
    "too_old": lambda: _("phenomenonTime is more than 20 years ago; check the year."),
    "conflict": lambda: _("Another result is kept for that time; correct it with PATCH."),
    "not_numeric": lambda: _("This datastream takes numbers only; its observationType says so."),
}
COLUMNS = (
    "phenomenon_end",
    "result_time",
    "result",
    "result_quality",
    "valid_start",
    "valid_end",
    "parameters",
    "feature_id",
)
PART = 500
"""Rows in one statement."""
NUMERIC = ("/OM_Measurement", "/OM_CountObservation")
"""Ends of the observation types whose results are numbers."""


@dataclass
class Seen:
    """An observation that is to be kept."""

    series: int
    time: int
    value: float | None
    """The number; None where the result is none, and then `beside` holds it."""
    beside: dict[str, Any] = field(default_factory=dict)
    """Columns of `ObservationDetail`; empty in the plain case."""
    correction: bool = False

    @property
    def id(self) -> ObservationId:
        """What it will be called."""
        return ObservationId(self.series, self.time)


class Unread(NamedTuple):
    """A row that could not be read: of which datastream it is, what it was, what is wrong with it."""

    series: int
    raw: bytes
    fault: str


def seen(series: int, body: ObservationBody, now: int, feature: int | None = None) -> Seen:
    """What a body says; a time that it leaves out is the present one."""
    span = times.span(body.phenomenonTime, "phenomenonTime") if body.phenomenonTime else times.Span(now, None)
    valid = times.span(body.validTime, "validTime") if body.validTime else None
    told = {
        "phenomenon_end": span.end,
        "result_time": times.moment(body.resultTime, "resultTime") if body.resultTime else None,
        "result_quality": body.resultQuality,
        "valid_start": valid.start if valid else None,
        "valid_end": valid.end if valid else None,
        "parameters": body.parameters,
        "feature_id": feature,
    }
    value = number(body.result)
    if value is None:
        told["result"] = body.result
    return Seen(series, span.start, value, {name: said for name, said in told.items() if said is not None})


def number(result: Value) -> float | None:
    """The result as the store keeps it; None where it is no number."""
    if isinstance(result, bool) or not isinstance(result, int | float):
        return None
    try:
        found = float(result)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


@dataclass(frozen=True)
class Known:
    """A series that may be written, and whether its observation type asks for numbers."""

    info: SeriesInfo
    is_numeric: bool


def known(observations: Iterable[Seen]) -> dict[int, Known]:
    """The active series of the observations."""
    wanted = {one.series for one in observations}
    rows = Series.objects.filter(pk__in=wanted, is_active=True, thing__is_active=True)
    columns = ("pk", "thing__code", "name", "low", "high", "period_s", "datastream__observation_type")
    return {
        key: Known(SeriesInfo(key, thing, name, low, high, period), (sort or NUMERIC[0]).endswith(NUMERIC))
        for key, thing, name, low, high, period, sort in rows.values_list(*columns)
    }


def mixed() -> frozenset[int]:
    """Series whose observation type asks for something else than numbers: few, and looked at with care."""
    numeric = Q()
    for end in NUMERIC:
        numeric |= Q(observation_type__endswith=end)
    return frozenset(Datastream.objects.exclude(numeric).values_list("pk", flat=True))


def mixed_alone() -> frozenset[int]:
    """`mixed` for a thread that keeps no connection."""
    try:
        return mixed()
    finally:
        connection.close()


def reading(key: ObservationId) -> Reading | None:
    """The reading of the store that the observation is; None where it has none."""
    found = engine.store().range(key.series, key.time, key.time + 1, limit=1)
    return found[0] if found else None


def details(keys: Iterable[ObservationId]) -> dict[ObservationId, ObservationDetail]:
    """What is kept beside the store of these observations."""
    times_of: dict[int, list[int]] = {}
    for key in keys:
        times_of.setdefault(key.series, []).append(key.time)
    return {
        ObservationId(row.series_id, row.time): row
        for series, at in times_of.items()
        for start in range(0, len(at), PART)
        for row in ObservationDetail.objects.filter(series=series, time__in=at[start : start + PART])
    }
