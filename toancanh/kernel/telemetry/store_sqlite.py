"""Observations in an SQLite file of their own, so that small writes never wait for the rest of the city."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from toancanh.kernel.telemetry import bucketing, changes, feed, placing, selecting
from toancanh.kernel.telemetry import statements_sqlite as statements
from toancanh.kernel.telemetry.batch_sqlite import Batch
from toancanh.kernel.telemetry.connections import Readers
from toancanh.kernel.telemetry.feed import Followed
from toancanh.kernel.telemetry.selecting_sqlite import Selection, within
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

_PAGE = 1024
_WAL_PAGES = 16_384
_BUSY_MS = 10_000
_PRUNE_EVERY = 60 * 1_000_000
_NO_ROOM = 1 << 20


class SqliteStore:
    """One writing connection behind a lock, and a few reading ones."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._latest: dict[int, Reading] = {}
        self._pruned = 0
        self._readers: Readers[sqlite3.Connection] = Readers(self._open_reader)
        self._changes = changes.OfSqlite(
            self._open_reader, lambda reader: statements.read_latest(reader, None)
        )
        with self._lock, self._translated():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open_writer()

    # --- writing

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        with self._lock, self._translated():
            connection = self._writer or self._open_writer()
            try:
                connection.execute("BEGIN IMMEDIATE")
                batch = Batch(connection, self._latest)
                yield batch
                if batch.told:
                    feed.write_sqlite(connection, batch.now, batch.told)
                self._prune(connection, batch.now)
                connection.execute("COMMIT")
            except BaseException:
                self._abandon(connection)
                raise
            batch.settle()

    def put(self, rows: Sequence[Row], now: int) -> Placed:
        with self.batch() as batch:
            return batch.put(rows, now)

    def withdraw(self, keys: Iterable[tuple[int, int]], now: int, source: str) -> list[Reading]:
        with self.batch() as batch:
            batch.now = now
            return placing.withdraw(batch, keys, now, source)

    def _open_writer(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            # 10,000 series touch 10,000 leaves a round: small pages write a quarter of the bytes (measured).
            connection.execute(f"PRAGMA page_size = {_PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {2 * _WAL_PAGES * _PAGE}")
            connection.execute("PRAGMA cache_size = -32768")
            for statement in statements.SCHEMA:
                connection.execute(statement)
            self._latest = statements.read_latest(connection, None)
        except BaseException:
            connection.close()
            raise
        self._writer = connection
        return connection

    def _abandon(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            # A connection that cannot even roll back is replaced at the next batch.
            self._writer = None
            connection.close()

    def _prune(self, connection: sqlite3.Connection, now: int) -> None:
        if now - self._pruned >= _PRUNE_EVERY:
            connection.execute("DELETE FROM idempotency WHERE at < ?", (now - ANSWER_KEPT,))
            feed.prune_sqlite(connection, now)
            self._pruned = now

    # --- reading

    def range(
        self, series: int, start: int, end: int, *, limit: int, after: int | None = None
    ) -> list[Reading]:
        first = start if after is None else max(start, after + 1)
        found: list[Reading] = []
        with self._reader() as connection:
            for table in statements.tables(connection, first, end):
                rows = connection.execute(
                    f"SELECT series, time, value, quality FROM {table}"  # our own table name
                    " WHERE series = ? AND time >= ? AND time < ? ORDER BY time LIMIT ?",
                    (series, first, end, limit - len(found)),
                )
                found.extend(map(Reading._make, rows.fetchall()))
                if len(found) >= limit:
                    break
        return found

    def buckets(self, series: int, start: int, end: int, step: int, how: How) -> list[Bucket]:
        with self._reader() as connection:
            tables = statements.tables(connection, start, end + bucketing.shift(how))
            if not tables:
                return []
            # The columns of a UNION ALL view are pushed down to the key of each month.
            source = tables[0]
            if len(tables) > 1:
                source = "(" + " UNION ALL ".join(f"SELECT * FROM {table}" for table in tables) + ")"
            parameters = bucketing.bucket_parameters(series, start, end, step, how)
            rows = connection.execute(bucketing.bucket_sql(source, "?"), parameters).fetchall()
        return bucketing.buckets(rows, step, how)

    def sums(self, series: Iterable[int], start: int, end: int) -> dict[int, Total]:
        wanted = list(series)
        found: dict[int, tuple[float, float, int]] = {}
        with self._reader() as connection:
            for table in statements.tables(connection, start, end):
                for keys in statements.parts(wanted):
                    rows = connection.execute(
                        f"SELECT series, {bucketing.TOTAL}, count(*) FROM {table}"
                        f" WHERE series IN ({statements.marks(len(keys))})"
                        " AND time >= ? AND time < ? AND quality & 1 = 0 GROUP BY series",
                        (*keys, start, end),
                    )
                    for key, ordinary, enormous, count in rows.fetchall():
                        had = found.get(key, (0.0, 0.0, 0))
                        found[key] = had[0] + ordinary, had[1] + enormous, had[2] + count
        return {key: Total(bucketing.total(*parts), count) for key, (*parts, count) in found.items()}

    def latest(self, series: Iterable[int] | None = None) -> dict[int, Reading]:
        with self._reader() as connection:
            return statements.read_latest(connection, None if series is None else list(series))

    def select(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> list[Reading]:
        with self._selection() as selection:
            ordered = selecting.total_order(order)
            return selecting.select(selection, selecting.whole(wanted), ordered, limit, skip)

    def each(self, wanted: Wanted, order: Order, *, limit: int, skip: int = 0) -> dict[int, list[Reading]]:
        ordered = selecting.total_order(order)
        with self._selection() as selection:
            return selection.each(selecting.whole(wanted), ordered, limit, skip)

    def counts(self, wanted: Wanted) -> dict[int, int]:
        with self._selection() as selection:
            return selection.counts(selecting.whole(wanted))

    def at(self, keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Reading]:
        with self._selection() as selection:
            return selection.at(keys)

    @contextmanager
    def _selection(self) -> Iterator[Selection]:
        with self._reader() as connection, within(connection):
            yield Selection(connection, statements.all_tables(connection))

    def changed(self, since: Mark | None) -> Changed:
        with self._translated():
            return self._changes.since(since)

    def follow(self, since: Mark | None, known: Collection[int] = (), *, limit: int = 64) -> Followed:
        with self._reader() as connection:
            return feed.read_sqlite(connection, since, limit)

    def followed(self, mark: Mark) -> None:
        with self._lock, self._translated():
            connection = self._writer or self._open_writer()
            connection.execute("DELETE FROM feed WHERE number <= ?", (mark[0],))

    def superseded(self, series: int, start: int, end: int) -> list[Superseded]:
        with self._reader() as connection:
            rows = connection.execute(
                "SELECT series, time, value, quality, at, source FROM correction"
                " WHERE series = ? AND time >= ? AND time < ? ORDER BY rowid",
                (series, start, end),
            )
            return [Superseded._make(row) for row in rows.fetchall()]

    def close(self) -> None:
        with self._lock:
            self._readers.close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._changes.close()

    # --- connections

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA mmap_size = 0")
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -8192")
        return connection

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._readers.one() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL" or self._has_no_room():
                raise StoreFull(str(error)) from error
            raise StoreUnavailable(str(error)) from error
        except OSError as error:
            raise StoreUnavailable(str(error)) from error

    def _has_no_room(self) -> bool:
        # A full disk also shows as an I/O error when the shared memory of the WAL cannot grow.
        try:
            return shutil.disk_usage(self._path.parent).free < _NO_ROOM
        except OSError:
            return False
