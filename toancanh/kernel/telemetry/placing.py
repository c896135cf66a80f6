"""What happens to each row of a batch, written once so that every engine decides alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from toancanh.kernel.telemetry.feed import WITHDRAWN
from toancanh.kernel.telemetry.store import (
    CORRECTED,
    Outcome,
    Placed,
    Reading,
    Row,
    Superseded,
    month,
    month_span,
)

Stored = Mapping[tuple[int, int], tuple[float, int]]


class Engine(Protocol):
    """The statements an engine has to offer inside its open transaction."""

    chunk: int

    def prepare(self, months: Sequence[str]) -> None:
        """Make room for rows of these months, before any row is kept."""

    def insert(self, month: str, rows: Sequence[Row]) -> int:
        """Store the rows whose (series, time) is free, the first of equals, and say how many those were."""

    def stored(self, month: str, rows: Sequence[Row]) -> Stored:
        """The value and quality now stored under the (series, time) of the rows."""

    def replace(self, month: str, reading: Reading, old: Superseded) -> None:
        """Put the reading in the place of the old one, and the old one on record."""

    def advance(self, newest: Sequence[Reading]) -> None:
        """Make the readings the latest of their series unless a newer one is there."""

    def has(self, month: str) -> bool:
        """Whether anything was ever stored in the month."""

    def remove(self, month: str, old: Superseded) -> None:
        """Take the row out of its month, and put it on record."""

    def last(self, series: int) -> Reading | None:
        """The newest row of the series that is left."""

    def fall_back(self, series: int, to: Reading | None) -> None:
        """Make an older reading the latest of its series, or none where none is left."""

    def tell(self, readings: Sequence[Row] | Sequence[Reading]) -> None:
        """Put into the feed what is kept now, or was taken out; what was there before may be among it."""


def place(engine: Engine, rows: Sequence[Row], latest: Mapping[int, Reading], now: int) -> Placed:
    """Apply the rows in order; `latest` may lag behind the engine, never run ahead of it."""
    outcomes = [Outcome.KEPT] * len(rows)
    newest: dict[int, Reading] = {}
    months = split_by_month(rows)
    engine.prepare([name for name, _positions in months])
    for name, positions in months:
        for run in _runs(rows, positions, engine.chunk):
            part = [rows[position] for position in run]
            if part[0].corrected_by:
                outcomes[run[0]], kept = _correct(engine, name, part[0], now)
                _advance(newest, latest, [kept])
                engine.tell([kept])
            elif engine.insert(name, part) == len(part):
                _advance(newest, latest, part)
                engine.tell(part)
            else:
                stored = engine.stored(name, part)
                for position, row in zip(run, part, strict=True):
                    value, quality = stored[row.series, row.time]
                    if value == row.value:
                        _advance(newest, latest, [Reading(row.series, row.time, value, quality)])
                        engine.tell([Reading(row.series, row.time, value, quality)])
                    else:
                        outcomes[position] = Outcome.CONFLICT
    readings = [Reading(*found[:4]) for found in newest.values()]
    if readings:
        engine.advance(readings)
    return Placed(outcomes, readings)


def withdraw(engine: Engine, keys: Iterable[tuple[int, int]], now: int, source: str) -> list[Reading]:
    """Take rows out and let the latest of their series fall back to what is left; returns the rows."""
    rows = [Row(series, time, 0.0) for series, time in sorted(set(keys))]
    gone: list[Reading] = []
    for name, positions in split_by_month(rows):
        if not engine.has(name):
            continue
        for run in _runs(rows, positions, engine.chunk):
            stored = engine.stored(name, [rows[position] for position in run])
            for (series, time), (value, quality) in sorted(stored.items()):
                engine.remove(name, Superseded(series, time, value, quality, now, source))
                gone.append(Reading(series, time, value, quality))
                engine.tell([Reading(series, time, value, quality | WITHDRAWN)])
    for series in {reading.series for reading in gone}:
        engine.fall_back(series, engine.last(series))
    return gone


def _correct(engine: Engine, name: str, row: Row, now: int) -> tuple[Outcome, Reading]:
    if engine.insert(name, [row]):
        return Outcome.KEPT, Reading(row.series, row.time, row.value, row.quality)
    value, quality = engine.stored(name, [row])[row.series, row.time]
    if value == row.value:
        return Outcome.KEPT, Reading(row.series, row.time, value, quality)
    reading = Reading(row.series, row.time, row.value, row.quality | CORRECTED)
    engine.replace(name, reading, Superseded(row.series, row.time, value, quality, now, row.corrected_by))
    return Outcome.CORRECTED, reading


def _advance(
    newest: dict[int, Reading], latest: Mapping[int, Reading], kept: Sequence[Row] | Sequence[Reading]
) -> None:
    for row in kept:
        series = row[0]
        seen = newest.get(series) or latest.get(series)
        # Of equal times only a changed value (a correction) is news.
        if seen is None or row[1] > seen[1] or (row[1] == seen[1] and row[2:4] != seen[2:4]):
            newest[series] = row  # type: ignore[assignment]  # made a Reading once, at the end


def _runs(rows: Sequence[Row], positions: list[int], chunk: int) -> Iterator[list[int]]:
    """Plain rows go together, up to a chunk; each correction goes alone, in its turn."""
    if not any(rows[position][4] for position in positions):
        for start in range(0, len(positions), chunk):
            yield positions[start : start + chunk]
        return
    run: list[int] = []
    for position in positions:
        corrects = bool(rows[position][4])
        if run and (corrects or len(run) == chunk):
            yield run
            run = []
        run.append(position)
        if corrects:
            yield run
            run = []
    if run:
        yield run


def split_by_month(rows: Sequence[Row]) -> list[tuple[str, list[int]]]:
    """Which positions of the rows belong to which month, each in order; nearly always one month."""
    found: dict[str, list[int]] = {}
    start, end = 0, 0
    positions: list[int] = []
    for position, row in enumerate(rows):
        if not start <= row[1] < end:
            name = month(row[1])
            start, end = month_span(name)
            positions = found.setdefault(name, [])
        positions.append(position)
    return list(found.items())
