"""What happened elsewhere before it came here: each event at its own moment, marked, and told to nobody.

Within `at` cases are opened and moved by the same actions as ever. Their events bear the time that is given
and say where they come from; no reaction runs, so that nobody is written to of what is long over; and no
clock begins that is not asked for by a term. The journal keeps the time at which it was taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toancanh.kernel.runtime import clock


@dataclass(frozen=True)
class Past:
    """A moment of before, and what tells of it."""

    at: datetime
    source: str
    is_assumed: bool

    @property
    def mark(self) -> Mapping[str, Any]:
        """What each event keeps beside its content."""
        return {"brought": self.source} | ({"assumed": True} if self.is_assumed else {})


_past: ContextVar[Past | None] = ContextVar("past", default=None)


@contextmanager
def at(moment: datetime, source: str, *, is_assumed: bool = False) -> Iterator[None]:
    """Write what happened then. ``is_assumed``: nobody knows when it did, this is the nearest time known."""
    token = _past.set(Past(moment, source, is_assumed))
    try:
        yield
    finally:
        _past.reset(token)


def current() -> Past | None:
    """What is being taken over; None where things happen now."""
    return _past.get()


def moment() -> datetime:
    """The time of what is being written."""
    past = _past.get()
    return clock.now() if past is None else past.at
