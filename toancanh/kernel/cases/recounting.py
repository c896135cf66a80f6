"""Finds due times again: when a calendar changes, and from the story alone to see that nothing drifted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from toancanh.kernel.cases import clocks, reckoning, times
from toancanh.kernel.cases.models import Case, Clock, Event
from toancanh.kernel.cases.reckoning import WALL, Running, Time
from toancanh.kernel.cases.writing import digest_of
from toancanh.kernel.declare import program
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.rows import update_each
from toancanh.kernel.territory.calendars.models import WorkCalendar

BATCH = 500
"""Cases of one transaction."""
SLICE = 100
"""Rows of one statement."""
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
    while True:
        rows = Clock.objects.filter(stopped_at=None, calendar__in=calendars, case__gt=last).order_by("case")
        part = list(rows.values_list("case", flat=True).distinct()[:BATCH])
        if not part:
            return moved
        last = part[-1]
        moved += _recounted(part)


@transaction.atomic
def _recounted(pks: list[int]) -> int:
    """Some cases in one transaction: one by one, tens of thousands would take minutes."""
    now = clock.now()
    cases = {row.pk: row for row in Case.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    rows = Clock.objects.filter(case__in=cases).select_related("calendar").prefetch_related("pauses")
    clocks_of: dict[int, list[Clock]] = defaultdict(list)
    for row in rows.order_by("pk"):
        clocks_of[row.case_id].append(row)
    counted: dict[int | None, Time] = {}
    changed, moved, events, later = [], [], [], []
    for pk, case in cases.items():
        told, is_later = [], False
        for row in clocks_of[pk]:
            before = row.due_at
            if row.stopped_at is None and _differs(row, counted):
                changed.append(row)
                told.append(clocks.recounted(row, before))
                is_later |= row.is_main and None not in (before, row.due_at) and row.due_at > before  # type: ignore[operator]
        if not told:
            continue
        clocks.settle(case, clocks_of[pk])
        case.number += 1
        moved.append(case)
        later += [pk] if is_later else []
        # People outside hear of it only where they wait longer.
        events.append(_event(case, {"clocks": told, "later": is_later}, is_later, now))
    update_each(changed, ["due_at", "soon_at", "first_due_at"])
    update_each(moved, ["due_at", "soon_at", "rank", "number"])
    Event.objects.bulk_create(events, batch_size=SLICE)
    if moved:
        said = [
            [case.code, event.number, digest_of(event)] for case, event in zip(moved, events, strict=True)
        ]
        entry = journal.record("cases.due_moved", "cases", by=BY, content={"cases": said})
        payload = {"cases": [case.pk for case in moved], "later": later}
        journal.emit("cases.due_moved", str(entry.pk), payload)
    return len(moved)


def _event(case: Case, content: dict[str, Any], is_public: bool, now: datetime) -> Event:
    return Event(
        case=case,
        number=case.number,
        at=now,
        kind="due_moved",
        actor=BY.key,
        content=content,
        is_public=is_public,
    )


def _differs(row: Clock, counted: dict[int | None, Time]) -> bool:
    before = (row.due_at, row.soon_at, row.first_due_at)
    if row.calendar_id not in counted:
        counted[row.calendar_id] = times.time_of(row.calendar)
    clocks.reckon(row, clocks.pauses_of(row), counted[row.calendar_id])
    return (row.due_at, row.soon_at, row.first_due_at) != before


Key = tuple[int, str, int, int]
"""Case, clock, round, and how often it began in that."""


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
    known: dict[str | None, Time] = {row.code: times.time_of(row) for row in WorkCalendar.objects.all()}
    known[None] = WALL
    last = 0
    while part := list(Case.objects.filter(Q(is_open=True), pk__gt=last).order_by("pk")[:BATCH]):
        last = part[-1].pk
        told = _told([case.pk for case in part])
        rows = Clock.objects.filter(case__in=part)
        stored = {(row.case_id, row.name, row.round, row.run): row for row in rows}
        codes = {case.pk: case.code for case in part}
        for key in sorted({*told, *stored}):
            found, row = told.get(key), stored.get(key)
            due = _due(found, known) if found is not None else None
            is_over = row is not None and row.stopped_at is not None
            if found is None or row is None or (found.ended is not None) is not is_over:
                yield Difference(codes[key[0]], key[1], row.due_at if row else None, due)
            elif not is_over and row.due_at != due:
                yield Difference(codes[key[0]], key[1], row.due_at, due)


def _told(cases: list[int]) -> dict[Key, Found]:
    found: dict[Key, Found] = {}
    rows = (
        Event.objects.filter(case__in=cases).order_by("case", "number").values_list("case", "at", "content")
    )
    for case, at, content in rows:
        for said in content.get("clocks", ()):
            # Events of before clocks could begin again within a round say nothing of it.
            key = (case, said["clock"], said["round"], said.get("run", 1))
            found[key] = _after(found.get(key), said, at)
    return found


def _after(before: Found | None, said: Mapping[str, Any], at: datetime) -> Found:
    what = said["what"]
    if before is None or what == "started":
        begins = datetime.fromisoformat(said["begins"])
        return Found(said["calendar"], begins, said["minutes"])
    if what == "retermed":
        begins = datetime.fromisoformat(said["begins"])
        return Found(
            said["calendar"], begins, said["minutes"], tuple(map(_pause, said["pauses"])), before.ended
        )
    if what == "paused":
        return replace(before, pauses=(*before.pauses, (at, None)))
    if what == "resumed":
        return replace(before, pauses=(*before.pauses[:-1], (before.pauses[-1][0], at)))
    if what == "extended":
        return replace(before, minutes=before.minutes + said["minutes"])
    return replace(before, ended=at) if what == "ended" else before


def _pause(said: list[str | None]) -> tuple[datetime, datetime | None]:
    since, until = (None if text is None else datetime.fromisoformat(text) for text in said)
    assert since is not None
    return since, until


def _due(found: Found, known: Mapping[str | None, Time]) -> datetime | None:
    return reckoning.due(known[found.calendar], Running(found.begins, found.minutes, found.pauses))
