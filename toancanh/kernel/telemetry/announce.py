"""Tells open pages what was committed: the newest reading of a series with the level it has reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from toancanh.kernel.declare import Limit
from toancanh.kernel.runtime import clock, revision
from toancanh.kernel.runtime.live import Hub, hub
from toancanh.kernel.telemetry import engine
from toancanh.kernel.telemetry.models import Series
from toancanh.kernel.telemetry.queries import limits_on, precision, rank
from toancanh.kernel.telemetry.store import Reading

LOOK_EVERY = 1.0
"""Seconds between two looks whether thresholds or things changed."""


@dataclass(frozen=True)
class Told:
    """How a series is named on the stream and who may hear it."""

    thing: str
    name: str
    path: str | None
    limits: tuple[Limit, ...]
    precision: int


class Announcer:
    """Keeps in memory what a frame needs, so that a commit of thousands costs no query each."""

    def __init__(self, to: Hub = hub) -> None:
        self._hub = to
        self._told: dict[int, Told] = {}
        self._seen: tuple[int, date] | None = None
        self._look_at = 0.0
        self._rejudged: set[int] = set()
        self._lock = threading.Lock()

    def tell(self, readings: Iterable[Reading]) -> None:
        """Publish readings that were just committed, or whose level was judged anew."""
        told = self._current()
        frames = []
        for reading in readings:
            series = told.get(reading.series)
            if series is not None:
                level = rank(reading, series.limits, series.precision)
                said = (
                    series.thing,
                    series.name,
                    reading.time // 1000,
                    reading.value,
                    reading.quality,
                    level,
                )
                frames.append((said, series.path))
        self._hub.publish(frames)

    def look(self) -> None:
        """Tell the newest readings again whose thresholds changed, whichever process or day changed them."""
        self._current()
        with self._lock:
            rejudged, self._rejudged = self._rejudged, set()
        if rejudged:
            self.tell(engine.store().latest(rejudged).values())

    def _current(self) -> dict[int, Told]:
        with self._lock:
            if time.monotonic() < self._look_at:
                return self._told
            self._look_at = time.monotonic() + LOOK_EVERY
            day = clock.now().astimezone(clock.VIETNAM).date()
            seen = (revision.current("directory"), day)
            if seen != self._seen:
                told = _load(day)
                known = ((key, self._told.get(key)) for key in told)
                self._rejudged |= {key for key, old in known if old and old.limits != told[key].limits}
                self._told, self._seen = told, seen
            return self._told

    def forget(self) -> None:
        """Look again at the next reading."""
        with self._lock:
            self._look_at, self._seen = 0.0, None


def _load(day: date) -> dict[int, Told]:
    limits = limits_on(day)
    rows = Series.objects.filter(is_active=True, thing__is_active=True)
    columns = rows.values_list(
        "pk", "name", "thing__code", "thing__kind", "thing__is_public", "thing__unit__path"
    )
    return {
        key: Told(code, name, None if is_public else path, limits.get(key, ()), precision(kind, name))
        for key, name, code, kind, is_public, path in columns
    }


announcer = Announcer()


def again(series: int) -> None:
    """Tell the newest reading of a series once more: its thresholds changed."""
    announcer.forget()
    announcer.tell(engine.store().latest([series]).values())
