"""Keeps readings that this program itself has: judged and stored as those of the doors are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from toancanh.kernel.declare import Message
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.directory import Directory, TokenInfo
from toancanh.kernel.telemetry.intake import Request, Taken, judge, taken
from toancanh.kernel.telemetry.store import Store

OURSELVES = TokenInfo(id=0, name="program")


@dataclass(slots=True)
class Observed:
    """One reading as a door would have decoded it."""

    thing: str
    series: str
    time: datetime
    value: float
    correction: bool = False
    seq: int | None = None


def keep(store: Store, directory: Directory, messages: Sequence[Message], now: int) -> Taken:
    """Judge the readings at the time ``now`` (µs) and keep them in one transaction."""
    rows = [Observed(m.thing, m.series, clock.from_us(m.time_us), m.value) for m in messages]
    judged = judge(Request("", rows), OURSELVES, directory, now)
    return taken(judged, store.put(judged.rows, now).outcomes)
