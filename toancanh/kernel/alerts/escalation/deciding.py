"""When an alert goes to which level: plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Told:
    """A level that the alert went to already."""

    level: int
    at: datetime
    somebody: bool


def next_step(
    asked_at: datetime,
    told: Sequence[Told],
    levels: Sequence[int],
    minutes: int | None,
    resumed: datetime | None = None,
) -> tuple[int, datetime] | None:
    """The level that comes next and when; None where it goes no further.

    The first level is told at once. Where nobody was on duty the next is turned to without waiting.
    ``resumed``: when maintenance of the station ended, before which nobody had to answer.
    """
    reached = max((one.level for one in told), default=0)
    level = min((level for level in levels if level > reached), default=None)
    if level is None:
        return None
    if not told:
        return level, asked_at
    last = max(told, key=lambda one: one.level)
    if not last.somebody:
        return level, last.at
    if minutes is None:
        return None
    begins = last.at if resumed is None else max(last.at, resumed)
    return level, begins + timedelta(minutes=minutes)
