"""Answering a `Wanted` from an engine that keeps readings by series and time, without reading all of it.

Rows of many series in the order of time lie apart in the engine. They are sought in windows that grow from
the end where the answer begins, so that the newest hundred of a thousand series cost a look at some minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any, Protocol

from toancanh.kernel.telemetry.store import SECOND, Order, Reading, Wanted

SECONDS = 5.0
"""How long a selection may take before it is ended with `TooLong`."""
_WINDOW = 600 * SECOND
_GROWTH = 4
_KEY: Order = (("time", False), ("series", False))
_DIRECTION = {False: "ASC", True: "DESC"}


class Engine(Protocol):
    """What an engine answers directly; series are sorted, each once, and never none."""

    def rows(self, wanted: Wanted, order: Order, limit: int, skip: int) -> list[Reading]: ...

    def total(self, wanted: Wanted) -> int: ...

    def pieces(self, wanted: Wanted) -> Sequence[tuple[int, int]]:
        """The span in parts, oldest first, each of which the engine reads in the order of its key."""


def whole(wanted: Wanted) -> Wanted:
    """The same with each series once, in order."""
    return replace(wanted, series=tuple(sorted(set(wanted.series))))


def total_order(order: Order) -> Order:
    """The order, ended by the key, so that no two rows are equal in it."""
    named = {column for column, _ in order}
    return (*order, *(key for key in _KEY if key[0] not in named))


def select(engine: Engine, wanted: Wanted, order: Order, limit: int, skip: int) -> list[Reading]:
    """The rows of `Store.select`; ``wanted`` is whole and ``order`` total."""
    if limit <= 0 or not wanted.series or wanted.start >= wanted.end:
        return []
    found: list[Reading] = []
    for part in _parts(engine, wanted, order):
        if skip and len(part.series) and part != wanted:
            there = engine.total(part)
            if there <= skip:
                skip -= there
                continue
        found += engine.rows(part, _needed(part, order), limit - len(found), skip)
        skip = 0
        if len(found) >= limit:
            break
    return found


def _parts(engine: Engine, wanted: Wanted, order: Order) -> Iterator[Wanted]:
    """Selections that one after the other give the rows of the whole in its order."""
    column, descending = order[0]
    if column == "series" and len(wanted.series) > 1:
        for series in sorted(wanted.series, reverse=descending):
            yield from _parts(engine, replace(wanted, series=(series,)), order)
    elif _needed(wanted, order)[0][0] != "time":
        yield wanted
    else:
        pieces = list(engine.pieces(wanted))
        if len(wanted.series) > 1 and pieces:
            pieces = list(_windows(pieces[0][0], pieces[-1][1], _needed(wanted, order)[0][1]))
        elif _needed(wanted, order)[0][1]:
            pieces.reverse()
        for start, end in pieces:
            yield replace(wanted, start=start, end=end)


def _windows(start: int, end: int, descending: bool) -> Iterator[tuple[int, int]]:
    width = _WINDOW
    while start < end:
        if descending:
            edge = max(start, end - width)
            yield edge, end
            end = edge
        else:
            edge = min(end, start + width)
            yield start, edge
            start = edge
        width *= _GROWTH


def _needed(wanted: Wanted, order: Order) -> Order:
    """The order without the series where there is but one: then the engine's key has it already."""
    if len(wanted.series) > 1:
        return order
    return tuple(key for key in order if key[0] != "series")


def order_sql(order: Order) -> str:
    """The body of ORDER BY, made of our own names."""
    return ", ".join(f"{column} {_DIRECTION[descending]}" for column, descending in order)


def bounds_sql(wanted: Wanted, mark: str) -> tuple[str, list[Any]]:
    """Conditions on time and value with their parameters."""
    said, given = rest_sql(wanted, mark)
    return f"time >= {mark} AND time < {mark}{said}", [wanted.start, wanted.end, *given]


def rest_sql(wanted: Wanted, mark: str) -> tuple[str, list[Any]]:
    """The same without the span of time, to stand behind other conditions."""
    said = ""
    given: list[Any] = []
    if wanted.low > -inf:
        said, given = f"{said} AND value >= {mark}", [*given, wanted.low]
    if wanted.high < inf:
        said, given = f"{said} AND value <= {mark}", [*given, wanted.high]
    if wanted.after is not None:
        said = f"{said} AND (time <> {mark} OR series > {mark})"
        given = [*given, *wanted.after]
    return said, given
