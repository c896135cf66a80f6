"""Finds due times again: when a calendar changes, and from the story alone to see that nothing drifted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from toancanh.kernel.cases import clocks, reckoning, times
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.cases.reckoning import Running
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import program
from toancanh.kernel.territory.calendars.models import WorkCalendar

BATCH = 500
BY = program("calendar")


def calendar_changed(payload: Mapping[str, Any]) -> None:
    """Reaction to ``territory.calendar_changed``: open clocks of that calendar get their new due times."""
    code = str(payload.get("calendar", ""))
    rows = (
        WorkCalendar.objects.filter(code=code) if code else WorkCalendar.objects.filter(keeps_holidays=True)
    )
    recount(list(rows))


def recount(calendars: list[WorkCalendar]) -> int:
    """Bring open clocks to their calendars; returns how many cases moved. Goes on where it was killed."""
    moved, last = 0, 0
    while part := list(_open(calendars).filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = part[-1].pk
        changed = {row.case_id for row in part if _differs(row)}
        for case in Case.objects.filter(pk__in=changed).order_by("pk"):
            moved += _move(case)
    return moved


def _open(calendars: list[WorkCalendar]) -> QuerySet[Clock]:
    rows = Clock.objects.filter(stopped_at=None, calendar__in=calendars)
    return rows.select_related("calendar").prefetch_related("pauses")


def _differs(row: Clock) -> bool:
    before = (row.due_at, row.soon_at, row.first_due_at)
    clocks.reckon(row, clocks.pauses_of(row))
    return (row.due_at, row.soon_at, row.first_due_at) != before


@transaction.atomic
def _move(case: Case) -> int:
    with writing(case, by=BY) as on:
        told, later = [], False
        for row in on.case.clocks.filter(stopped_at=None).select_related("calendar"):
            before = row.due_at
            if _differs(row):
                row.save()
                told.append(clocks.recounted(row, before))
                later |= row.is_main and before is not None and row.due_at is not None and row.due_at > before
        if not told:
            return 0
        clocks.settle(on.case)
        # People outside hear of it only where they wait longer.
        on.tell("due_moved", {"clocks": told, "later": later}, is_public=later)
        return 1


@dataclass(frozen=True)
class Found:
    """A clock as its story tells it."""

    calendar: str | None
    begins: datetime
    minutes: int
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    ended: datetime | None = None


@dataclass(frozen=True)
class Difference:
    """A stored due time that is not the one that the story gives."""

    case: str
    clock: str
    stored: datetime | None
    told: datetime | None


def differences() -> Iterator[Difference]:
    """Compare every open clock with what the events of its case make of it, by the calendars of now."""
    known = {row.code: row for row in WorkCalendar.objects.all()}
    last = 0
    while part := list(Case.objects.filter(Q(is_open=True), pk__gt=last).order_by("pk")[:BATCH]):
        last = part[-1].pk
        told = _told([case.pk for case in part])
        stored = {(row.case_id, row.name, row.round): row for row in Clock.objects.filter(case__in=part)}
        codes = {case.pk: case.code for case in part}
        for key in sorted({*told, *stored}):
            found, row = told.get(key), stored.get(key)
            due = _due(found, known) if found is not None else None
            is_over = row is not None and row.stopped_at is not None
            if found is None or row is None or (found.ended is not None) is not is_over:
                yield Difference(codes[key[0]], key[1], row.due_at if row else None, due)
            elif not is_over and row.due_at != due:
                yield Difference(codes[key[0]], key[1], row.due_at, due)


def _told(cases: list[int]) -> dict[tuple[int, str, int], Found]:
    found: dict[tuple[int, str, int], Found] = {}
    rows = (
        Event.objects.filter(case__in=cases).order_by("case", "number").values_list("case", "at", "content")
    )
    for case, at, content in rows:
        for said in content.get("clocks", ()):
            key = (case, said["clock"], said["round"])
            found[key] = _after(found.get(key), said, at)
    return found


def _after(before: Found | None, said: Mapping[str, Any], at: datetime) -> Found:
    what = said["what"]
    if before is None or what == "started":
        begins = datetime.fromisoformat(said["begins"])
        return Found(said["calendar"], begins, said["minutes"])
    if what == "paused":
        return replace(before, pauses=(*before.pauses, (at, None)))
    if what == "resumed":
        return replace(before, pauses=(*before.pauses[:-1], (before.pauses[-1][0], at)))
    if what == "extended":
        return replace(before, minutes=before.minutes + said["minutes"])
    return replace(before, ended=at) if what == "ended" else before


def _due(found: Found, known: Mapping[str, WorkCalendar]) -> datetime | None:
    row = known[found.calendar] if found.calendar is not None else None
    return reckoning.due(times.time_of(row), Running(found.begins, found.minutes, found.pauses))
