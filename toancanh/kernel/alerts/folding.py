"""How readings become severity: pure steps from one state to the next; plain Python.

A state holds all that later readings need of earlier ones, so that it may be kept, gone back to and gone on
from. Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from toancanh.kernel.declare import Bands
from toancanh.lib.rounding import rounded

SECOND = 1_000_000
HOUR = 3600 * SECOND


class Point(NamedTuple):
    """A value at a time."""

    time: int
    value: float


class Band(NamedTuple):
    """How one line stands: since when it is held or, where it rings, since when it was left."""

    rings: bool = False
    since: int | None = None


class State(NamedTuple):
    """What a leaf knows after the readings so far."""

    bands: tuple[Band, ...]
    last: Point | None = None
    """The newest reading that counts."""
    doubted: Point | None = None
    """One that leapt and waits for the next to confirm it."""
    recent: tuple[Point, ...] = ()
    """Readings that count within the window."""
    now: float | None = None
    """The quantity that was judged last: the value, the rate or the sum."""
    worst: Point | None = None
    """The most extreme one since it rings."""


@dataclass(frozen=True)
class Leaf:
    """Bands with their lines as numbers, mildest first, ready to be stepped."""

    bands: Bands
    lines: tuple[tuple[float, int, str], ...]
    """Value, severity and name of each line; lines whose threshold is not in force are left out."""
    precision: int = 6

    def start(self, severity: int = 0) -> State:
        """Nothing heard yet; an alert of ``severity`` is already standing."""
        return State(tuple(Band(rings=line[1] <= severity) for line in self.lines))

    def step(self, state: State, time: int, value: float) -> State:
        """The state after one more reading, which is newer than those before."""
        spike = self.bands.spike
        last, doubted = state.last, state.doubted
        if spike is None or last is None or abs(value - last.value) <= spike:
            return self._count(state._replace(doubted=None), time, value)
        if doubted is None or abs(value - doubted.value) > spike:
            return state._replace(doubted=Point(time, value))
        state = self._count(state._replace(doubted=None), doubted.time, doubted.value)
        return self._count(state, time, value)

    def _count(self, state: State, time: int, value: float) -> State:
        recent = state.recent
        if self.bands.of != "value":
            first = time - self.bands.window_s * SECOND
            recent = (*(point for point in recent if self._is_within(point, first)), Point(time, value))
        quantity = self._quantity(recent, value)
        bands = state.bands
        if quantity is not None:
            bands = tuple(
                self._judge(band, line, time, quantity) for band, line in zip(bands, self.lines, strict=True)
            )
        worst = state.worst
        if not any(band.rings or band.since is not None for band in bands):
            worst = None
        elif quantity is not None and (worst is None or self._is_worse(quantity, worst.value)):
            worst = Point(time, quantity)
        return State(bands, Point(time, value), None, recent, quantity, worst)

    def _is_within(self, point: Point, first: int) -> bool:
        # A sum's reading bears the end of its period: one at the start of the window is of the time before.
        return point.time > first if self.bands.of == "sum" else point.time >= first

    def _quantity(self, recent: tuple[Point, ...], value: float) -> float | None:
        if self.bands.of == "value":
            return rounded(value, self.precision)
        if self.bands.of == "sum":
            return rounded(sum(point.value for point in recent), self.precision)
        return slope(recent, self.bands.window_s)

    def _is_worse(self, value: float, than: float) -> bool:
        return value < than if self.bands.falls else value > than

    def _judge(self, band: Band, line: tuple[float, int, str], time: int, value: float) -> Band:
        limit = line[0]
        is_beyond = value <= limit if self.bands.falls else value >= limit
        if not band.rings:
            if not is_beyond:
                return Band()
            since = time if band.since is None else band.since
            held = time - since >= self.bands.hold_s * SECOND
            return Band(rings=True) if held else Band(since=since)
        back = limit + self.bands.hysteresis if self.bands.falls else limit - self.bands.hysteresis
        is_back = value > back if self.bands.falls else value < back
        if not is_back:
            return Band(rings=True)
        since = time if band.since is None else band.since
        return Band() if time - since >= self.bands.calm_s * SECOND else Band(rings=True, since=since)

    def reached(self, state: State) -> int:
        """Index of the worst line that rings; -1 where none does."""
        return max((n for n, band in enumerate(state.bands) if band.rings), default=-1)

    def severity(self, state: State) -> int:
        """Severity of the worst line that rings; 0 where none does."""
        reached = self.reached(state)
        return self.lines[reached][1] if reached >= 0 else 0


def slope(recent: tuple[Point, ...], window_s: int) -> float | None:
    """Change per hour along the line that fits best; None until half of the window is filled."""
    if len(recent) < 3 or recent[-1].time - recent[0].time < window_s * SECOND // 2:
        return None
    zero = recent[-1].time
    hours = [(point.time - zero) / HOUR for point in recent]
    middle = sum(hours) / len(hours)
    mean = sum(point.value for point in recent) / len(recent)
    apart = [hour - middle for hour in hours]
    spread = sum(x * x for x in apart)
    rise = sum(x * (point.value - mean) for x, point in zip(apart, recent, strict=True))
    return rounded(rise / spread, 4)


def folded(leaf: Leaf, state: State, points: Iterator[Point]) -> State:
    """The state after all of these."""
    for point in points:
        state = leaf.step(state, point.time, point.value)
    return state
