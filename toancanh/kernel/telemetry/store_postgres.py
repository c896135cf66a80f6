"""Observations in PostgreSQL, one range partition a month, for a province that outgrew one file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors

from toancanh.kernel.telemetry import arrays_postgres as arrays
from toancanh.kernel.telemetry import bucketing, changes, feed, placing, selecting
from toancanh.kernel.telemetry import statements_postgres as statements
from toancanh.kernel.telemetry.batch_postgres import MAKING, Batch, Connection
from toancanh.kernel.telemetry.connections import Readers
from toancanh.kernel.telemetry.feed import Followed
from toancanh.kernel.telemetry.selecting_postgres import Selection, within
from toancanh.kernel.telemetry.store import (
    ANSWER_KEPT,
    Bucket,
    Changed,
    How,
    Mark,
    Order,
    Placed,
    Reading,
    Row,
    StoreFull,
    StoreUnavailable,
    Superseded,
    Total,
    Wanted,
)

Answered = TypeVar("Answered")

_PRUNE_EVERY = 60 * 1_000_000
_OPTIONS = "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=10000"


class PostgresStore:
    """One writing connection behind a lock, and a few reading ones; renewed when the server was away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._writer: Connection | None = None
        self._months: set[str] = set()
        self._latest: dict[int, Reading] = {}
        self._pruned = 0
        self._is_made = False
        self._readers: Readers[Connection] = Readers(self._open_reader)

    # --- writing

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        with self._lock, _translated():
            connection = self._usable_writer()
            try:
                batch = Batch(connection, self._latest, self._months)
                yield batch
                if batch.told:
                    feed.write_postgres(connection, batch.now, batch.told)
                self._prune(connection, batch.now)
                connection.commit()
            except BaseException:
                self._abandon(connection)
                raise
            self._months |= batch.made
            batch.settle()

    def put(self, rows: Sequence[Row], now: int) -> Placed:
        with self.batch() as batch:
            return batch.put(rows, now)

    def withdraw(self, keys: Iterable[tuple[int, int]], now: int, source: str) -> list[Reading]:
        with self.batch() as batch:
            batch.now = now
            return placing.withdraw(batch, keys, now, source)

    def _usable_writer(self) -> Connection:
        """The writing connection, a new one when the server closed the old one while it was idle."""
        if self._writer is not None:
            try:
                self._writer.execute("SELECT 1")
                return self._writer
            except psycopg.Error:
                self._abandon(self._writer)
        connection = self._connect()
        with _closed_on_error(connection):
            self._make(connection)
            self._months = _months(connection)
            self._latest = _read_latest(connection, None)
            connection.commit()
        self._writer = connection
        return connection

    def _abandon(self, connection: Connection) -> None:
        with suppress(psycopg.Error):
            connection.rollback()
        if connection.closed or connection.broken:
            self._writer = None
            connection.close()
            self._readers.drop_idle()

    def _prune(self, connection: Connection, now: int) -> None:
        if now - self._pruned >= _PRUNE_EVERY:
            connection.execute("DELETE FROM measurements.idempotency WHERE at < %s", (now - ANSWER_KEPT,))
            feed.prune_postgres(connection, now)
            self._pruned = now

    def _make(self, connection: Connection) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
        connection.execute(statements.SCHEMA)
        connection.commit()
        self._is_made = True

    # --- reading

    def range(
        self, series: int, start: int, end: int, *, limit: int, after: int | None = None
    ) -> list[Reading]:
        first = start if after is None else max(start, after + 1)
        return [
            Reading._make(row)
            for row in self._read(
                "SELECT series, time, value, quality FROM measurements.observation"
                " WHERE series = %s AND time >= %s AND time < %s ORDER BY time LIMIT %s",
                (series, first, end, limit),
            )
        ]

    def buckets(self, series: int, start: int, end: int, step: int, how: How) -> list[Bucket]:
        statement = bucketing.bucket_sql("measurements.observation", "%s::bigint")
        parameters = bucketing.bucket_parameters(series, start, end, step, how)
        return bucketing.buckets(self._read(statement, parameters), step, how)

    def sums(self, series: Iterable[int], start: int, end: int) -> dict[int, Total]:
        rows = self._read(
            f"SELECT series, {bucketing.TOTAL}, count(*) FROM measurements.observation"
            " WHERE series = ANY(%s) AND time >= %s AND time < %s AND quality & 1 = 0 GROUP BY series",
            (list(series), start, end),
        )
        return {key: Total(bucketing.total(*parts), count) for key, *parts, count in rows}

    def latest(self, series: Iterable[int] | None = None) -> dict[int, Reading]:
        wanted = None if series is None else list(series)
        return self._asked(lambda connection: _read_latest(connection, wanted))

    def select(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> list[Reading]:
        whole, ordered = selecting.whole(wanted), selecting.total_order(order)
        return self._selected(lambda asked: selecting.select(asked, whole, ordered, limit, skip))

    def each(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> dict[int, list[Reading]]:
        whole, ordered = selecting.whole(wanted), selecting.total_order(order)
        found: dict[int, list[Reading]] = {}
        for reading in self._selected(lambda asked: asked.each(whole, ordered, limit, skip)):
            found.setdefault(reading.series, []).append(reading)
        return found

    def counts(self, wanted: Wanted) -> dict[int, int]:
        return self._selected(lambda asked: asked.counts(selecting.whole(wanted)))

    def at(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reading]:
        return self._selected(lambda asked: asked.at(keys))

    def _selected(self, ask: Callable[[Selection], Answered]) -> Answered:
        def within_time(connection: Connection) -> Answered:
            with within(connection):
                return ask(Selection(connection, _months))

        return self._asked(within_time)

    def changed(self, since: Mark | None) -> Changed:
        return self._asked(lambda connection: changes.of_postgres(connection, since))

    def follow(self, since: Mark | None, known: Collection[int] = (), *, limit: int = 64) -> Followed:
        return self._asked(lambda connection: feed.read_postgres(connection, since, known, limit))

    def followed(self, mark: Mark) -> None:
        statement = "DELETE FROM measurements.feed WHERE txn < %s::text::xid8"
        self._asked(lambda connection: connection.execute(statement, (mark[0],)))

    def superseded(self, series: int, start: int, end: int) -> list[Superseded]:
        rows = self._read(
            "SELECT series, time, value, quality, at, source FROM measurements.correction"
            " WHERE series = %s AND time >= %s AND time < %s ORDER BY id",
            (series, start, end),
        )
        return [Superseded._make(row) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._readers.close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _read(self, statement: LiteralString, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._asked(lambda connection: connection.execute(statement, parameters).fetchall())

    def _asked(self, ask: Callable[[Connection], Answered]) -> Answered:
        with _translated():
            try:
                with self._reader() as connection:
                    return ask(connection)
            except (errors.OperationalError, errors.InterfaceError):
                # Kept connections die with a restarted server: once more on a new one.
                self._readers.drop_idle()
                with self._reader() as connection:
                    return ask(connection)

    # --- connections

    def _connect(self) -> Connection:
        connection = psycopg.connect(self._url, connect_timeout=5, options=_OPTIONS)
        arrays.register(connection)
        return connection

    def _open_reader(self) -> Connection:
        connection = self._connect()
        with _closed_on_error(connection):
            connection.autocommit = True
        return connection

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        if not self._is_made:
            with self._lock, _translated():
                self._usable_writer().rollback()
        with self._readers.one() as connection:
            yield connection


def _months(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'measurements.observation'::regclass"
    )
    return {name.removeprefix("observation_") for (name,) in rows.fetchall()}


def _read_latest(connection: Connection, series: list[int] | None) -> dict[int, Reading]:
    select: LiteralString = "SELECT series, time, value, quality FROM measurements.latest"
    if series is None:
        rows = connection.execute(select).fetchall()
    else:
        rows = connection.execute(select + " WHERE series = ANY(%s)", (series,)).fetchall()
    return {row[0]: Reading._make(row) for row in rows}


@contextmanager
def _closed_on_error(connection: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except errors.DiskFull as error:
        raise StoreFull(str(error)) from error
    except psycopg.Error as error:
        raise StoreUnavailable(str(error)) from error
