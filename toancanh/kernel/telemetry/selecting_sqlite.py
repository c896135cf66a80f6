"""Selections from the monthly tables of an SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain

from toancanh.kernel.telemetry import selecting
from toancanh.kernel.telemetry.selecting import SECONDS, bounds_sql, order_sql, rest_sql
from toancanh.kernel.telemetry.store import Order, Reading, TooLong, Wanted, month, month_span

_KEYS = 512
_STEPS = 20_000
"""Instructions of SQLite's machine between two looks at the clock."""


class Selection:
    """The engine of `selecting` on one reading connection; ``tables`` are the monthly ones, oldest first."""

    def __init__(self, connection: sqlite3.Connection, tables: Callable[[int, int], list[str]]) -> None:
        self._connection = connection
        self._tables = tables

    def pieces(self, wanted: Wanted) -> Sequence[tuple[int, int]]:
        spans = [month_span(name[-6:]) for name in self._tables(wanted.start, wanted.end)]
        return [(max(start, wanted.start), min(end, wanted.end)) for start, end in spans]

    def rows(self, wanted: Wanted, order: Order, limit: int, skip: int) -> list[Reading]:
        tables = self._tables(wanted.start, wanted.end)
        if not tables:
            return []
        said, given = bounds_sql(wanted, "?")
        condition = f"{_among(wanted)} AND {said}"
        parts = [f"SELECT series, time, value, quality FROM {name} WHERE {condition}" for name in tables]
        statement = f"{' UNION ALL '.join(parts)} ORDER BY {order_sql(order)} LIMIT ? OFFSET ?"
        parameters = [*([_told(wanted), *given] * len(tables)), limit, skip]
        return [Reading._make(row) for row in self._connection.execute(statement, parameters).fetchall()]

    def each(self, wanted: Wanted, order: Order, limit: int, skip: int) -> dict[int, list[Reading]]:
        """Rows of every series by itself; a month is asked once for all series that need more."""
        own = tuple(key for key in order if key[0] != "series")
        found: dict[int, list[Reading]] = {}
        if limit <= 0 or own[0][0] != "time":
            for one in wanted.series:
                found[one] = selecting.select(self, replace(wanted, series=(one,)), order, limit, skip)
            return {one: rows for one, rows in found.items() if rows}
        needed, left = limit + skip, set(wanted.series)
        pieces = list(self.pieces(wanted))
        for start, end in reversed(pieces) if own[0][1] else pieces:
            part = replace(wanted, series=tuple(sorted(left)), start=start, end=end)
            for row in self._ends(part, own[0][1], needed) if left else ():
                found.setdefault(row.series, []).append(row)
            left -= {one for one in left if len(found.get(one, ())) >= needed}
        return {one: rows[skip:needed] for one, rows in found.items() if len(rows) > skip}

    def _ends(self, wanted: Wanted, descending: bool, needed: int) -> list[Reading]:
        """The first or last rows of every series in a month, found by the time of the last one needed."""
        (table,) = self._tables(wanted.start, wanted.end)
        span, bounds = bounds_sql(wanted, "?")
        rest, given = rest_sql(wanted, "?")
        way = "DESC" if descending else "ASC"
        last = (
            f"(SELECT time FROM {table} WHERE series = wanted.key AND {span}"
            f" ORDER BY time {way} LIMIT 1 OFFSET ?)"
        )
        inside = (
            f"time >= coalesce({last}, ?) AND time < ?"
            if descending
            else f"time <= coalesce({last}, ?) AND time >= ?"
        )
        edges = (wanted.start, wanted.end) if descending else (wanted.end - 1, wanted.start)
        statement = (
            f"SELECT series, time, value, quality FROM (SELECT value AS key FROM json_each(?)) wanted"
            f" CROSS JOIN {table} WHERE series = wanted.key AND {inside}{rest} ORDER BY series, time {way}"
        )
        parameters = [json.dumps(wanted.series), *bounds, needed - 1, *edges, *given]
        return [Reading._make(row) for row in self._connection.execute(statement, parameters).fetchall()]

    def total(self, wanted: Wanted) -> int:
        return sum(self.counts(wanted).values())

    def counts(self, wanted: Wanted) -> dict[int, int]:
        found: dict[int, int] = {}
        said, given = bounds_sql(wanted, "?")
        for name in self._tables(wanted.start, wanted.end):
            rows = self._connection.execute(
                f"SELECT series, count(*) FROM {name} WHERE {_among(wanted)} AND {said} GROUP BY series",
                [_told(wanted), *given],
            )
            for series, count in rows.fetchall():
                found[series] = found.get(series, 0) + count
        return found

    def at(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reading]:
        """The readings of these (series, time)."""
        by_month: dict[str, list[tuple[int, int]]] = {}
        for key in keys:
            by_month.setdefault(month(key[1]), []).append(key)
        found: dict[tuple[int, int], Reading] = {}
        for name, wanted in by_month.items():
            for table in self._tables(*month_span(name)):
                for start in range(0, len(wanted), _KEYS):
                    part = wanted[start : start + _KEYS]
                    rows = self._connection.execute(
                        f"SELECT series, time, value, quality FROM {table}"  # our own table name
                        f" WHERE (series, time) IN (VALUES {', '.join(['(?, ?)'] * len(part))})",
                        list(chain.from_iterable(part)),
                    )
                    found.update(((row[0], row[1]), Reading._make(row)) for row in rows.fetchall())
        return found


def _among(wanted: Wanted) -> str:
    return "series = ?" if len(wanted.series) == 1 else "series IN (SELECT value FROM json_each(?))"


def _told(wanted: Wanted) -> int | str:
    return wanted.series[0] if len(wanted.series) == 1 else json.dumps(wanted.series)


@contextmanager
def within(connection: sqlite3.Connection, seconds: float = SECONDS) -> Iterator[None]:
    """End what takes longer with TooLong."""
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise TooLong from error
        raise
    finally:
        connection.set_progress_handler(None, 0)
