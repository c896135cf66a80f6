"""Everything that is measured, in memory, for screens that look at all of it at once.

Things, series and thresholds are loaded when they changed; the newest readings are asked of the store at most
every other second, so that a screen opens with none older than that, whoever wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from toancanh.kernel.declare import Actor, Limit, SeriesType
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.brief import Brief
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import Measured, described, limits_on
from toancanh.kernel.telemetry.store import Reading


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a series besides its readings."""

    key: int
    kind: str
    path: str
    thing: Thing
    series: Series
    declared: SeriesType
    limits: tuple[Limit, ...]


_known: tuple[tuple[int, int, date], tuple[Known, ...]] | None = None
_newest: Brief[dict[int, Reading]] = Brief(2.0)
_own: Brief[list[Measured]] = Brief(2.0)


def own(to: Actor, at: datetime, kind: str = "") -> list[Measured]:
    """Series of the things that the actor answers for, of one kind where it is named, newest reading each."""
    paths = to.paths("console.see")
    everything = _own.get(paths, lambda: _measured(paths, at))
    return [one for one in everything if one.thing.kind == kind] if kind else everything


def _measured(paths: tuple[str, ...], at: datetime) -> list[Measured]:
    newest = _newest.get("newest", lambda: engine.store().latest())
    return [
        Measured(
            thing=one.thing,
            series=one.series,
            declared=one.declared,
            reading=newest.get(one.key),
            limits=one.limits,
            at=at,
        )
        for one in _current(at)
        if one.path.startswith(paths)
    ]


def _current(at: datetime) -> tuple[Known, ...]:
    global _known
    day = at.astimezone(clock.VIETNAM).date()
    seen = (revision.current("directory"), revision.current("territory"), day)
    if _known is None or _known[0] != seen:
        _known = (seen, _load(day))
    return _known[1]


def _load(day: date) -> tuple[Known, ...]:
    limits = limits_on(day)
    rows = Series.objects.filter(is_active=True, thing__is_active=True).select_related(
        "thing__unit", "thing__organisation"
    )
    return tuple(
        Known(
            row.pk,
            row.thing.kind,
            row.thing.unit.path,
            row.thing,
            row,
            described(row.thing.kind, row),
            limits.get(row.pk, ()),
        )
        for row in rows.order_by("thing__code", "name")
    )


def forget() -> None:
    """Look at everything anew."""
    global _known
    _known = None
    _newest.forget()
    _own.forget()
