"""One observation: a reading of the store with what is kept beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toancanh.kernel.exchange.sensorthings import times
from toancanh.kernel.exchange.sensorthings.entities import IDS, Property
from toancanh.kernel.exchange.sensorthings.ids import ObservationId
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.exchange.sensorthings.models import ObservationDetail
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.store import CORRECTED, OUT_OF_RANGE

TRUTH = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_TruthObservation"
_KEYS = 400
_EXACT = 2.0**53
"""Above it a whole number is only as exact as its first digits."""


@dataclass(slots=True)
class Observation:
    """One observation with all that is told of it but its links."""

    series: int
    time: int
    value: float | None
    quality: int = 0
    detail: ObservationDetail | None = None
    type: str = ""
    feature: int | None = None

    @property
    def key(self) -> str:
        """Its id."""
        return str(ObservationId(self.series, self.time))

    @property
    def result(self) -> Any:  # noqa: ANN401 - a number, or what its client sent
        """The result as its client sent it: a whole number without a fraction, true or false for truths."""
        if self.value is None:
            return self.detail.result if self.detail else None
        if self.type == TRUTH:
            return self.value != 0.0
        return int(self.value) if self.value.is_integer() and abs(self.value) < _EXACT else self.value

    @property
    def phenomenon_time(self) -> Period:
        """When it was so."""
        start = clock.from_us(self.time)
        end = self.detail.phenomenon_end if self.detail else None
        return Period(start, start if end is None else clock.from_us(end))

    @property
    def result_time(self) -> datetime | None:
        """When the result came about; None where its client did not say."""
        at = self.detail.result_time if self.detail else None
        return None if at is None else clock.from_us(at)

    @property
    def valid_time(self) -> Period | None:
        """For how long it may be used."""
        detail = self.detail
        if detail is None or detail.valid_start is None:
            return None
        end = detail.valid_start if detail.valid_end is None else detail.valid_end
        return Period(clock.from_us(detail.valid_start), clock.from_us(end))

    @property
    def result_quality(self) -> Any:  # noqa: ANN401 - JSON
        """What its client said, else what was found when it was taken in."""
        if self.detail is not None and self.detail.result_quality is not None:
            return self.detail.result_quality
        if self.quality & OUT_OF_RANGE:
            return {"DQ_Status": {"code": "out_of_range"}}
        return {"DQ_Status": {"code": "corrected"}} if self.quality & CORRECTED else None

    def value_of(self, prop: Property) -> Any:  # noqa: ANN401 - any value
        """A property; the two that every list tells of every row without looking further."""
        if prop.name == "phenomenonTime" and self.detail is None:
            return times.told(self.time)
        return self.told(prop.name)

    def told(self, name: str) -> Any:  # noqa: ANN401 - any value
        """A property by its name."""
        if name in IDS:
            return self.key
        if name == "parameters":
            return self.detail.parameters if self.detail else None
        return getattr(self, _ATTRIBUTES[name])


_ATTRIBUTES = {
    "phenomenonTime": "phenomenon_time",
    "resultTime": "result_time",
    "result": "result",
    "resultQuality": "result_quality",
    "validTime": "valid_time",
}


def details_of(keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], ObservationDetail]:
    """The rows of those keys that are there."""
    if not keys:
        return {}
    series = {key[0] for key in keys}
    if len(series) == 1:
        times = [key[1] for key in keys]
        rows = ObservationDetail.objects.filter(series=keys[0][0], time__range=(min(times), max(times)))
        return {(row.series_id, row.time): row for row in rows}
    table = ObservationDetail._meta.db_table
    found: dict[tuple[int, int], ObservationDetail] = {}
    for start in range(0, len(keys), _KEYS):
        part = keys[start : start + _KEYS]
        marks = ", ".join(["(%s, %s)"] * len(part))
        statement = f"SELECT * FROM {table} WHERE (series_id, time) IN (VALUES {marks})"  # our own table name
        for row in ObservationDetail.objects.raw(statement, list(itertools.chain.from_iterable(part))):
            found[row.series_id, row.time] = row
    return found


def rank_of(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any value
    """Sorts values of every sort: nothing first, then numbers, times, texts, the rest."""
    if value is None:
        return (0,)
    if isinstance(value, bool | int | float):
        return 1, value
    if isinstance(value, datetime | Period):
        return 2, value.start if isinstance(value, Period) else value
    return (3, value) if isinstance(value, str) else (4, str(value))
