"""Writing the table: calendars, what decisions say of their weeks, and of days. Nothing is changed or erased.

Whoever counts terms hears ``territory.calendar_changed`` with the calendar's code (empty: every calendar that
keeps the country's holidays) and the days that the change is about (``last`` empty: from then on).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, TypeVar

from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from toancanh.kernel.declare import Actor
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.territory.calendars import queries, words
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkDay, WorkWeek
from toancanh.kernel.territory.calendars.queries import CHANGED
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import Kind, OutOfReach, Season
from toancanh.lib.worktime.hours import BadHours, Span, Spans

RIGHT = "territory.arrange"
Dated = TypeVar("Dated", WorkDay, WorkWeek)
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
LONGEST = 366
"""Days that one entry may be about."""
MOST_TEXT = 300
SHORTEST_DAY = 60
"""Minutes that a working day has at least."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Why something is so, and where that is written."""

    reason: str
    legal_basis: str
    reason_en: str = ""
    source: str = ""
    is_verified: bool = True


@dataclass(frozen=True, kw_only=True)
class Days:
    """What days are to be; the fields as those of ``WorkDay``."""

    kind: Kind
    first: date
    last: date
    hours: Spans | None = None
    like: date | None = None
    closed: Span | None = None


def check(unit: Unit | None, by: Actor) -> None:
    """Only who arranges the calendar's unit writes it; of the whole country, only who arranges everything."""
    if not by.may(RIGHT, unit.path if unit else ""):
        raise NotAllowed(
            _("Working calendars are written by who arranges the unit; your administrator can grant it.")
        )


@transaction.atomic
def found(
    code: str,
    name: str,
    *,
    by: Actor,
    name_en: str = "",
    unit: Unit | None = None,
    keeps_holidays: bool = True,
) -> WorkCalendar:
    """Make a calendar; one known by its code is returned as it is. It counts once a week is set."""
    check(unit, by)
    known = WorkCalendar.objects.filter(code=code).first()
    if known is not None:
        return known
    validate_slug(code)
    if len(code) > 40 or not 0 < len(name.strip()) <= 120 or len(name_en) > 120:
        raise Refused(_("A calendar has a code of up to 40 and a name of up to 120 characters."), "bad_name")
    made = WorkCalendar.objects.create(
        code=code,
        name=name.strip(),
        name_en=name_en.strip(),
        unit=unit,
        keeps_holidays=keeps_holidays,
        made_by=by.key,
        created=clock.now(),
    )
    content = {"name": made.name, "unit": unit.code if unit else "", "keeps_holidays": keeps_holidays}
    journal.record("territory.calendar_founded", f"calendar:{code}", by=by, content=content)
    revision.bump(CHANGED)
    return made


@transaction.atomic
def set_week(
    calendar: WorkCalendar,
    valid_from: date,
    seasons: Sequence[Season],
    basis: Basis,
    *,
    by: Actor,
    cut_off: int | None = None,
    day_minutes: int | None = None,
    is_from_pack: bool = False,
) -> WorkWeek:
    """Let other hours hold from a day on. A working day is as long as the longest unless said otherwise.

    ``is_from_pack``: what a pack has said before is not said again, and where people have set hours from the
    same day theirs stay: a pack never overrules people.
    """
    check(calendar.unit, by)
    _check_basis(basis)
    if not FIRST_DAY <= valid_from <= LAST_DAY:
        raise Refused(_("Hours are in force from a day of the years 2000 to 2199."), "bad_validity")
    said, longest = _seasons(seasons)
    if cut_off is not None and not 0 < cut_off < hours.DAY:
        raise Refused(_("A cut-off is an hour of the day."), "bad_cut_off")
    length = longest if day_minutes is None else day_minutes
    if not SHORTEST_DAY <= length <= hours.DAY:
        raise Refused(_("A working day has 1 to 24 hours."), "bad_day")
    facts = {
        "valid_from": valid_from,
        "day_minutes": length,
        "cut_off": cut_off,
        "legal_basis": basis.legal_basis.strip(),
        "source": basis.source.strip(),
        "is_verified": basis.is_verified,
    }
    if is_from_pack:
        for known in calendar.weeks.filter(**facts):
            if known.seasons == said:
                return known
        theirs = _of_people(calendar.weeks.filter(valid_from=valid_from)).last()
        if theirs is not None:
            return theirs
    words = {"reason": basis.reason.strip(), "reason_en": basis.reason_en.strip()}
    made = WorkWeek.objects.create(
        calendar=calendar, seasons=said, made_by=by.key, created=clock.now(), **facts, **words
    )
    content = {**facts, **words, "valid_from": valid_from.isoformat(), "seasons": said}
    _keep("week_set", calendar, valid_from, None, content, by)
    return made


@transaction.atomic
def found_with_hours(
    code: str,
    name: str,
    valid_from: date,
    seasons: Sequence[Season],
    basis: Basis,
    *,
    by: Actor,
    unit: Unit | None,
    keeps_holidays: bool,
    cut_off: int | None,
) -> WorkCalendar:
    """Make a calendar that counts at once."""
    made = found(code, name, by=by, unit=unit, keeps_holidays=keeps_holidays)
    set_week(made, valid_from, seasons, basis, by=by, cut_off=cut_off)
    return made


@transaction.atomic
def enter(
    calendar: WorkCalendar | None, days: Days, basis: Basis, *, by: Actor, is_from_pack: bool = False
) -> WorkDay:
    """Say what days are; without calendar for every one that keeps the country's holidays.

    It stands above what was entered for these days before; hours closed are closed besides that, and
    ``Kind.PLAIN`` takes it all back. ``is_from_pack``: days of which people have said something that is
    verified stay as they are; one row of several that were written or were there already is returned.
    """
    check(calendar.unit if calendar else None, by)
    _check_basis(basis)
    _check_days(days)
    facts: dict[str, Any] = {
        "calendar": calendar,
        "kind": days.kind.value,
        "first": days.first,
        "last": days.last,
        "hours": None if days.hours is None else [list(span) for span in hours.checked(days.hours)],
        "like": days.like,
        "closed_from": days.closed[0] if days.closed else None,
        "closed_to": days.closed[1] if days.closed else None,
        "legal_basis": basis.legal_basis.strip(),
        "source": basis.source.strip(),
        "is_verified": basis.is_verified,
    }
    if is_from_pack:
        plain = {name: value for name, value in facts.items() if name != "hours"}
        for known in WorkDay.objects.filter(**plain):
            if known.hours == facts["hours"]:
                return known
        spans = {"first__lte": days.last, "last__gte": days.first}
        if theirs := list(_of_people(WorkDay.objects.filter(calendar=calendar, **spans).order_by("pk"))):
            free = [replace(days, first=first, last=last) for first, last in _left(days, theirs)]
            rest = [enter(calendar, part, basis, by=by, is_from_pack=True) for part in free]
            return rest[0] if rest else theirs[-1]
    if days.kind is Kind.PLAIN:
        _check_taken_back(calendar, days)
    words = {"reason": basis.reason.strip(), "reason_en": basis.reason_en.strip()}
    made = WorkDay.objects.create(**facts, **words, made_by=by.key, created=clock.now())
    content = {**facts, **words, "calendar": calendar.code if calendar else ""}
    content |= {name: str(content[name]) for name in ("first", "last", "like") if content[name]}
    _keep("day_entered", calendar, days.first, days.last, content, by)
    return made


@transaction.atomic
def swap(
    calendar: WorkCalendar | None, off: date, worked: date, basis: Basis, *, by: Actor
) -> tuple[WorkDay, WorkDay]:
    """Let one day be off and another be worked in its place, by the hours of the first."""
    if off == worked:
        raise Refused(_("The day off and the day worked instead are two days."), "same_day")
    check(calendar.unit if calendar else None, by)
    _check_is_worked(calendar, off)
    free = Days(kind=Kind.SWAPPED, first=off, last=off)
    busy = Days(kind=Kind.WORKED, first=worked, last=worked, like=off)
    return enter(calendar, free, basis, by=by), enter(calendar, busy, basis, by=by)


def _of_people(rows: QuerySet[Dated]) -> QuerySet[Dated]:
    """Those that somebody entered who had read the decision; not what packs and commands brought."""
    return rows.filter(is_verified=True).exclude(made_by__startswith="program:")


def _left(days: Days, theirs: Sequence[WorkDay]) -> list[tuple[date, date]]:
    """Runs of the days that no row of theirs is about."""
    runs: list[tuple[date, date]] = []
    for n in range((days.last - days.first).days + 1):
        day = days.first + timedelta(days=n)
        if any(row.first <= day <= row.last for row in theirs):
            continue
        is_next = runs and (day - runs[-1][1]).days == 1
        runs[-1 if is_next else len(runs) :] = [(runs[-1][0] if is_next else day, day)]
    return runs


def _check_taken_back(calendar: WorkCalendar | None, days: Days) -> None:
    """Something stands that ``Kind.PLAIN`` can take back."""
    if queries.standing(calendar, days.first, days.last):
        return
    if calendar is None:
        raise Refused(_("Nothing is entered for every calendar on these days."), "nothing")
    text = _(
        "This calendar has no entry of its own on these days. To work on a day off of the whole country"
        " write its hours; to take that day off back, choose every calendar."
    )
    raise Refused(text, "nothing")


def _check_is_worked(calendar: WorkCalendar | None, off: date) -> None:
    """The day off is one that is worked otherwise, in some calendar that the swap is about."""
    everyone = queries.everyone()
    rows = everyone.filter(keeps_holidays=True) if calendar is None else everyone.filter(pk=calendar.pk)
    plans = []
    for row in rows:
        try:
            plans.append(queries.working_time(row).plan(off))
        except OutOfReach:
            continue
    # A swap told once more, by another document, is about a day that is off already.
    is_worked = [plan.usual and (plan.hours or plan.entries[-1].kind is Kind.SWAPPED) for plan in plans]
    if plans and not any(is_worked):
        text = _(
            "%(day)s is off anyway: the first day is the one to be off, the second the one worked instead."
        )
        raise Refused(text % {"day": words.written(off, get_language() or "vi")}, "not_worked")


def _seasons(seasons: Sequence[Season]) -> tuple[list[dict[str, Any]], int]:
    """Seasons as they are kept, and the minutes of the longest day; refuses what nobody can work."""
    since = [season.since for season in seasons]
    if not seasons or sorted(set(since)) != list(since):
        raise Refused(_("Seasons begin on different days, in the order of the year."), "bad_seasons")
    said, longest = [], 0
    for season in seasons:
        try:
            # Of a leap year, so that 29 February is a day.
            date(2024, *season.since)
            days = [hours.checked(day) for day in season.hours]
        except (BadHours, ValueError) as fault:
            raise Refused(
                _("These hours cannot be worked: %(said)s") % {"said": fault}, "bad_hours"
            ) from fault
        if len(days) != hours.DAYS:
            raise Refused(_("A week has seven days."), "bad_hours")
        longest = max(longest, *(hours.minutes(day) for day in days))
        said.append({"since": list(season.since), "hours": [[list(span) for span in day] for day in days]})
    if not longest:
        raise Refused(_("Some day of the week must be worked."), "no_hours")
    return said, longest


def _check_days(days: Days) -> None:
    if not FIRST_DAY <= days.first <= days.last <= LAST_DAY or (days.last - days.first).days >= LONGEST:
        text = _("Say the first and the last day; an entry is about a year at most.")
        raise Refused(text, "bad_days")
    if days.kind is Kind.WORKED and (days.hours is None) == (days.like is None):
        raise Refused(_("Say by which hours it is worked, or instead of which day."), "no_hours")
    if days.like is not None and days.first != days.last:
        raise Refused(_("One day is worked instead of one other."), "bad_like")
    if days.kind is not Kind.WORKED and (days.hours is not None or days.like is not None):
        raise Refused(_("Only a day that is worked has hours of its own."), "bad_hours")
    if days.hours is not None:
        try:
            worked = hours.checked(days.hours)
        except BadHours as fault:
            text = _("These hours cannot be worked: %(said)s") % {"said": fault.said}
            raise Refused(text, "bad_hours") from fault
        if not worked:
            raise Refused(_("Say by which hours it is worked, or instead of which day."), "no_hours")
    if days.closed is not None:
        start, end = days.closed
        if days.kind is not Kind.CLOSURE or not 0 <= start < end <= hours.DAY:
            raise Refused(_("Say from when to when it is closed on those days."), "bad_hours")


def _check_basis(basis: Basis) -> None:
    if not basis.reason.strip() or not basis.legal_basis.strip():
        raise Refused(_("Say why, and by which decision: who is told a deadline may ask."), "no_basis")
    if max(len(basis.reason), len(basis.reason_en), len(basis.legal_basis), len(basis.source)) > MOST_TEXT:
        raise Refused(_("Reason, basis and source have up to 300 characters each."), "too_long")


def _keep(
    what: str,
    calendar: WorkCalendar | None,
    first: date,
    last: date | None,
    content: Mapping[str, Any],
    by: Actor,
) -> None:
    code = calendar.code if calendar else ""
    entry = journal.record(f"territory.{what}", f"calendar:{code or '*'}", by=by, content=content)
    payload = {"calendar": code, "first": first.isoformat(), "last": last.isoformat() if last else ""}
    journal.emit("territory.calendar_changed", str(entry.pk), payload)
    revision.bump(CHANGED)
