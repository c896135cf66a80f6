"""One term counted for a person to read: until when, and which entries made it so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from toancanh.kernel.territory.calendars import queries, words
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay
from toancanh.lib.errors import Refused
from toancanh.lib.worktime.calendar import PLACE, Begin, OutOfReach


@dataclass(frozen=True)
class Counted:
    """A term, and why it ends when it does."""

    calendar: WorkCalendar
    start: datetime
    """From when on it counts."""
    due: datetime
    ruling: list[WorkDay]
    """Entries that make days of the term differ from the week, in the order of the days."""
    unknown_years: list[int]
    """Years of the term whose holidays are not in the table: there it is preliminary."""


def count(row: WorkCalendar, received: datetime, days: Decimal, begin: Begin = Begin.NOW) -> Counted:
    """Count so many working days from then on; refuses times of which the calendar says nothing."""
    calendar = queries.working_time(row)
    try:
        start = calendar.begin(received, begin)
        due = calendar.due_days(start, days)
    except OutOfReach as fault:
        raise Refused(words.unreachable(fault), fault.code) from fault
    first, last = start.astimezone(PLACE).date(), due.astimezone(PLACE).date()
    ruling = queries.ruling(row, first, last)
    return Counted(row, start, due, ruling, queries.unknown_years(row, first, last))
