"""By when an order is to be done: working days, or a day, as the term that the clock takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from toancanh.kernel.cases import times
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import OutOfReach

BASIS = "Hạn do người giao ghi trong ý kiến chỉ đạo"
LONGEST_DAYS = 365


@dataclass(frozen=True)
class Deadline:
    """A term, the moment at which it ends, and what is not known of it yet."""

    term: Term
    due: datetime
    minutes: int
    """Of working time from now until then."""
    day: int
    """Minutes of a working day."""
    unknown: tuple[int, ...] = ()
    """Years on the way whose holidays nobody has entered: what is counted there is preliminary."""


def of_days(days: int, unit_path: str, now: datetime | None = None) -> Deadline:
    """So many working days from now on."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(_("A term has 1 to %(most)s working days.") % {"most": LONGEST_DAYS}, "bad_days")
    now = now or clock.now()
    counted = times.calendar_of(unit_path)
    return _counted(counted, Term(days, "day", basis=BASIS), now)


def of_day(day: date, unit_path: str, now: datetime | None = None) -> Deadline:
    """Until the last working minute of a day; of one without work until that of the working day before it."""
    now = now or clock.now()
    if day > now.astimezone(clock.VIETNAM).date() + timedelta(days=2 * LONGEST_DAYS):
        raise Refused(_("This day is more than two years ahead."), "too_far")
    counted = times.calendar_of(unit_path)
    end = datetime.combine(day + timedelta(days=1), time(), clock.VIETNAM)
    try:
        minutes = counted.time.elapsed(now, end)
    except OutOfReach:
        minutes = 0
    if minutes <= 0:
        raise Refused(_("No working time is left until that day."), "past")
    return _counted(counted, Term(minutes, "minute", basis=BASIS), now)


def _counted(counted: times.Counted, term: Term, now: datetime) -> Deadline:
    minutes = times.minutes_of(term, counted, now)
    due = counted.time.due(now, minutes)
    first, last = (at.astimezone(clock.VIETNAM).date() for at in (now, due))
    unknown = calendars.unknown_years(counted.row, first, last)
    return Deadline(term, due, minutes, counted.time.week(first).day_minutes, tuple(unknown))
