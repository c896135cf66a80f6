"""Reading calendars: the one to count by, its days with their reasons, and what is announced."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.runtime import revision
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay, WorkWeek
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotFound
from toancanh.lib.worktime.calendar import Calendar, Entry, Kind, Season, Week, by_day

CHANGED = "calendars"
"""The revision that moves with every change of the table."""
HOLIDAYS = 9
"""Public holidays that every year has had since 2007; with fewer in the table its list is not whole."""

_made: dict[int, Calendar] = {}
_seen = -1
_lock = threading.Lock()


def everyone() -> QuerySet[WorkCalendar]:
    """Every calendar that counts, in the order in which they were made; without hours none does."""
    has_hours = Exists(WorkWeek.objects.filter(calendar=OuterRef("pk")))
    return WorkCalendar.objects.filter(has_hours).select_related("unit").order_by("pk")


def one(code: str) -> WorkCalendar:
    """The calendar of that code."""
    found = everyone().filter(code=code).first()
    if found is None:
        text = _("There is no calendar %(code)s. There are: %(known)s.")
        known = ", ".join(everyone().values_list("code", flat=True)) or "–"
        raise NotFound(text % {"code": code, "known": known})
    return found


def nearest(path: str) -> WorkCalendar:
    """The calendar of a unit (by its path) or of the nearest above it: of several the one made first.

    Units are known by their codes: one that was renamed, and so has a newer row, keeps its calendar.
    """
    keys = [int(key) for key in path.split("/") if key]
    codes = dict(Unit.objects.filter(pk__in=keys).values_list("pk", "code"))
    depths = {codes[key]: depth for depth, key in enumerate(keys, 1) if key in codes}
    rows = [row for row in everyone() if row.unit is None or row.unit.code in depths]
    if not rows:
        raise NotFound(
            _("There is no working calendar yet. Load one: %(command)s")
            % {"command": "toancanh pack load packs/vietnam"}
        )
    return max(rows, key=lambda row: (depths[row.unit.code] if row.unit else 0, -row.pk))


def working_time(row: WorkCalendar) -> Calendar:
    """The calendar as it counts, of the table as it is now; laid out once for all until the table changes.

    Who counts many terms asks once and keeps the answer.
    """
    return working_times([row])[row.pk]


def working_times(rows: Collection[WorkCalendar]) -> dict[int, Calendar]:
    """The same of several, by primary key. One query once they are laid out, whatever their number."""
    global _seen
    number = revision.current(CHANGED)
    with _lock:
        if number != _seen:
            _made.clear()
            _seen = number
        for row in rows:
            if row.pk not in _made:
                _made[row.pk] = Calendar(map(week, row.weeks.all()), map(entry, days(row)))
        return {row.pk: _made[row.pk] for row in rows}


def days(row: WorkCalendar) -> QuerySet[WorkDay]:
    """Entries that are about the calendar, in the order in which they were written."""
    wanted = Q(calendar=row)
    if row.keeps_holidays:
        wanted |= Q(calendar=None)
    return WorkDay.objects.filter(wanted).order_by("pk")


def week(row: WorkWeek) -> Week:
    """A decision as it counts."""
    seasons = tuple(
        Season((one["since"][0], one["since"][1]), tuple(_spans(day) for day in one["hours"]))
        for one in row.seasons
    )
    return Week(row.valid_from, seasons, row.day_minutes, row.cut_off)


def entry(row: WorkDay) -> Entry:
    """An entry as it counts."""
    start, end = row.closed_from, row.closed_to
    return Entry(
        key=row.pk,
        kind=Kind(row.kind),
        first=row.first,
        last=row.last,
        hours=None if row.hours is None else _spans(row.hours),
        like=row.like,
        closed=None if start is None or end is None else (start, end),
        is_shared=row.calendar_id is None,
    )


def _spans(said: Iterable[Iterable[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in said)


def known_years() -> set[int]:
    """Years whose holidays are in the table: a day swapped or closed alone does not make a year known."""
    days = by_day(map(entry, WorkDay.objects.filter(calendar=None).order_by("pk")))
    found = Counter(day.year for day, rows in days.items() if rows[0].kind is Kind.HOLIDAY)
    return {year for year, n in found.items() if n >= HOLIDAYS}


def standing(of: WorkCalendar | None, first: date, last: date) -> dict[date, tuple[Entry, ...]]:
    """What stands for days from ``first`` to ``last``: the calendar's own entries, or the country's."""
    rows = WorkDay.objects.filter(calendar=of, first__lte=last, last__gte=first).order_by("pk")
    return {day: found for day, found in by_day(map(entry, rows)).items() if first <= day <= last}


def unknown_years(row: WorkCalendar, first: date, last: date) -> list[int]:
    """Years of a term whose holidays nobody has entered: what is counted there is preliminary."""
    known = known_years() if row.keeps_holidays else set(range(first.year, last.year + 1))
    return [year for year in range(first.year, last.year + 1) if year not in known]


def ruling(row: WorkCalendar, first: date, last: date) -> list[WorkDay]:
    """Entries that make days from ``first`` to ``last`` differ from their week, in the order of the days."""
    calendar = working_time(row)
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    keys = dict.fromkeys(entry.key for day in span for entry in calendar.plan(day).entries)
    rows = WorkDay.objects.in_bulk(keys)
    return [rows[key] for key in keys]


def forget() -> None:
    """Lay everything out anew."""
    global _seen
    _seen = -1
