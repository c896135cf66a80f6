"""Brings to open pages what other processes committed, by looking at the store several times a second.

One look serves every page of the process. It needs no channel between the processes but the store itself, so
it also works where they stand on several hosts and through a pooler of connections.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.announce import Announcer, announcer
from toancanh.kernel.telemetry.store import CORRECTED, Mark, Reading

EVERY = 0.4
"""Seconds between two looks."""


class Watch:
    """Remembers the newest reading of every series, so that each is told once whoever committed it."""

    def __init__(self, to: Announcer = announcer, *, others: bool) -> None:
        """``others``: whether processes beside this one write to the store."""
        self._to = to
        self._others = others
        self._mark: Mark | None = None
        self._seen: dict[int, Reading] = {}
        self._lock = threading.Lock()

    def committed(self, readings: Iterable[Reading]) -> None:
        """Tell what this process has just committed."""
        self._to.tell(self._news(readings))

    def look(self) -> int:
        """Tell what others committed since the last look, and what a changed threshold judges anew."""
        self._to.look()
        if self._others:
            is_first = self._mark is None
            mark, readings = engine.store().changed(self._mark)
            news = self._news(readings)
            # What was there before the first look is on the pages already.
            self._to.tell([] if is_first else news)
            self._mark = mark
        return 0

    def _news(self, readings: Iterable[Reading]) -> list[Reading]:
        with self._lock:
            news = [reading for reading in readings if _is_news(reading, self._seen.get(reading.series))]
            self._seen.update((reading.series, reading) for reading in news)
            return news


def _is_news(reading: Reading, seen: Reading | None) -> bool:
    """Newer than what was told, or of the same time and corrected; a commit may be heard of late."""
    if seen is None or reading.time != seen.time:
        return seen is None or reading.time > seen.time
    return reading != seen and (bool(reading.quality & CORRECTED) or not seen.quality & CORRECTED)
