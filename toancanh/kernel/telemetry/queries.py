"""What things measure now: newest readings with their thresholds, level and words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from django.db.models import Q

from toancanh.kernel import catalogue
from toancanh.kernel.declare import Limit, SeriesType, Title
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series, Threshold
from toancanh.kernel.telemetry.store import OUT_OF_RANGE, Reading
from toancanh.lib.rounding import rounded


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One series of one thing with its newest reading, judged by the thresholds in force."""

    thing: Thing
    series: Series
    declared: SeriesType
    reading: Reading | None
    limits: tuple[Limit, ...]
    at: datetime

    @property
    def key(self) -> str:
        """``thing/series``, as pages and the live stream name it."""
        return f"{self.thing.code}/{self.series.name}"

    @property
    def time(self) -> datetime | None:
        """When the newest reading was taken."""
        return clock.from_us(self.reading.time) if self.reading else None

    @cached_property
    def rank(self) -> int:
        """How many thresholds the value has reached; -1 where there is nothing to judge."""
        return rank(self.reading, self.limits, self.precision) if self.reading else -1

    @property
    def level_name(self) -> str:
        """Name of the highest threshold reached, such as BĐ2; empty below the first."""
        return self.limits[self.rank - 1].name if self.rank > 0 else ""

    @cached_property
    def is_silent(self) -> bool:
        """Nothing heard for twice the period."""
        if self.reading is None:
            return True
        return clock.to_us(self.at) - self.reading.time > 2 * self.series.period_s * 1_000_000

    @property
    def per(self) -> int:
        """Minutes that one reading adds up over, such as the 5 of rain in 5 minutes; 0 for a level."""
        return self.series.period_s // 60 if self.declared.adds_up else 0

    @cached_property
    def urgency(self) -> tuple[bool, bool, int, float, str]:
        """Sorts what a person should see first to the front: real stations that speak and stand high.

        At the same level the one nearer to the next comes first; above the last, the one further above.
        """
        value = self.reading.value if self.reading else 0.0
        next_up = [limit.value for limit in self.limits if limit.value > value] or [
            limit.value for limit in self.limits[-1:]
        ]
        margin = next_up[0] - value if next_up else -value
        return self.thing.is_sample, self.is_silent, -self.rank, margin, self.thing.code

    @property
    def precision(self) -> int:
        """Decimals that people write of this quantity."""
        return self.declared.precision

    def sentence(self, language: str) -> str:
        """The reading as bulletins of its field write it; empty without a plausible one."""
        if self.reading is None or self.declared.sentence is None:
            return ""
        if self.reading.quality & OUT_OF_RANGE:
            return ""
        return self.declared.sentence(self.reading.value, self.limits, language)


def described(kind: str, series: Series) -> SeriesType:
    """What the series measures: as its kind declares it, else as it was described when it was defined."""
    declared = catalogue.series_type(kind, series.name)
    if declared is not None:
        return declared
    title = series.title or series.name
    return SeriesType(
        name=series.name,
        title=Title(title, series.title_en or title),
        unit=series.unit,
        low=series.low,
        high=series.high,
        period=series.period_s,
    )


def precision(kind: str, name: str) -> int:
    """Decimals that people write of what things of ``kind`` measure under ``name``."""
    declared = catalogue.series_type(kind, name)
    return declared.precision if declared else 2


def rank(reading: Reading, limits: Sequence[Limit], precision: int) -> int:
    """How many of the limits the reading has reached; -1 without limits or where it is not plausible.

    Judged is the figure that people read: 1.996 m is written 2.00 m and has reached 2.00 m.
    """
    if not limits or reading.quality & OUT_OF_RANGE:
        return -1
    shown = rounded(reading.value, precision)
    return sum(1 for limit in limits if shown >= limit.value)


def limits_on(day: date, series: Iterable[int] | None = None) -> dict[int, tuple[Limit, ...]]:
    """Thresholds in force on a day by series, lowest first."""
    rows = Threshold.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
    if series is not None:
        rows = rows.filter(series__in=list(series))
    newest: dict[tuple[int, str], Threshold] = {}
    for row in rows.order_by("valid_from"):
        newest[row.series_id, row.name] = row
    found: defaultdict[int, list[Limit]] = defaultdict(list)
    for row in newest.values():
        found[row.series_id].append(Limit(name=row.name, value=row.value, verified=row.is_verified))
    return {key: tuple(sorted(limits, key=lambda limit: limit.value)) for key, limits in found.items()}


def measured(things: Sequence[Thing], at: datetime | None = None) -> list[Measured]:
    """The newest reading of every series of these things: three queries however many they are."""
    now = at or clock.now()
    by_id = {thing.pk: thing for thing in things}
    rows = list(Series.objects.filter(thing__in=list(by_id), is_active=True).order_by("thing__code", "name"))
    ids = [row.pk for row in rows]
    newest = engine.store().latest(ids) if ids else {}
    limits = limits_on(now.astimezone(clock.VIETNAM).date(), ids)
    found = []
    for row in rows:
        thing = by_id[row.thing_id]
        found.append(
            Measured(
                thing=thing,
                series=row,
                declared=described(thing.kind, row),
                reading=newest.get(row.pk),
                limits=limits.get(row.pk, ()),
                at=now,
            )
        )
    return found


def thresholds(series: Series) -> list[Threshold]:
    """Every threshold the series ever had, with source and validity."""
    return list(series.thresholds.order_by("-valid_from", "value"))
