"""A transaction of the writing connection to the file of measurements."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain

from toancanh.kernel.telemetry import placing
from toancanh.kernel.telemetry import statements_sqlite as statements
from toancanh.kernel.telemetry.batching import Bookkeeping
from toancanh.kernel.telemetry.store import ANSWER_KEPT, Answer, Reading, Row, Superseded, month_span

# One statement for many rows: every step of a statement gives the GIL away and waits to have it back.
_CHUNK = 512
_END = 1 << 62


class Batch(Bookkeeping):
    """The engine of `placing` and the batch of the store in one: a transaction of the writing connection."""

    chunk = _CHUNK

    def __init__(self, connection: sqlite3.Connection, latest: dict[int, Reading]) -> None:
        super().__init__(latest)
        self._connection = connection

    def recall(self, token: int, key: str, now: int) -> Answer | None:
        found = self._connection.execute(
            "SELECT body_hash, answer FROM idempotency WHERE token = ? AND key = ? AND at >= ?",
            (token, key, now - ANSWER_KEPT),
        ).fetchone()
        return None if found is None else Answer(bytes(found[0]), bytes(found[1]))

    def remember(self, token: int, key: str, answer: Answer, now: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)",
            (token, key, answer.body_hash, answer.answer, now),
        )

    def prepare(self, months: Sequence[str]) -> None:
        for month in months:
            self._connection.execute(statements.MAKE.format(statements.TABLE + month))

    def insert(self, month: str, rows: Sequence[Row]) -> int:
        statement = statements.insert_sql(month, statements.padded(len(rows)))
        return self._connection.execute(statement, statements.flat(rows)).rowcount

    def stored(self, month: str, rows: Sequence[Row]) -> placing.Stored:
        keys = [row[:2] for row in rows]
        found = self._connection.execute(
            f"SELECT series, time, value, quality FROM {statements.TABLE}{month}"  # our own table name
            f" WHERE (series, time) IN (VALUES {', '.join(['(?, ?)'] * len(keys))})",
            list(chain.from_iterable(keys)),
        )
        return {(series, time): (value, quality) for series, time, value, quality in found.fetchall()}

    def replace(self, month: str, reading: Reading, old: Superseded) -> None:
        self._connection.execute(
            f"UPDATE {statements.TABLE}{month} SET value = ?, quality = ? WHERE series = ? AND time = ?",
            (reading.value, reading.quality, reading.series, reading.time),
        )
        self._connection.execute("INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?)", old)

    def has(self, month: str) -> bool:
        return bool(statements.tables(self._connection, *month_span(month)))

    def remove(self, month: str, old: Superseded) -> None:
        self._connection.execute(
            f"DELETE FROM {statements.TABLE}{month} WHERE series = ? AND time = ?", old[:2]
        )
        self._connection.execute("INSERT INTO correction VALUES (?, ?, ?, ?, ?, ?)", old)

    def last(self, series: int) -> Reading | None:
        for table in reversed(statements.tables(self._connection, 0, _END)):
            row = self._connection.execute(
                f"SELECT series, time, value, quality FROM {table}"  # our own table name
                " WHERE series = ? ORDER BY time DESC LIMIT 1",
                (series,),
            ).fetchone()
            if row is not None:
                return Reading._make(row)
        return None

    def forget(self, series: int) -> None:
        self._connection.execute("DELETE FROM latest WHERE series = ?", (series,))

    def advance(self, newest: Sequence[Reading]) -> None:
        for start in range(0, len(newest), _CHUNK):
            part = newest[start : start + _CHUNK]
            self._connection.execute(
                statements.advance_sql(statements.padded(len(part))), statements.flat(part)
            )
