"""How readings become severity: pure steps from one state to the next; plain Python.

A state holds all that later readings need of earlier ones, so that it may be kept, gone back to and gone on
from. Times are microseconds.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from toancanh.kernel.declare import Bands
from toancanh.lib.rounding import rounded

SECOND = 1_000_000
HOUR = 3600 * SECOND


class Point(NamedTuple):
    """A value at a time."""

    time: int
    value: float


Sums = tuple[int, int, int, int]
"""Over the readings of a window: times, their squares, values in millionths, times by values."""
GRAIN = 1_000_000
_PAIR = struct.Struct("<qd")


class Band(NamedTuple):
    """How one line stands: since when it is held or, where it rings, since when it was left."""

    rings: bool = False
    since: int | None = None


class Ebb(NamedTuple):
    """After a wave: where the next one begins."""

    low: float
    """The calmest since."""
    risen: int | None = None
    """Since when it has risen from there by as much as makes a new wave."""
    back: int | None = None
    """Since when it is behind all lines, where the ebb ends."""


class State(NamedTuple):
    """What a leaf knows after the readings so far."""

    bands: tuple[Band, ...]
    last: Point | None = None
    """The newest reading that counts …"""
    step: float = 0.0
    """… and how far it stood from the one before."""
    doubted: tuple[Point, ...] = ()
    """Readings since one that leapt, until those after it confirm it."""
    recent: bytes = b""
    """Readings that count within the window, packed, as there may be millions …"""
    sums: Sums = (0, 0, 0, 0)
    """… and what the line through them is made of."""
    now: float | None = None
    """The quantity that was judged last: the value, the rate or the sum."""
    worst: Point | None = None
    """The most extreme one since it rings."""
    falling: int | None = None
    """Since when the share of its height is lost after which a wave counts as over."""
    ebb: Ebb | None = None
    """Set while what is left of a wave stands above the lines: only a new wave rings."""


@dataclass(frozen=True)
class Leaf:
    """Bands with their lines as numbers, mildest first, ready to be stepped."""

    bands: Bands
    lines: tuple[tuple[float, int, str], ...]
    """Value, severity and name of each line; lines whose threshold is not in force are left out."""
    precision: int = 6

    @cached_property
    def calm(self) -> tuple[Band, ...]:
        """No line rings or is held; of all states in which that is so, the same object."""
        return tuple(Band() for _line in self.lines)

    @cached_property
    def _near(self) -> float:
        """On the calm side of this no line is reached, however a figure is rounded."""
        margin = 10.0 ** (1 - (4 if self.bands.of == "rate" else self.precision))
        return self.lines[0][0] + margin if self.bands.falls else self.lines[0][0] - margin

    def _is_far(self, quantity: float) -> bool:
        return quantity > self._near if self.bands.falls else quantity < self._near

    def start(self, severity: int = 0) -> State:
        """Nothing heard yet; an alert of ``severity`` is already standing."""
        rings = tuple(Band(rings=line[1] <= severity) for line in self.lines)
        return State(self.calm if rings == self.calm else rings)

    def step(self, state: State, time: int, value: float) -> State:
        """The state after one more reading, which is newer than those before."""
        spike, last = self.bands.spike, state.last
        if spike is None or last is None or self._is_likely(value - last.value, state.step, spike):
            return self._count(state, time, value)
        point = Point(time, value)
        doubted = _with(state.doubted, point, last, spike)
        if not self._is_confirmed(doubted):
            return state._replace(doubted=doubted)
        for one in doubted:
            state = self._count(state, one.time, one.value)
        return state

    def _is_likely(self, leap: float, before: float, spike: float) -> bool:
        # Water that is rising fast already may rise faster still.
        return abs(leap) <= spike + (2 * abs(before) if leap * before > 0 else 0.0)

    def _is_confirmed(self, doubted: tuple[Point, ...]) -> bool:
        if len(doubted) < 2:
            return False
        first, newest = doubted[0], doubted[-1]
        enough = self.bands.spike_s * SECOND
        if newest.time - doubted[-2].time >= enough:
            # Readings stand further apart than any doubt lasts.
            return True
        steps = [after.value - before.value for before, after in itertools.pairwise(doubted)]
        # It gets better by and by: only what gets worse fast needs somebody at once.
        gets_worse = all(step < 0 if self.bands.falls else step > 0 for step in steps)
        if gets_worse and abs(newest.value - first.value) > (self.bands.spike or 0.0) / 2:
            enough = min(enough, self.bands.hold_s * SECOND)
        return newest.time - first.time >= enough and (not enough or any(steps))

    def _count(self, state: State, time: int, value: float) -> State:
        point = Point(time, value)
        recent, sums = state.recent, state.sums
        if self.bands.of != "value":
            recent, sums = self._window(recent, sums, point)
        quantity = self._quantity(recent, sums, value)
        step = value - state.last.value if state.last is not None else 0.0
        bands = state.bands
        if bands is self.calm and state.ebb is None and (quantity is None or self._is_far(quantity)):
            # Nearly every reading there is: nothing rings and nothing begins.
            return State(bands, point, step, (), recent, sums, quantity)
        if quantity is not None:
            quantity = rounded(quantity, 4 if self.bands.of == "rate" else self.precision)
            if state.ebb is not None:
                kept = state._replace(last=point, step=step, doubted=())
                return self._ebbed(kept, state.ebb, time, quantity)
            bands = tuple(
                self._judge(band, line, time, quantity) for band, line in zip(bands, self.lines, strict=True)
            )
        worst = state.worst
        if bands == self.calm:
            bands, worst = self.calm, None
        elif quantity is not None and (worst is None or self._is_worse(quantity, worst.value)):
            worst = Point(time, quantity)
        after = State(bands, point, step, (), recent, sums, quantity, worst, state.falling)
        return after if self.bands.ebb is None else self._falling(state, after, self.bands.ebb)

    # --- waves of one flood after another

    def _falling(self, before: State, after: State, share: float) -> State:
        """Whether what rings has lost so much of its height that it is over."""
        assert after.last is not None
        assert after.now is not None
        time, now, line = after.last.time, after.now, self.lines[0][0]
        if before.last is None and not self._rings(before) and self._is_beyond(now, line):
            # It stood there before anybody listened: only what comes on top of it is news.
            return after._replace(bands=self.calm, worst=None, ebb=Ebb(now))
        if not self._rings(after) or after.worst is None:
            return after._replace(falling=None)
        lost = max(share * abs(after.worst.value - line), self.bands.hysteresis)
        if abs(after.worst.value - now) < lost or not lost:
            return after._replace(falling=None)
        since = time if after.falling is None else after.falling
        if time - since < self.bands.calm_s * SECOND:
            return after._replace(falling=since)
        return after._replace(bands=self.calm, worst=None, falling=None, ebb=Ebb(now))

    def _ebbed(self, state: State, ebb: Ebb, time: int, now: float) -> State:
        line, slack = self.lines[0][0], self.bands.hysteresis
        low = ebb.low if self._is_worse(now, ebb.low) else now
        left = abs(low - line) if self._is_beyond(low, line) else 0.0
        # Ordinary ups and downs reach once the hysteresis from their lowest.
        wave = max((self.bands.ebb or 0.0) * left, 2 * slack)
        is_up = self._is_beyond(now, line) and abs(now - low) >= wave
        risen = (time if ebb.risen is None else ebb.risen) if is_up else None
        back = (time if ebb.back is None else ebb.back) if self._is_back(now, line) else None
        after = state._replace(ebb=Ebb(low, risen, back), now=now)
        if back is not None and time - back >= self.bands.calm_s * SECOND:
            return after._replace(ebb=None)
        if risen is not None and time - risen >= self.bands.hold_s * SECOND:
            bands = tuple(Band(rings=self._is_beyond(now, one[0])) for one in self.lines)
            return after._replace(ebb=None, bands=bands, worst=Point(time, now))
        return after

    def _rings(self, state: State) -> bool:
        return any(band.rings for band in state.bands)

    def _window(self, recent: bytes, sums: Sums, point: Point) -> tuple[bytes, Sums]:
        """The readings of the window after one more, and what a line through them is made of."""
        first = point.time - self.bands.window_s * SECOND
        # A sum's reading bears the end of its period: one at the start of the window is of the time before.
        if self.bands.of == "sum":
            first += 1
        gone = 0
        while gone < len(recent):
            time, value = _PAIR.unpack_from(recent, gone)
            if time >= first:
                break
            sums = _added(sums, time, value, -1)
            gone += _PAIR.size
        return recent[gone:] + _PAIR.pack(*point), _added(sums, point.time, point.value, 1)

    def _quantity(self, recent: bytes, sums: Sums, value: float) -> float | None:
        """What is judged, before it is rounded."""
        if self.bands.of == "value":
            return value
        if self.bands.of == "sum":
            amounts: list[float] = [value for _time, value in _PAIR.iter_unpack(recent)]
            return sum(amounts)
        return slope(recent, sums, self.bands.window_s)

    def _is_worse(self, value: float, than: float) -> bool:
        return value < than if self.bands.falls else value > than

    def _is_beyond(self, value: float, limit: float) -> bool:
        return value <= limit if self.bands.falls else value >= limit

    def _is_back(self, value: float, limit: float) -> bool:
        slack = self.bands.hysteresis
        return value > limit + slack if self.bands.falls else value < limit - slack

    def _judge(self, band: Band, line: tuple[float, int, str], time: int, value: float) -> Band:
        limit = line[0]
        if not band.rings:
            if not self._is_beyond(value, limit):
                return Band()
            since = time if band.since is None else band.since
            held = time - since >= self.bands.hold_s * SECOND
            return Band(rings=True) if held else Band(since=since)
        if not self._is_back(value, limit):
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


def _with(doubted: tuple[Point, ...], point: Point, last: Point, spike: float) -> tuple[Point, ...]:
    """What is doubted after one more: a leap that goes on, one that stays, or another one."""
    if not doubted:
        return (point,)
    before = doubted[-1]
    leads_on = (before.value - last.value) * (point.value - before.value) > 0
    if abs(point.value - before.value) > spike and not leads_on:
        return (point,)
    if len(doubted) > 2 and point.value == before.value == doubted[-2].value == doubted[-3].value:
        # A stuck sensor may go on for weeks.
        return (*doubted[:-2], before, point)
    return (*doubted, point)


def _added(sums: Sums, time: int, value: float, sign: int) -> Sums:
    """Whole numbers: what is added and taken away again leaves no trace."""
    x, y = time, round(value * GRAIN)
    return sums[0] + sign * x, sums[1] + sign * x * x, sums[2] + sign * y, sums[3] + sign * x * y


def slope(recent: bytes, sums: Sums, window_s: int) -> float | None:
    """Change per hour along the line that fits best; None until half of the window is filled."""
    count = len(recent) // _PAIR.size
    if count < 3:
        return None
    first, last = (_PAIR.unpack_from(recent, at)[0] for at in (0, len(recent) - _PAIR.size))
    if last - first < window_s * SECOND // 2:
        return None
    x, xx, y, xy = sums
    return (count * xy - x * y) * HOUR / ((count * xx - x * x) * GRAIN)


def folded(leaf: Leaf, state: State, points: Iterator[Point]) -> State:
    """The state after all of these."""
    for point in points:
        state = leaf.step(state, point.time, point.value)
    return state
