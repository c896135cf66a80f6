"""Selections from the partitioned table of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from toancanh.kernel.telemetry.selecting import SECONDS, bounds_sql, order_sql
from toancanh.kernel.telemetry.store import Order, Reading, TooLong, Wanted, month_span

Connection = psycopg.Connection[tuple[Any, ...]]
_FROM = "SELECT series, time, value, quality FROM measurements.observation"


class Selection:
    """The engine of `selecting` on one reading connection."""

    def __init__(self, connection: Connection, months: Callable[[Connection], set[str]]) -> None:
        self._connection = connection
        self._months = months

    def pieces(self, wanted: Wanted) -> Sequence[tuple[int, int]]:
        spans = sorted(month_span(name) for name in self._months(self._connection))
        if not spans:
            return []
        start, end = max(wanted.start, spans[0][0]), min(wanted.end, spans[-1][1])
        return [(start, end)] if start < end else []

    def rows(self, wanted: Wanted, order: Order, limit: int, skip: int) -> list[Reading]:
        said, given = bounds_sql(wanted, "%s")
        statement = (
            f"{_FROM} WHERE {_among(wanted)} AND {said} ORDER BY {order_sql(order)} LIMIT %s OFFSET %s"
        )
        return self._readings(statement, [_told(wanted), *given, limit, skip])

    def each(self, wanted: Wanted, order: Order, limit: int, skip: int) -> list[Reading]:
        """Rows of every series by itself."""
        said, given = bounds_sql(wanted, "%s")
        own = tuple(key for key in order if key[0] != "series")
        statement = (
            "SELECT o.* FROM unnest(%s::int[]) AS wanted(key) CROSS JOIN LATERAL"
            f" ({_FROM} WHERE series = wanted.key AND {said}"
            f" ORDER BY {order_sql(own)} LIMIT %s OFFSET %s) o"
        )
        return self._readings(statement, [list(wanted.series), *given, limit, skip])

    def total(self, wanted: Wanted) -> int:
        return sum(self.counts(wanted).values())

    def counts(self, wanted: Wanted) -> dict[int, int]:
        said, given = bounds_sql(wanted, "%s")
        statement = (
            "SELECT series, count(*) FROM measurements.observation"
            f" WHERE {_among(wanted)} AND {said} GROUP BY series"
        )
        return dict(self._connection.execute(statement.encode(), [_told(wanted), *given]).fetchall())

    def at(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reading]:
        """The readings of these (series, time)."""
        statement = (
            "SELECT o.series, o.time, o.value, o.quality FROM measurements.observation o"
            " JOIN (SELECT * FROM unnest(%s::int[], %s::bigint[])) AS k(series, time)"
            " ON o.series = k.series AND o.time = k.time"
        )
        found = self._readings(statement, [[key[0] for key in keys], [key[1] for key in keys]])
        return {(reading.series, reading.time): reading for reading in found}

    def _readings(self, statement: str, given: list[Any]) -> list[Reading]:
        return [Reading._make(row) for row in self._connection.execute(statement.encode(), given).fetchall()]


def _among(wanted: Wanted) -> str:
    return "series = %s" if len(wanted.series) == 1 else "series = ANY(%s)"


def _told(wanted: Wanted) -> int | list[int]:
    return wanted.series[0] if len(wanted.series) == 1 else list(wanted.series)


@contextmanager
def within(connection: Connection, seconds: float = SECONDS) -> Iterator[None]:
    """End what takes longer with TooLong."""
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('statement_timeout', %s, true)", (f"{seconds * 1000:.0f}",))
            yield
    except errors.QueryCanceled as error:
        raise TooLong from error
