"""One rule on one thing, fed with readings in the order in which they come; plain Python.

Readings of up to a quarter of an hour ago are put where they belong, whatever came meanwhile: the state is
folded anew from a checkpoint. What is older writes history alone and is not judged.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from toancanh.kernel.alerts.folding import SECOND, Leaf, Point, State
from toancanh.kernel.declare import Bands, Condition, Either, Every, Silence

LATE = 900 * SECOND
"""A reading that is kept more than this after it was taken notifies nobody."""

Leaves = Mapping[int, Leaf]
"""Bands of a condition by where they stand in it, in the order of ``conditions.leaves``."""


@dataclass
class Track:
    """One series of a rule: readings since the checkpoint and the states of the leaves that read it."""

    leaves: dict[int, Leaf]
    states: dict[int, State]
    heard: int | None = None
    """Time of the newest reading, implausible ones included."""
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    """Readings since the older checkpoint: as bare numbers, since there may be millions over all tracks."""
    _older: tuple[int, dict[int, State]] = field(init=False)
    _newer: tuple[int, dict[int, State]] = field(init=False)

    def __post_init__(self) -> None:
        self._older = self._newer = (-1, self.states)

    def put(self, time: int, value: float | None) -> bool:
        """Take a reading in its place (no value: take it out); False where it changes nothing."""
        if time <= self._older[0]:
            return False
        if value is not None and (not self.times or time > self.times[-1]):
            self._append(time, value)
            return True
        at = bisect_left(self.times, time)
        there = at < len(self.times) and self.times[at] == time
        if (there and self.values[at] == value) or (value is None and not there):
            return False
        if there:
            del self.times[at], self.values[at]
        if value is not None:
            self.times.insert(at, time)
            self.values.insert(at, value)
        self._refold(time)
        return True

    def _append(self, time: int, value: float) -> None:
        if not self.leaves:
            # Of a silence only the newest time matters.
            return
        self.times.append(time)
        self.values.append(value)
        self.states = self._stepped(self.states, time, value)
        if time - self._newer[0] > LATE:
            self._older, self._newer = self._newer, (time, self.states)
            gone = bisect_left(self.times, self._older[0] + 1)
            del self.times[:gone], self.values[:gone]

    def _refold(self, time: int) -> None:
        if time <= self._newer[0]:
            # Between the checkpoints: the newer one is no longer true.
            self._newer = (self._newer[0], self._folded(self._older, until=self._newer[0]))
        self.states = self._folded(self._newer)

    def _folded(self, start: tuple[int, dict[int, State]], until: int | None = None) -> dict[int, State]:
        states = start[1]
        for at in range(bisect_left(self.times, start[0] + 1), len(self.times)):
            if until is not None and self.times[at] > until:
                break
            states = self._stepped(states, self.times[at], self.values[at])
        return states

    def _stepped(self, states: dict[int, State], time: int, value: float) -> dict[int, State]:
        return {n: leaf.step(states[n], time, value) for n, leaf in self.leaves.items()}


class Watched:
    """A condition over the series of one thing: feed it readings and ask for its severity."""

    def __init__(self, condition: Condition, leaves: Leaves, standing: int = 0) -> None:
        """``standing``: severity of the alert that stands already, so that hysteresis holds it."""
        self.condition = condition
        self.leaves = leaves
        self.tracks: dict[str, Track] = {}
        self._order: list[Bands | Silence] = []
        self._collect(condition)
        for number, leaf in enumerate(self._order):
            own = {number: leaves[number]} if isinstance(leaf, Bands) else {}
            track = self.tracks.setdefault(leaf.series, Track({}, {}))
            track.leaves |= own
            track.states |= {n: one.start(standing) for n, one in own.items()}
        self.has_silence = any(isinstance(leaf, Silence) for leaf in self._order)
        self.listening = 0
        """From when on it is known that nothing was heard."""

    def _collect(self, condition: Condition) -> None:
        if isinstance(condition, Every | Either):
            for part in condition.parts:
                self._collect(part)
        else:
            self._order.append(condition)

    def put(self, series: str, time: int, value: float | None, *, is_plausible: bool = True) -> bool:
        """Take a reading in; an implausible one only tells that the station lives."""
        track = self.tracks[series]
        if value is not None and (track.heard is None or time > track.heard):
            track.heard = time
        # A reading that a correction made implausible is taken out again.
        return track.put(time, value if is_plausible else None)

    @property
    def is_calm(self) -> bool:
        """Whether after the reading that was put nothing can ring; False where that is to be looked at."""
        if self.has_silence and len(self.tracks) > 1:
            return False
        for track in self.tracks.values():
            for number, state in track.states.items():
                if state.bands is not self.leaves[number].calm:
                    return False
        return True

    def severity(self, now: int, muted: Collection[str] = ()) -> int:
        """How severe it is at ``now``; 0 where nothing rings. Parts that read ``muted`` series count 0."""
        return self._severity(self.condition, now, iter(range(len(self._order))), muted)

    def _severity(
        self, condition: Condition, now: int, numbers: Iterator[int], muted: Collection[str]
    ) -> int:
        if isinstance(condition, Every):
            severities = []
            for part in condition.parts:
                before = self._severity(part, now, numbers, muted)
                severities.append(before if self._is_heard(part, now, condition.valid_s) else 0)
            return min(severities)
        if isinstance(condition, Either):
            return max([self._severity(part, now, numbers, muted) for part in condition.parts])
        number = next(numbers)
        if condition.series in muted:
            return 0
        track = self.tracks[condition.series]
        if isinstance(condition, Silence):
            return condition.severity if self._is_silent(condition, now) else 0
        return self.leaves[number].severity(track.states[number])

    def _is_heard(self, part: Condition, now: int, valid_s: int) -> bool:
        if isinstance(part, Bands):
            heard = self.tracks[part.series].heard
            return heard is not None and now - heard <= valid_s * SECOND
        return True

    def _is_silent(self, leaf: Silence, now: int) -> bool:
        heard = self.tracks[leaf.series].heard
        return heard is not None and now - max(heard, self.listening) > leaf.after_s * SECOND

    def silent(self, now: int) -> frozenset[int]:
        """The silences that count now, by where they stand in the condition."""
        leaves = enumerate(self._order)
        return frozenset(n for n, leaf in leaves if isinstance(leaf, Silence) and self._is_silent(leaf, now))

    def silent_from(self) -> int | None:
        """The first moment at which one of its silences may count; None before anything was heard."""
        moments = [
            max(heard, self.listening) + leaf.after_s * SECOND
            for leaf in self._order
            if isinstance(leaf, Silence) and (heard := self.tracks[leaf.series].heard) is not None
        ]
        return min(moments, default=None)

    def silences(self, start: int, end: int) -> list[int]:
        """The moments in (start, end] at which a silence begins to count, if nothing is heard until then."""
        found = []
        for leaf in self._order:
            heard = self.tracks[leaf.series].heard
            if isinstance(leaf, Silence) and heard is not None:
                begins = heard + leaf.after_s * SECOND + 1
                if start < begins <= end:
                    found.append(begins)
        return found

    def reason(self, now: int, muted: Collection[str] = ()) -> Reason:
        """The leaf that says most about why it rings, of those that do not read ``muted`` series."""
        found = Reason(series=self._order[0].series)
        for number, leaf in enumerate(self._order):
            if leaf.series in muted:
                continue
            track = self.tracks[leaf.series]
            if isinstance(leaf, Silence):
                severity = leaf.severity if self._is_silent(leaf, now) else 0
                one = Reason(severity, leaf.series, "silence", since=track.heard)
            else:
                one = _reason(self.leaves[number], track.states[number])
            if one.severity > found.severity:
                found = one
        return found


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it rings: which series, what of it, which line, the value now and the worst so far."""

    severity: int = 0
    series: str = ""
    of: str = ""
    line: str = ""
    limit: float | None = None
    value: float | None = None
    worst: Point | None = None
    since: int | None = None


def _reason(leaf: Leaf, state: State) -> Reason:
    reached = leaf.reached(state)
    if reached < 0:
        return Reason(series=leaf.bands.series)
    limit, severity, name = leaf.lines[reached]
    since = _time(state.last)
    return Reason(severity, leaf.bands.series, leaf.bands.of, name, limit, state.now, state.worst, since)


def _time(point: Point | None) -> int | None:
    return point.time if point else None
