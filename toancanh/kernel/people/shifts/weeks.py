"""A week of the roster as a page draws it: by post and day for a screen, by day and post for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from toancanh.kernel.people.shifts import queries
from toancanh.kernel.people.shifts.models import DutyPost, Shift
from toancanh.kernel.people.shifts.queries import Gap
from toancanh.kernel.runtime import clock

DAY = timedelta(days=1)
DAYS = 7


@dataclass(frozen=True)
class Cell:
    """One post on one day."""

    duty: DutyPost
    day: date
    shifts: list[Shift]
    """Those that begin on the day."""
    gaps: list[Gap]
    """Of now and later."""


@dataclass(frozen=True)
class Row:
    """One post over the week."""

    duty: DutyPost
    cells: list[Cell]


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday on."""

    monday: date
    rows: list[Row]

    @property
    def days(self) -> list[date]:
        """Its days."""
        return [self.monday + n * DAY for n in range(DAYS)]

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + 6 * DAY

    @property
    def before(self) -> str:
        """The week before, as an address says it."""
        return (self.monday - 7 * DAY).isoformat()

    @property
    def after(self) -> str:
        """The week after."""
        return (self.monday + 7 * DAY).isoformat()

    @property
    def by_day(self) -> list[tuple[date, list[Cell]]]:
        """The same, a day at a time."""
        return [(day, [row.cells[n] for row in self.rows]) for n, day in enumerate(self.days)]


def monday_of(asked: str) -> date:
    """The Monday of the week that an address asks for; of this week where it asks for none."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = clock.now().astimezone(clock.VIETNAM).date()
    if not date(2000, 1, 1) < day < date(2200, 1, 1):
        day = clock.now().astimezone(clock.VIETNAM).date()
    return day - day.weekday() * DAY


def midnight(day: date) -> datetime:
    """When the day begins in Việt Nam."""
    return datetime.combine(day, time(), clock.VIETNAM)


def week(duties: list[DutyPost], monday: date) -> Week:
    """The week of these posts; two queries whatever their number."""
    start, end = midnight(monday), midnight(monday + DAYS * DAY)
    now = clock.now()
    shifts = queries.standing().filter(duty__in=duties, starts__lt=end, ends__gt=start)
    begun: dict[tuple[int, date], list[Shift]] = {}
    for shift in shifts.order_by("starts", "pk"):
        day = shift.starts.astimezone(clock.VIETNAM).date()
        begun.setdefault((shift.duty_id, day), []).append(shift)
    open_: dict[tuple[int, date], list[Gap]] = {}
    for gap in queries.gaps(duties, max(start, now), end) if now < end else []:
        reached = gap.starts
        while reached < gap.ends:
            day = reached.astimezone(clock.VIETNAM).date()
            until = min(gap.ends, midnight(day + DAY))
            open_.setdefault((gap.duty.pk, day), []).append(Gap(gap.duty, reached, until))
            reached = until
    rows = []
    for duty in duties:
        days = [monday + n * DAY for n in range(DAYS)]
        cells = [
            Cell(duty, day, begun.get((duty.pk, day), []), open_.get((duty.pk, day), [])) for day in days
        ]
        rows.append(Row(duty, cells))
    return Week(monday, rows)
