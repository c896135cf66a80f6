"""The clocks of a case follow its state: they begin, stand still, go on and end, and freeze what is late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from toancanh.kernel.cases import past, reckoning, times
from toancanh.kernel.cases.models import Case, Clock, Pause, Step, StepRole
from toancanh.kernel.cases.reckoning import Interval, Running, Time
from toancanh.kernel.cases.writing import Writing
from toancanh.kernel.declare_cases import CaseClock, Term

BEHIND = datetime(9999, 1, 1, tzinfo=UTC)
"""Sorts behind every due time."""
Told = list[dict[str, Any]]
"""What became of clocks, as an event keeps it: from this alone every due time can be found again."""


def follow(on: Writing, terms: Mapping[str, Term] | None = None, reason: str = "") -> Told:
    """Bring the clocks to the case's state. ``terms`` stand in the place of declared ones, by clock."""
    case, now = on.case, on.now
    state = on.said.state(case.state)
    begun = case.clocks.filter(round=case.round).select_related("calendar").order_by("run")
    rows = {row.name: row for row in begun}
    told: Told = []
    for said in on.said.clocks:
        row, runs = rows.get(said.name), case.state in said.runs
        if row is None or row.stopped_at is not None:
            # What was promised elsewhere is known only where somebody says it.
            if runs and (past.current() is None or said.name in (terms or {})):
                run = 1 if row is None else row.run + 1
                row = _start(case, said, (terms or {}).get(said.name, said.term), now, run)
                told.append(_said("started", row, minutes=row.term, begins=row.begins_at, soon=row.soon))
        elif not runs:
            told.append(_stop(row, now))
        if row is not None and row.stopped_at is None:
            told += _pause_or_go_on(row, bool(state.pauses), now, reason)
    if told:
        settle(case)
    return told


def _start(case: Case, said: CaseClock, term: Term, now: datetime, run: int) -> Clock:
    counted = times.calendar_of(case.unit_path)
    row = Clock(
        case=case,
        name=said.name,
        round=case.round,
        run=run,
        is_main=said.is_main,
        calendar=None if term.of == "wall" else counted.row,
        started_at=now,
        begins_at=times.begins(term, counted, now),
        term=times.minutes_of(term, counted, times.begins(term, counted, now)),
        soon=said.soon,
    )
    reckon(row, ())
    row.save()
    return row


def reckon(row: Clock, pauses: Iterable[Interval], time: Time | None = None) -> None:
    """Fill in the due times of a clock that has not ended; not saved. Who does many says how they count."""
    time, whole = time or times.time_of(row.calendar), tuple(pauses)
    minutes = row.term + row.extended
    row.due_at = reckoning.due(time, Running(row.begins_at, minutes, whole))
    row.first_due_at = reckoning.due(time, Running(row.begins_at, row.term, whole))
    soon = minutes * row.soon // 100
    row.soon_at = reckoning.due(time, Running(row.begins_at, soon, whole)) if row.due_at else None


def pauses_of(row: Clock) -> list[Interval]:
    """When it stood still."""
    return [(one.since, one.until) for one in row.pauses.all()]


def _pause_or_go_on(row: Clock, stands: bool, now: datetime, reason: str) -> Told:
    if stands is (row.paused_at is not None):
        return []
    if stands:
        row.paused_at = now
        Pause.objects.create(clock=row, since=now, reason=reason[:300])
    else:
        row.paused_at = None
        row.pauses.filter(until=None).update(until=now)
    reckon(row, pauses_of(row))
    row.save()
    return [_said("paused" if stands else "resumed", row)]


def _stop(row: Clock, now: datetime) -> dict[str, Any]:
    row.pauses.filter(until=None).update(until=now)
    pauses, time = tuple(pauses_of(row)), times.time_of(row.calendar)
    row.paused_at = None
    reckon(row, pauses)
    row.stopped_at = now
    row.lateness = reckoning.lateness(time, Running(row.begins_at, row.term + row.extended, pauses), now)
    row.first_lateness = reckoning.lateness(time, Running(row.begins_at, row.term, pauses), now)
    row.save()
    if row.is_main and row.lateness:
        _book(row, pauses)
    return _said("ended", row, lateness=row.lateness)


def _book(row: Clock, pauses: tuple[Interval, ...]) -> None:
    """Give each organisation the part of the lateness that arose while it had the work."""
    assert row.stopped_at is not None
    assert row.due_at is not None
    closed = reckoning.closed(pauses, row.stopped_at)
    time = times.time_of(row.calendar)
    for step in Step.objects.filter(
        case=row.case, round=row.round, role=StepRole.LEAD, begun_at__isnull=False
    ):
        assert step.begun_at is not None
        span = (step.begun_at, min(step.ended_at or row.stopped_at, row.stopped_at))
        step.lateness = reckoning.late_within(time, row.due_at, closed, span)
        step.save(update_fields=["lateness"])


def _said(what: str, row: Clock, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the event keeps
    said = {"clock": row.name, "round": row.round, "run": row.run, "what": what, "due": _text(row.due_at)}
    if what == "started":
        said["calendar"] = row.calendar.code if row.calendar else None
        said["main"] = row.is_main
    return said | {key: _text(value) if isinstance(value, datetime) else value for key, value in more.items()}


def extended(row: Clock, minutes: int) -> dict[str, Any]:
    """That a clock was given more time, as an event keeps it."""
    return _said("extended", row, minutes=minutes)


def recounted(row: Clock, before: datetime | None) -> dict[str, Any]:
    """That its calendar changed, as an event keeps it."""
    return _said("recounted", row, before=before)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def settle(case: Case, known: Sequence[Clock] | None = None) -> None:
    """Bring what a case says of its due time to what its clocks say (``known``, or stored); not saved."""
    rows = list(case.clocks.order_by("pk")) if known is None else known
    running = [row for row in rows if row.stopped_at is None and row.due_at is not None]
    first = min(running, key=lambda row: row.due_at or BEHIND, default=None)
    case.due_at = first.due_at if first else None
    case.soon_at = first.soon_at if first else None
    case.rank = case.due_at or BEHIND
    # Once it ended, time that was granted and not needed says nothing of it.
    case.is_extended = any(row.extended and (row.stopped_at is None or row.first_lateness) for row in rows)
    ended = [row.lateness for row in rows if row.is_main and row.lateness is not None]
    case.lateness = max(ended) if ended else None
