"""A transaction of the writing connection to PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import errors, sql

from toancanh.kernel.telemetry import arrays_postgres as arrays
from toancanh.kernel.telemetry import placing
from toancanh.kernel.telemetry import statements_postgres as statements
from toancanh.kernel.telemetry.arrays_postgres import Packed
from toancanh.kernel.telemetry.batching import Bookkeeping
from toancanh.kernel.telemetry.store import ANSWER_KEPT, Answer, Reading, Row, Superseded, month_span

Connection = psycopg.Connection[tuple[Any, ...]]

# Any fixed number will do: whoever makes tables waits for the others that do.
MAKING = 7_267_225
COPIED = 500
"""Rows from which on a COPY with its savepoint is cheaper than an INSERT."""


class Batch(Bookkeeping):
    """The engine of `placing` and the batch of the store in one: a transaction of the writing connection."""

    chunk = 20_000

    def __init__(self, connection: Connection, latest: dict[int, Reading], months: set[str]) -> None:
        super().__init__(latest)
        self._connection = connection
        self._months = months
        self.made: set[str] = set()

    def recall(self, token: int, key: str, now: int) -> Answer | None:
        found = self._connection.execute(
            "SELECT body_hash, answer FROM measurements.idempotency"
            " WHERE token = %s AND key = %s AND at >= %s",
            (token, key, now - ANSWER_KEPT),
        ).fetchone()
        return None if found is None else Answer(bytes(found[0]), bytes(found[1]))

    def remember(self, token: int, key: str, answer: Answer, now: int) -> None:
        self._connection.execute(statements.REMEMBER, (token, key, answer.body_hash, answer.answer, now))

    def prepare(self, months: Sequence[str]) -> None:
        # Making a table waits for everybody who has written rows in his transaction: of those, nobody may
        # wait for a table.
        for month in sorted(set(months) - self._months - self.made):
            _make_month(self._connection, month)
            self.made.add(month)

    def insert(self, month: str, rows: Sequence[Row]) -> int:
        # In the order of the key two processes cannot wait for each other; equals keep their order.
        ordered = sorted(rows, key=_key)
        if len(ordered) >= COPIED:
            stored = self._copy(month, ordered)
            if stored is not None:
                return stored
        return self._connection.execute(statements.INSERT, _columns(ordered)).rowcount

    def _copy(self, month: str, ordered: Sequence[Row]) -> int | None:
        """Copy rows that nothing can be in the way of, or None where some may have to be looked at singly.

        COPY takes half the server's time of INSERT, but ends at the first row that is there already. Rows
        newer than all that is known of their series are not; of those that may be, none may be missing.
        """
        fresh: list[Row] = []
        behind: list[Row] = []
        before: tuple[int, int] | None = None
        for row in ordered:
            key = row[:2]
            if key == before:
                continue
            before = key
            last = self._latest.get(row[0])
            (fresh if last is None or row[1] > last[1] else behind).append(row)
        if behind and len(self.stored(month, behind)) < len(behind):
            return None
        self._connection.execute("SAVEPOINT copying")
        try:
            with self._connection.cursor() as cursor, cursor.copy(_into(month)) as copy:
                copy.write(arrays.copied(fresh))
        except errors.UniqueViolation:  # another process was faster
            self._connection.execute("ROLLBACK TO SAVEPOINT copying")
            return None
        self._connection.execute("RELEASE SAVEPOINT copying")
        return len(fresh)

    def stored(self, month: str, rows: Sequence[Row]) -> placing.Stored:
        found = self._connection.execute(
            statements.STORED,
            (arrays.integers([row[0] for row in rows]), arrays.bigints([row[1] for row in rows])),
        )
        return {(series, time): (value, quality) for series, time, value, quality in found.fetchall()}

    def replace(self, month: str, reading: Reading, old: Superseded) -> None:
        self._connection.execute(
            "UPDATE measurements.observation SET value = %s, quality = %s WHERE series = %s AND time = %s",
            (reading.value, reading.quality, reading.series, reading.time),
        )
        self._connection.execute(statements.SUPERSEDE, old)

    def has(self, month: str) -> bool:
        return True

    def remove(self, month: str, old: Superseded) -> None:
        self._connection.execute(
            "DELETE FROM measurements.observation WHERE series = %s AND time = %s", old[:2]
        )
        self._connection.execute(statements.SUPERSEDE, old)

    def last(self, series: int) -> Reading | None:
        row = self._connection.execute(
            "SELECT series, time, value, quality FROM measurements.observation"
            " WHERE series = %s ORDER BY time DESC LIMIT 1",
            (series,),
        ).fetchone()
        return None if row is None else Reading._make(row)

    def forget(self, series: int) -> None:
        self._connection.execute("DELETE FROM measurements.latest WHERE series = %s", (series,))

    def advance(self, newest: Sequence[Reading]) -> None:
        self._connection.execute(statements.ADVANCE, _columns(sorted(newest, key=_key)))


def _key(row: Row | Reading) -> tuple[int, int]:
    return row[0], row[1]


def _columns(rows: Sequence[Row] | Sequence[Reading]) -> list[Packed]:
    return [
        arrays.integers([row[0] for row in rows]),
        arrays.bigints([row[1] for row in rows]),
        arrays.floats([row[2] for row in rows]),
        arrays.smallints([row[3] for row in rows]),
    ]


def _into(month: str) -> sql.Composed:
    table = sql.Identifier("measurements", f"observation_{month}")
    return sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(table)


def _make_month(connection: Connection, month: str) -> None:
    start, end = month_span(month)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
    connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {} PARTITION OF measurements.observation FOR VALUES FROM ({}) TO ({})"
        ).format(sql.Identifier("measurements", f"observation_{month}"), sql.Literal(start), sql.Literal(end))
    )
