"""One calendar's working time: which minutes are worked, why a day is off, when a term ends.

Time counts in whole minutes of Việt Nam: seconds are cut off, so that what a receipt prints is what counts.
A term ends at the first moment at which its last minute is worked: at 17:00, not at 07:30 of the day after.
Years are laid out when first asked for; a due time is then two searches in sorted lists.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from toancanh.lib.worktime.hours import DAY, Span, Spans, WeekHours, without

LAST_YEAR = 2199
"""A term that does not end by then never will."""
# The offset of Asia/Ho_Chi_Minh since 1975. As a zone it has another one in 1970, where minutes count from.
PLACE = timezone(timedelta(hours=7))
_epoch = datetime(1970, 1, 1, tzinfo=PLACE)
_first_day = _epoch.date()
_minute = timedelta(minutes=1)
_one_day = timedelta(days=1)
_last_day = date(LAST_YEAR, 12, 31)


class OutOfReach(ValueError):
    """The calendar says nothing of that time; ``code`` is ``before``, ``never`` or ``after``."""

    def __init__(self, code: str, on: date) -> None:
        super().__init__(code, on)
        self.code, self.on = code, on


class Kind(StrEnum):
    """What an entry makes of its days."""

    HOLIDAY = "holiday"
    SWAPPED = "swapped"
    """Off, because another day is worked instead."""
    WORKED = "worked"
    """Worked, by hours of its own or like another day."""
    CLOSURE = "closure"
    """Off, the whole day or some hours of it."""
    PLAIN = "plain"
    """As if nothing had been entered before."""


class Begin(StrEnum):
    """When a term begins to count."""

    NOW = "now"
    NEXT_DAY = "next"
    CUT_OFF = "cutoff"
    """At once until the calendar's cut-off hour, from the next working day after it."""


@dataclass(frozen=True)
class Season:
    """Hours of a week that hold every year from a day (month, day) until the next season."""

    since: tuple[int, int]
    hours: WeekHours


@dataclass(frozen=True)
class Week:
    """What a decision says of every week from ``valid_from`` until another decision."""

    valid_from: date
    seasons: tuple[Season, ...]
    """In the order of the year."""
    day_minutes: int
    """What one working day of a term is."""
    cut_off: int | None = None
    """The minute of the day until which something may count on the same day."""

    def season(self, day: date) -> Season:
        """The season of that day; before the first one of a year the last of the year before goes on."""
        since = [one.since for one in self.seasons]
        return self.seasons[bisect_right(since, (day.month, day.day)) - 1]


@dataclass(frozen=True)
class Entry:
    """What was entered for days from ``first`` to ``last``; ``key`` leads back to the row."""

    key: int
    kind: Kind
    first: date
    last: date
    hours: Spans | None = None
    """Of WORKED: its hours; None: those of the weekday of ``like``."""
    like: date | None = None
    closed: Span | None = None
    """Of CLOSURE: the hours without work; None: the whole day."""
    is_shared: bool = False
    """Holds for every calendar that keeps the country's holidays; an entry of its own stands above it."""

    @property
    def is_part(self) -> bool:
        """Some hours closed: it adds to what else was entered for the day and replaces nothing."""
        return self.kind is Kind.CLOSURE and self.closed is not None


@dataclass(frozen=True)
class Plan:
    """One day: what is worked, what the week alone says, which entries changed it (the ruling one last)."""

    day: date
    hours: Spans
    usual: Spans
    entries: tuple[Entry, ...]

    @property
    def ruling(self) -> tuple[Entry, ...]:
        """The last entry that is about the whole day, and the hours closed after it."""
        whole = [n for n, entry in enumerate(self.entries) if not entry.is_part]
        return self.entries[whole[-1] :] if whole else self.entries


@dataclass(frozen=True)
class _Index:
    """Worked spans of whole years in minutes since 1970 of Việt Nam, never changed once made."""

    first: int
    last: int
    starts: list[int]
    ends: list[int]
    sums: list[int]
    """Minutes worked until the end of each span."""

    def worked(self, at: int) -> int:
        """Minutes worked before the minute ``at``, counted from the index's beginning."""
        n = bisect_right(self.starts, at)
        return self.sums[n - 1] - max(0, self.ends[n - 1] - at) if n else 0


def to_minute(moment: datetime) -> int:
    """Whole minutes since 1970 of Việt Nam."""
    return (moment - _epoch) // _minute


def from_minute(minute: int) -> datetime:
    """The moment in UTC."""
    return (_epoch + timedelta(minutes=minute)).astimezone(UTC)


def midnight(day: date) -> int:
    """The minute with which the day begins."""
    return (day - _first_day).days * DAY


def by_day(entries: Iterable[Entry]) -> dict[date, tuple[Entry, ...]]:
    """What stands for each day, of entries in the order in which they were written."""
    days: dict[date, tuple[Entry, ...]] = {}
    for entry in entries:
        for n in range((entry.last - entry.first).days + 1):
            day = entry.first + timedelta(days=n)
            if entry.kind is Kind.PLAIN:
                days.pop(day, None)
            else:
                days[day] = (*days.get(day, ()), entry) if entry.is_part else (entry,)
    return days


class Calendar:
    """Working time by dated weeks and by entries in the order in which they were written."""

    def __init__(self, weeks: Iterable[Week], entries: Iterable[Entry] = ()) -> None:
        # Stable: of two decisions from the same day the one written later holds.
        self._weeks = sorted(weeks, key=lambda week: week.valid_from)
        if not self._weeks:
            raise ValueError("a calendar has a week at least")
        self._valid = [week.valid_from for week in self._weeks]
        written = list(entries)
        self._shared = by_day(entry for entry in written if entry.is_shared)
        self._own = by_day(entry for entry in written if not entry.is_shared)
        self._lock = threading.Lock()
        self._years: dict[int, list[Span]] = {}
        self._held: _Index | None = None

    @property
    def since(self) -> date:
        """The first day of which the calendar says anything."""
        return self._valid[0]

    def week(self, day: date) -> Week:
        """The decision in force on a day."""
        n = bisect_right(self._valid, day)
        if not n:
            raise OutOfReach("before", self.since)
        return self._weeks[n - 1]

    def plan(self, day: date) -> Plan:
        """What is worked on a day, and why."""
        week = self.week(day).season(day).hours
        usual = hours = week[day.weekday()]
        found = [*self._shared.get(day, ()), *self._own.get(day, ())]
        for entry in found:
            hours = _applied(entry, hours, week)
        return Plan(day, hours, usual, tuple(found))

    def due(self, start: datetime, minutes: int) -> datetime:
        """When ``minutes`` of working time from ``start`` on are over."""
        if minutes < 0:
            raise ValueError("a term is not negative")
        at = to_minute(start)
        index = self._index(at)
        if minutes == 0:
            return from_minute(at)
        while (target := index.worked(at) + minutes) > (index.sums[-1] if index.sums else 0):
            index = self._cover(index.first, index.last + 1)
        n = bisect_left(index.sums, target)
        return from_minute(index.ends[n] - (index.sums[n] - target))

    def due_days(self, start: datetime, days: Decimal | int) -> datetime:
        """When ``days`` working days from ``start`` on are over, each as long as its day's decision says."""
        return self.due(start, self.minutes_of(days, self._day(to_minute(start))))

    def minutes_of(self, days: Decimal | int, on: date) -> int:
        """A term of working days as minutes, by the decision in force on a day."""
        exact = Decimal(days) * self.week(on).day_minutes
        return int(exact.to_integral_value(ROUND_HALF_UP))

    def elapsed(self, start: datetime, end: datetime) -> int:
        """Minutes worked from ``start`` to ``end``; negative where the end comes first."""
        first, last = to_minute(start), to_minute(end)
        self._index(min(first, last))
        index = self._index(max(first, last))
        return index.worked(last) - index.worked(first)

    def begin(self, received: datetime, rule: Begin = Begin.NOW) -> datetime:
        """From when on the term of something received then counts."""
        at = to_minute(received)
        day = self._day(at)
        if rule is Begin.CUT_OFF:
            cut_off = self.week(day).cut_off
            is_late = cut_off is not None and at - midnight(day) > cut_off and bool(self.plan(day).hours)
            rule = Begin.NEXT_DAY if is_late else Begin.NOW
        if rule is Begin.NOW:
            return from_minute(at)
        after = midnight(day + _one_day)
        index = self._index(after)
        while not index.starts or index.starts[-1] < after:
            index = self._cover(index.first, index.last + 1)
        return from_minute(index.starts[bisect_left(index.starts, after)])

    def _day(self, at: int) -> date:
        """The day in which the minute lies; refuses those of which the calendar says nothing."""
        if at < midnight(self.since):
            raise OutOfReach("before", self.since)
        # Asked of the minute: the last days of datetime have no day after them.
        if at >= midnight(_last_day) + DAY:
            raise OutOfReach("after", _last_day)
        return _first_day + timedelta(days=at // DAY)

    def _index(self, at: int) -> _Index:
        """An index in which the minute lies."""
        year = self._day(at).year
        held = self._held
        return held if held and held.first <= year <= held.last else self._cover(year, year)

    def _cover(self, first: int, last: int) -> _Index:
        """An index over those years and all that were asked for before."""
        if last > LAST_YEAR:
            raise OutOfReach("never", _last_day)
        with self._lock:
            if self._held is not None:
                first, last = min(first, self._held.first), max(last, self._held.last)
            spans = [span for year in range(first, last + 1) for span in self._laid_out(year)]
            sums, total = [], 0
            for opens, closes in spans:
                total += closes - opens
                sums.append(total)
            self._held = _Index(first, last, [s for s, _ in spans], [e for _, e in spans], sums)
            return self._held

    def _laid_out(self, year: int) -> list[Span]:
        """The year's worked spans."""
        if year not in self._years:
            day, end = max(date(year, 1, 1), self.since), date(year, 12, 31)
            found: list[Span] = []
            while day <= end:
                base = midnight(day)
                found += [(base + opens, base + closes) for opens, closes in self.plan(day).hours]
                day += _one_day
            self._years[year] = found
        return self._years[year]


def _applied(entry: Entry, hours: Spans, week: WeekHours) -> Spans:
    """What an entry makes of a day's hours."""
    if entry.kind is Kind.WORKED:
        if entry.hours is not None:
            return entry.hours
        # Like a day that is never worked is no way to work: the day keeps its hours.
        return (entry.like and week[entry.like.weekday()]) or hours
    if entry.kind is Kind.CLOSURE and entry.closed is not None:
        return without(hours, entry.closed)
    return ()
