"""Where cases stand by their terms, many at once: a word, and how much working time is left or missed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import get_language, gettext

from toancanh.kernel.cases.countdown import HOUR, WALL_DAY, span
from toancanh.kernel.cases.models import Case, Clock
from toancanh.kernel.cases.reckoning import WALL, Time
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.lib.worktime.calendar import Calendar, OutOfReach
from toancanh.web import formats

_ = gettext
DAY = 8 * HOUR
"""Of what ended: its calendar is not read again."""

Due = Literal["late", "soon", "ahead", "paused", "none", "over", "over_late", "over_extended"]
"""Of an open case by its clocks; of one that ended, whether in time, too late, or in time as extended."""
ICONS: dict[str, str] = {
    "late": "alert-triangle",
    "soon": "clock-exclamation",
    "ahead": "clock",
    "paused": "player-pause",
    "none": "circle-dashed",
    "over": "circle-check",
    "over_late": "alert-circle",
    "over_extended": "circle-check",
}


@dataclass(frozen=True)
class Chip:
    """What a countdown says: its state as a word, how much is left or missed, and the due time."""

    due: Due
    word: str
    left: str = ""
    at: datetime | None = None

    @property
    def icon(self) -> str:
        """Beside the word, so that it is not told by colour alone."""
        return ICONS[self.due]


def due(case: Case, now: datetime) -> Due:
    """Where a case stands by its term."""
    if not case.is_open:
        if case.lateness:
            return "over_late"
        return "over_extended" if case.is_extended else "over"
    if case.due_at is None:
        # Between rounds no clock is there; one that stands still is known by `chips`.
        return "none"
    if case.due_at <= now:
        return "late"
    return "soon" if case.soon_at is not None and case.soon_at <= now else "ahead"


def chips(cases: Iterable[Case], now: datetime | None = None) -> dict[int, Chip]:
    """The countdown of each case by its primary key. Two queries, whatever their number."""
    rows, now = list(cases), now or clock.now()
    running: dict[int, list[Clock]] = {}
    open_ones = [row.pk for row in rows if row.is_open]
    clocks = Clock.objects.filter(case__in=open_ones, stopped_at=None).select_related("calendar")
    for one in clocks.order_by("pk"):
        running.setdefault(one.case_id, []).append(one)
    needed = {one.calendar.pk: one.calendar for own in running.values() for one in own if one.calendar}
    times = calendars.working_times(list(needed.values()))
    return {row.pk: _chip(row, running.get(row.pk, []), times, now) for row in rows}


def _chip(case: Case, clocks: list[Clock], times: dict[int, Calendar], now: datetime) -> Chip:
    state = due(case, now)
    if state == "none":
        paused = min((one.paused_at for one in clocks if one.paused_at), default=None)
        if paused is None:
            return Chip("none", _("No term runs"))
        since = _("since %(at)s") % {"at": formats.moment(paused, get_language() or "vi")}
        return Chip("paused", _("Standing still"), since)
    if not case.is_open:
        return _ended(case, state)
    first = next((one for one in clocks if one.due_at == case.due_at), None)
    own = times.get(first.calendar_id) if first and first.calendar_id else None
    assert case.due_at is not None
    is_late = state == "late"
    minutes = _between(own or WALL, *((case.due_at, now) if is_late else (now, case.due_at)))
    amount = span(minutes, _day(own, now))
    if is_late:
        return Chip("late", _("Overdue"), _("%(amount)s overdue") % {"amount": amount}, case.due_at)
    told = _("%(amount)s of working time left") if own else _("%(amount)s left")
    word = _("Due soon") if state == "soon" else _("Not due yet")
    return Chip(state, word, told % {"amount": amount}, case.due_at)


def _ended(case: Case, state: Due) -> Chip:
    if state == "over_late":
        return Chip(state, _("Late"), _("%(amount)s late") % {"amount": span(case.lateness or 0, DAY)})
    if case.lateness is None:
        return Chip("over", _("Ended"))
    return Chip(state, _("On time, extended") if state == "over_extended" else _("On time"))


def _day(calendar: Calendar | None, now: datetime) -> int:
    """Minutes of a day by that calendar's decision in force."""
    if calendar is None:
        return WALL_DAY
    return calendar.week(max(now.astimezone(clock.VIETNAM).date(), calendar.since)).day_minutes


def _between(time: Time, start: datetime, end: datetime) -> int:
    try:
        return max(0, time.elapsed(start, end))
    except OutOfReach:
        # A term that began before anything was entered of its calendar.
        return max(0, WALL.elapsed(start, end))
