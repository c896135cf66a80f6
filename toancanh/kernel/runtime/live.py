"""The live hub: committed readings on their way to open pages, many readings to a frame.

One frame is encoded every tick and shared by all listeners; a slow listener is given the newest value of what
it missed instead of a queue that grows. A note, such as of an alert, does not wait for the tick.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import msgspec

from toancanh.kernel.runtime import clock

Reading = tuple[str, str, int, float, int, int]
"""Thing, series, time in ms, value, quality bits, rank of the level."""

TICK = 0.2
"""Seconds between two frames: below what an eye takes for delay, above what 200 pages cost."""
SOON = 0.05
"""Seconds between two frames where there is a note."""
KEEP = 600
"""Frames kept for pages that poll or come back …"""
KEEP_READINGS = 100_000
"""… and readings in them, so that a flood of readings does not become a flood of memory."""


Paths = tuple[str, ...]
"""Roots of the unit subtrees that a listener may see; empty: what is public."""


class Note(msgspec.Struct, frozen=True):
    """That something else changed, such as an alert: a page asks for what it shows of it."""

    kind: str
    key: str
    severity: int = 0
    state: str = ""


class Frame(msgspec.Struct, omit_defaults=True):
    """What one tick brought, as it is told."""

    cursor: int
    readings: list[Reading]
    notes: list[Note] = []


class Tick:
    """What one tick brought, encoded once for each kind of listener."""

    def __init__(
        self,
        cursor: int,
        taken: list[tuple[Reading, str | None]],
        notes: Sequence[tuple[Note, str]] = (),
    ) -> None:
        self.cursor = cursor
        self.taken = taken
        self.notes = notes
        self._told: dict[Paths, bytes] = {}

    def seen_by(self, paths: Paths) -> list[Reading]:
        """The readings that a listener of these paths may see."""
        return [r for r, path in self.taken if path is None or any(path.startswith(p) for p in paths)]

    def noted_for(self, paths: Paths) -> list[Note]:
        """The notes that a listener of these paths may see; the public sees none."""
        return [note for note, path in self.notes if any(path.startswith(p) for p in paths)]

    def told_to(self, paths: Paths) -> bytes:
        """The frame as stream bytes; empty where the listener may see nothing of it."""
        if paths not in self._told:
            readings, notes = self.seen_by(paths), self.noted_for(paths)
            data = encode(Frame(self.cursor, readings, notes))
            frame = b"event: readings\nid: %d\ndata: %s\n\n" % (self.cursor, data)
            self._told[paths] = frame if readings or notes else b""
        return self._told[paths]


encode = msgspec.json.Encoder().encode


class Hub:
    """Collects readings from any thread and hands frames to listeners on the event loop.

    A frame's cursor is the time it was told, in ms, so that a page may go on with another process.
    """

    def __init__(self) -> None:
        self._pending: dict[tuple[str, str], tuple[Reading, str | None]] = {}
        self._notes: dict[tuple[str, str], tuple[Note, str]] = {}
        self._ticks: deque[Tick] = deque()
        self._changed: asyncio.Condition | None = None
        self._cursor = 0
        self._kept = 0
        self.told = 0
        """Frames so far."""
        self._lock = threading.Lock()
        self._wake: Callable[[], object] | None = None
        """Lets the next frame be made soon; there once frames are made."""

    @property
    def cursor(self) -> int:
        """Of the newest frame; 0 before the first."""
        return self._cursor

    def publish(self, readings: Iterable[tuple[Reading, str | None]]) -> None:
        """Take readings in, each with the path of its unit (None: public); safe from any thread.

        Of one series only the newest of a tick is told.
        """
        with self._lock:
            for reading, path in readings:
                before = self._pending.get((reading[0], reading[1]))
                if before is None or before[0][2] <= reading[2]:
                    self._pending[reading[0], reading[1]] = (reading, path)

    def note(self, notes: Iterable[tuple[Note, str]]) -> None:
        """Take notes in, each with the path of its unit; safe from any thread."""
        with self._lock:
            self._notes.update(((note.kind, note.key), (note, path)) for note, path in notes)
            wake = self._wake if self._notes else None
        if wake is not None:
            with suppress(RuntimeError):  # the loop ends just now
                wake()

    async def run(self) -> None:
        """Turn what was published into frames until cancelled."""
        self._changed = asyncio.Condition()
        noted = asyncio.Event()
        self._wake = partial(asyncio.get_running_loop().call_soon_threadsafe, noted.set)
        while True:
            await asyncio.sleep(min(SOON, TICK))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(TICK - SOON, 0.0)):
                    await noted.wait()
            noted.clear()
            if not self._pending and not self._notes:
                continue
            with self._lock:
                taken, self._pending = self._pending, {}
                notes, self._notes = self._notes, {}
            self._cursor = max(self._cursor + 1, clock.now_us() // 1000)
            self.told += 1
            self._keep(Tick(self._cursor, list(taken.values()), list(notes.values())))
            async with self._changed:
                self._changed.notify_all()

    def _keep(self, tick: Tick) -> None:
        self._ticks.append(tick)
        self._kept += len(tick.taken)
        while len(self._ticks) > 1 and (len(self._ticks) > KEEP or self._kept > KEEP_READINGS):
            self._kept -= len(self._ticks.popleft().taken)

    async def after(self, cursor: int, paths: Paths, timeout: float) -> tuple[int, bytes]:
        """Frames after ``cursor`` as stream bytes, waiting up to ``timeout`` s; empty when nothing came."""
        if self._changed is None:
            await asyncio.sleep(timeout)
            return cursor, b""
        if cursor >= self._cursor:
            try:
                async with asyncio.timeout(timeout), self._changed:
                    await self._changed.wait_for(lambda: self._cursor > cursor)
            except TimeoutError:
                return cursor, b""
        return self._cursor, b"".join(tick.told_to(paths) for tick in self._newer(cursor))

    def since(self, cursor: int, paths: Paths) -> bytes:
        """The newest reading of each series told after ``cursor``, as JSON for pages that poll."""
        newest = {(r[0], r[1]): r for tick in self._newer(cursor) for r in tick.seen_by(paths)}
        notes = {(n.kind, n.key): n for tick in self._newer(cursor) for n in tick.noted_for(paths)}
        return encode(Frame(self._cursor, list(newest.values()), list(notes.values())))

    def _newer(self, cursor: int) -> list[Tick]:
        newer: list[Tick] = []
        for tick in reversed(self._ticks):
            if tick.cursor <= cursor:
                break
            newer.append(tick)
        return newer[::-1]


hub = Hub()
