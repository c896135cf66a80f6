"""How long is left until a due time, or how long it is over: in the working time by which it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from toancanh.kernel.cases.models import Clock
from toancanh.kernel.cases.reckoning import WALL, Time
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.lib.worktime.calendar import Calendar

HOUR, WALL_DAY = 60, 24 * 60
State = Literal["fine", "soon", "over", "stands", "ended"]
Times = Mapping[int, Calendar]
"""How calendars count, by primary key: asked for once for everything that a page says."""


@dataclass(frozen=True)
class Countdown:
    """Where a term stands, as a word and a span."""

    state: State
    text: str
    minutes: int
    """Left, or over."""


def laid_out(rows: Iterable[Clock]) -> Times:
    """How the calendars of clocks count. One query for all of them, where they were read with the clocks."""
    return calendars.working_times(
        list({row.calendar.pk: row.calendar for row in rows if row.calendar}.values())
    )


def day_minutes(calendar: WorkCalendar | None, at: datetime, times: Times) -> int:
    """How many minutes a day of that calendar has by the decision in force."""
    if calendar is None:
        return WALL_DAY
    return times[calendar.pk].week(at.astimezone(clock.VIETNAM).date()).day_minutes


def span(minutes: int, day: int) -> str:
    """2 days 3 hours, 45 minutes: in at most two units; ``day`` is how many minutes a day counts."""
    days, rest = divmod(max(0, minutes), day)
    hours, rest = divmod(rest, HOUR)
    parts = []
    if days:
        parts.append(ngettext("%(n)s day", "%(n)s days", days) % {"n": days})
    if hours:
        parts.append(ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours})
    if (rest and not days) or not parts:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", rest) % {"n": rest})
    return " ".join(parts)


def of(row: Clock, now: datetime, times: Times) -> Countdown:
    """Where a clock stands now."""
    day = day_minutes(row.calendar, now, times)
    if row.stopped_at is not None:
        late = row.lateness or 0
        text = _("late by %(span)s") % {"span": span(late, day)} if late else _("on time")
        return Countdown("ended", text, late)
    if row.due_at is None:
        return Countdown("stands", _("stands still"), 0)
    due, soon = row.due_at, row.soon_at
    time: Time = WALL if row.calendar is None else times[row.calendar.pk]
    if now > due:
        over = time.elapsed(due, now)
        return Countdown("over", _("overdue by %(span)s") % {"span": span(over, day)}, over)
    left = time.elapsed(now, due)
    state: State = "soon" if soon is not None and now >= soon else "fine"
    return Countdown(state, _("%(span)s left") % {"span": span(left, day)}, left)
