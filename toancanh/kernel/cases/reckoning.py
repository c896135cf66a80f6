"""When a term ends that stood still at times, and by how much it was missed: arithmetic alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

MINUTE = timedelta(minutes=1)
Interval = tuple[datetime, datetime | None]
"""From a moment to another; None: still going on."""
Closed = tuple[datetime, datetime]


class Time(Protocol):
    """How minutes are counted: a working calendar, or `Wall`."""

    def due(self, start: datetime, minutes: int) -> datetime: ...

    def elapsed(self, start: datetime, end: datetime) -> int: ...


class Wall:
    """Minutes of the clock on the wall, cut to whole ones as those of a calendar are."""

    def due(self, start: datetime, minutes: int) -> datetime:
        """So many minutes after the start."""
        return start.replace(second=0, microsecond=0) + minutes * MINUTE

    def elapsed(self, start: datetime, end: datetime) -> int:
        """Whole minutes between both."""
        return (end.replace(second=0, microsecond=0) - start.replace(second=0, microsecond=0)) // MINUTE


WALL = Wall()


@dataclass(frozen=True)
class Running:
    """A term from the moment at which it counts, and when it stood still."""

    begins: datetime
    minutes: int
    pauses: tuple[Interval, ...] = ()


def merged(pauses: Iterable[Interval], since: datetime) -> list[Interval]:
    """Pauses after ``since`` in their order, those that overlap as one."""
    found: list[Interval] = []
    for start, end in sorted(pauses, key=lambda one: one[0]):
        start = max(start, since)
        if end is not None and end <= start:
            continue
        if found:
            before, until = found[-1]
            if until is None:
                break
            if start <= until:
                found[-1] = (before, None if end is None else max(until, end))
                continue
        found.append((start, end))
    return found


def due(time: Time, term: Running) -> datetime | None:
    """When the term ends; None while it stands still.

    What is missed already stays missed: a pause that begins after the end moves nothing.
    """
    at = time.due(term.begins, term.minutes)
    for start, end in merged(term.pauses, term.begins):
        if start >= at:
            break
        if end is None:
            return None
        at = time.due(at, time.elapsed(start, end))
    return at


def lateness(time: Time, term: Running, stopped: datetime) -> int:
    """Minutes from the end of the term to ``stopped`` in which it did not stand still, or 0."""
    pauses = closed(term.pauses, stopped)
    at = due(time, Running(term.begins, term.minutes, tuple(pauses)))
    assert at is not None  # every pause has an end by now
    return late_within(time, at, pauses, (at, stopped))


def late_within(time: Time, due_at: datetime, pauses: Sequence[Closed], span: Closed) -> int:
    """Minutes of a span that lie behind the end of the term, without those in which it stood still."""
    start, end = max(due_at, span[0]), span[1]
    if end <= start:
        return 0
    late = time.elapsed(start, end)
    for since, until in pauses:
        since, until = max(since, start), min(until, end)
        if since < until:
            late -= time.elapsed(since, until)
    return max(0, late)


def closed(pauses: Iterable[Interval], stopped: datetime) -> list[Closed]:
    """Pauses as they are once everything has ended; those that overlap as one."""
    whole = [(since, min(until or stopped, stopped)) for since, until in pauses]
    if not whole:
        return []
    found = merged(whole, min(since for since, _until in whole))
    return [(since, until) for since, until in found if until is not None]
