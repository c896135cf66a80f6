"""By which calendar a case counts, and declared terms as minutes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from toancanh.kernel.cases.reckoning import WALL, Time
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory.calendars import queries as calendars
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.lib.worktime.calendar import Begin, Calendar

BEGINS = {"now": Begin.NOW, "next": Begin.NEXT_DAY, "cutoff": Begin.CUT_OFF}
WALL_MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}


@dataclass(frozen=True)
class Counted:
    """A row of the table and how it counts."""

    row: WorkCalendar
    time: Calendar


def calendar_of(unit_path: str) -> Counted:
    """The calendar of a unit, or of the nearest above it."""
    row = calendars.nearest(unit_path)
    return Counted(row, calendars.working_time(row))


def time_of(row: WorkCalendar | None) -> Time:
    """How a clock of that calendar counts; without one by the wall."""
    return WALL if row is None else calendars.working_time(row)


def minutes_of(term: Term, counted: Counted, on: datetime) -> int:
    """A term as minutes, by the decision in force on the day on which it begins."""
    if term.of == "wall":
        return term.amount * WALL_MINUTES[term.unit]
    if term.unit == "day":
        return counted.time.minutes_of(term.amount, on.astimezone(clock.VIETNAM).date())
    return term.amount * WALL_MINUTES[term.unit]


def begins(term: Term, counted: Counted, received: datetime) -> datetime:
    """From when on the term counts."""
    return received if term.of == "wall" else counted.time.begin(received, BEGINS[term.begin])
