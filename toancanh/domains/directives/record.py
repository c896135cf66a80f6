"""One row for each order of a period, made of its story and clocks: what the year's evaluation is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, QuerySet

from toancanh.domains.directives.kind import KIND
from toancanh.kernel.cases import access, reckoning
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.cases.reckoning import WALL
from toancanh.kernel.declare import Actor
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.kernel.territory.calendars.models import WorkCalendar

MOST = 30_000
"""Orders of one count; a longer period is refused."""
BATCH = 500
FALLBACK_DAY = 480
"""Minutes of a working day where no calendar counts."""


@dataclass(frozen=True)
class Row:
    """One order, with all its rounds."""

    code: str
    title: str
    organisation_code: str
    organisation: str
    given_at: datetime
    state: str
    """``open``, ``done`` or ``revoked``."""
    due_at: datetime | None
    ended_at: datetime | None
    lateness: int
    """Working minutes behind the term as it was extended, the worst of its rounds; 0 while it is open …"""
    first_lateness: int
    """… and behind the term as it was first given."""
    is_overdue: bool
    """Open, its term running and over when the rows were made."""
    returned: int
    """Times that the result was returned."""
    days: float | None
    """Working days of its rounds until the result that was accepted, without those in which it waited."""

    @property
    def outcome(self) -> str:
        """``on_time``, ``extended``, ``late``, ``overdue``, ``open`` or ``revoked``."""
        if self.state == "open":
            return "overdue" if self.is_overdue else "open"
        if self.state == "revoked":
            return "revoked"
        if self.lateness:
            return "late"
        return "extended" if self.first_lateness else "on_time"


@dataclass(frozen=True)
class Span:
    """Days on which orders were given, both included."""

    first: date
    last: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moments at which it begins and is over."""
        start = datetime.combine(self.first, time(), clock.VIETNAM)
        return start, datetime.combine(self.last + timedelta(days=1), time(), clock.VIETNAM)


def count(span: Span, to: Actor) -> int:
    """How many orders were given in that time, of those that the actor may see."""
    return _wanted(span, to).count()


def _wanted(span: Span, to: Actor) -> QuerySet[Case]:
    start, end = span.bounds
    found = access.visible(to).filter(kind=KIND, opened_at__gte=start, opened_at__lt=end)
    return found.select_related("organisation").order_by("opened_at", "pk")


def rows(span: Span, to: Actor) -> Iterator[Row]:
    """Rows of the orders given in that time, oldest first. Six queries for each 500."""
    batch: list[Case] = []
    for case in _wanted(span, to).iterator(BATCH):
        batch.append(case)
        if len(batch) == BATCH:
            yield from _batch(batch)
            batch = []
    yield from _batch(batch)


def _batch(cases: list[Case]) -> Iterator[Row]:
    if not cases:
        return
    keys, now = [case.pk for case in cases], clock.now()
    clocks: dict[int, list[Clock]] = {}
    found = Clock.objects.filter(case__in=keys, is_main=True).select_related("calendar")
    for one in found.prefetch_related("pauses").order_by("round"):
        clocks.setdefault(one.case_id, []).append(one)
    returned = Event.objects.filter(case__in=keys, kind="moved", content__move="return").order_by()
    returns = dict(returned.values_list("case").annotate(n=Count("pk")))
    known: dict[int, WorkCalendar] = {
        one.calendar.pk: one.calendar for own in clocks.values() for one in own if one.calendar
    }
    times = calendars.working_times(list(known.values()))
    for case in cases:
        yield _row(case, clocks.get(case.pk, []), returns.get(case.pk, 0), times, now)


def _row(case: Case, clocks: list[Clock], returned: int, times: dict[int, Any], now: datetime) -> Row:
    newest = clocks[-1] if clocks else None
    state = "open" if case.is_open else "done" if case.phase == "closed" else "revoked"
    running = newest is not None and newest.stopped_at is None and newest.due_at is not None
    late_now = running and newest is not None and newest.due_at is not None and newest.due_at < now
    return Row(
        code=case.code,
        title=case.title,
        organisation_code=case.organisation.code if case.organisation else "",
        organisation=case.organisation.name if case.organisation else "",
        given_at=case.opened_at,
        state=state,
        due_at=newest.due_at if newest else None,
        ended_at=case.closed_at,
        lateness=max((one.lateness or 0 for one in clocks), default=0),
        first_lateness=max((one.first_lateness or 0 for one in clocks), default=0),
        is_overdue=bool(late_now) and case.state != "reported",
        returned=returned,
        days=_days(clocks, times) if state == "done" else None,
    )


def _days(clocks: Iterable[Clock], times: dict[int, Any]) -> float:
    """Working days that its rounds took, without the time in which a result waited for its acceptance."""
    total = 0.0
    for one in clocks:
        if one.stopped_at is None:
            continue
        time = times.get(one.calendar_id or 0, WALL)
        pauses = reckoning.closed([(p.since, p.until) for p in one.pauses.all()], one.stopped_at)
        minutes = time.elapsed(one.begins_at, one.stopped_at)
        minutes -= sum(time.elapsed(since, until) for since, until in pauses)
        day = FALLBACK_DAY
        if one.calendar_id in times:
            day = time.week(one.begins_at.astimezone(clock.VIETNAM).date()).day_minutes
        total += max(0, minutes) / day
    return total
