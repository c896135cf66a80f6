"""A year of a working calendar as a page draws it: months of days with their states, and what was entered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from toancanh.kernel.territory.calendars import queries, words
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay, WorkWeek
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import Calendar, Entry, Kind, Plan

DAY = timedelta(days=1)


class Cell(NamedTuple):
    """A day: its state, why it is so, and the entry that says it (0: the week)."""

    day: date
    state: str
    """``work``, ``rest``, ``none`` (before the calendar begins), or what an entry made of it."""
    reason: str
    key: int
    is_verified: bool


class Month(NamedTuple):
    """Weeks of a month from Monday on, with gaps before its first day; how many days are worked."""

    first: date
    weeks: list[list[Cell | None]]
    worked: int


@dataclass(frozen=True)
class Line:
    """An entry as the list under the year tells it."""

    row: WorkDay
    title: str
    said: str
    hours: str
    """Hours that are worked or closed, where it is not the whole day."""
    is_ruling: bool
    """False: other entries stand above it on all its days of the year."""


@dataclass(frozen=True)
class Hours:
    """A decision about the week as the page tells it."""

    row: WorkWeek
    said: str
    seasons: list[tuple[str, list[str]]]
    """Since when of the year (empty where there is one season), and lines such as T2-T6: 07:30-11:30."""
    cut_off: str
    day: str
    until: date | None
    """The last day before the next decision."""
    is_now: bool


@dataclass(frozen=True)
class Year:
    """What the page shows of one year."""

    number: int
    months: list[Month]
    lines: list[Line]
    worked: int


def year(row: WorkCalendar, number: int) -> Year:
    """Lay the year out; the same few queries whatever was entered."""
    calendar = queries.working_time(row)
    first, last = date(number, 1, 1), date(number, 12, 31)
    rows = {one.pk: one for one in queries.days(row).filter(first__lte=last, last__gte=first)}
    cells = {cell.day: cell for cell in _cells(calendar, first, last, rows)}
    months = [_month(number, month, cells) for month in range(1, 13)]
    ruling = _ruling(calendar, first, last) | _plain(list(rows.values()), first, last)
    lines = [line(one, one.pk in ruling) for one in rows.values()]
    lines.sort(key=lambda one: (not one.is_ruling, one.row.first, one.row.pk))
    return Year(number, months, lines, sum(month.worked for month in months))


def _cells(calendar: Calendar, first: date, last: date, rows: dict[int, WorkDay]) -> Iterable[Cell]:
    for n in range((last - first).days + 1):
        day = first + n * DAY
        if day < calendar.since:
            yield Cell(day, "none", "", 0, True)
            continue
        plan = calendar.plan(day)
        telling = _telling(plan)
        key = telling.key if telling else 0
        # An entry that another process wrote this very moment is told by the next page.
        row = rows.get(key)
        yield Cell(day, state(plan), words.said(row) if row else "", key, row is None or row.is_verified)


def _telling(plan: Plan) -> Entry | None:
    """The entry that says most of the day: the last, but of a day that is off anyway what made it so."""
    if not plan.ruling:
        return None
    first, last = plan.ruling[0], plan.ruling[-1]
    return last if plan.hours or first.kind is Kind.WORKED else first


def _ruling(calendar: Calendar, first: date, last: date) -> set[int]:
    """Keys of the entries that rule a day of the year."""
    days = (first + n * DAY for n in range((last - first).days + 1))
    return {entry.key for day in days if day >= calendar.since for entry in calendar.plan(day).ruling}


def _plain(rows: Sequence[WorkDay], first: date, last: date) -> set[int]:
    """Keys of what took entries back, where nothing was entered since on one of its days at least."""
    found = set()
    for row in rows:
        if row.kind == Kind.PLAIN:
            begin, end = max(first, row.first), min(last, row.last)
            days = {begin + n * DAY for n in range((end - begin).days + 1)}
            for later in rows:
                is_same = later.calendar_id == row.calendar_id and later.closed_from is None
                if later.pk > row.pk and is_same:
                    days = {day for day in days if not later.first <= day <= later.last}
            found |= {row.pk} if days else set()
    return found


def state(plan: Plan) -> str:
    """What the day is."""
    telling = _telling(plan)
    if telling is None:
        return "work" if plan.hours else "rest"
    return "short" if telling.kind is Kind.CLOSURE and plan.hours else str(telling.kind)


def _month(year: int, month: int, cells: dict[date, Cell]) -> Month:
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    days: list[Cell | None] = [None] * first.weekday()
    days += [cells[first + n * DAY] for n in range((after - first).days)]
    days += [None] * (-len(days) % 7)
    worked = sum(cell is not None and cell.state in ("work", "worked", "short") for cell in days)
    return Month(first, [days[n : n + 7] for n in range(0, len(days), 7)], worked)


def line(row: WorkDay, is_ruling: bool) -> Line:
    """An entry in words."""
    said = ""
    if row.hours is not None:
        said = hours.text(tuple((start, end) for start, end in row.hours))
    elif row.closed_from is not None and row.closed_to is not None:
        said = hours.text(((row.closed_from, row.closed_to),))
    title = _("Worked instead") if row.like else kinds()[row.kind]
    return Line(row, title, words.said(row), said, is_ruling)


def kinds() -> dict[str, str]:
    """What entries make of days, in words."""
    return {
        Kind.HOLIDAY: _("Public holiday"),
        Kind.SWAPPED: _("Off in exchange"),
        Kind.WORKED: _("Worked"),
        Kind.CLOSURE: _("Office closed"),
        Kind.PLAIN: _("As the week says"),
    }


def decisions(rows: Sequence[WorkWeek], today: date, language: str) -> list[Hours]:
    """Decisions about the week, the latest first, without those that one of the same day replaced."""
    held = {row.valid_from: row for row in rows}
    ordered = [held[day] for day in sorted(held)]
    found = []
    for n, row in enumerate(ordered):
        until = ordered[n + 1].valid_from - DAY if n + 1 < len(ordered) else None
        is_now = row.valid_from <= today and (until is None or today <= until)
        found.append(decision(row, until, is_now, language))
    return found[::-1]


def decision(row: WorkWeek, until: date | None, is_now: bool, language: str) -> Hours:
    """A decision in words."""
    week = queries.week(row)
    several = len(week.seasons) > 1
    seasons = [
        (season_day(one.since) if several else "", hours.week_text(one.hours, language).split("\n"))
        for one in week.seasons
    ]
    cut_off = "" if row.cut_off is None else hours.clock(row.cut_off)
    return Hours(row, words.said(row), seasons, cut_off, length(row.day_minutes), until, is_now)


def season_day(since: tuple[int, int]) -> str:
    """01/04: a day of every year, as it is typed too."""
    return f"{since[1]:02}/{since[0]:02}"


def length(minutes: int) -> str:
    """8 h, or 7 h 30 min."""
    whole, rest = divmod(minutes, 60)
    said = _("%(n)s h") % {"n": whole}
    return f"{said} {_('%(n)s min') % {'n': rest}}" if rest else said
