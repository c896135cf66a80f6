"""One term counted for a person to read: until when, and which entries made it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from toancanh.kernel.territory.calendars import queries, words
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import LAST_YEAR, PLACE, Begin, OutOfReach


@dataclass(frozen=True)
class Counted:
    """A term, and why it ends when it does."""

    calendar: WorkCalendar
    start: datetime
    """From when on it counts."""
    due: datetime
    ruling: list[WorkDay]
    """Entries that make days from the receipt on differ from the week, in the order of the days."""
    unknown_years: list[int]
    """Years of the term whose holidays are not in the table: there it is preliminary."""


def count(row: WorkCalendar, received: datetime | date, days: Decimal, begin: Begin = Begin.NOW) -> Counted:
    """Count so many working days from then on; refuses times of which the calendar says nothing.

    A day alone does not count itself, so its term begins when it is over, whatever the rule.
    """
    calendar = queries.working_time(row)
    try:
        if not isinstance(received, datetime):
            received, begin = _end(received), Begin.NOW
        start = calendar.begin(received, begin)
        due = calendar.due_days(start, days)
    except OutOfReach as fault:
        raise Refused(words.unreachable(fault), fault.code) from fault
    first, last = received.astimezone(PLACE).date(), due.astimezone(PLACE).date()
    ruling = queries.ruling(row, first, last)
    return Counted(row, start, due, ruling, queries.unknown_years(row, first, last))


def _end(day: date) -> datetime:
    """When the day is over."""
    if day.year > LAST_YEAR:
        raise OutOfReach("after", date(LAST_YEAR, 12, 31))
    return datetime.combine(day, time(), PLACE) + timedelta(days=1)
