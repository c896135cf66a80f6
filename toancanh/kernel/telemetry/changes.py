"""How each engine tells cheaply which newest readings others have committed since a look."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, LiteralString

from toancanh.kernel.telemetry.store import Changed, Mark, Reading

if TYPE_CHECKING:
    import psycopg  # optional dependency

# The oldest transaction that is still open, and the number that the next one will get.
_STANDS: LiteralString = """SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint
    FROM pg_current_snapshot() AS now"""
_LATEST: LiteralString = "SELECT series, time, value, quality FROM measurements.latest"
# Rows written by transactions not older than that one. Row headers hold the lower half of the number: a row
# from two thousand million transactions ago may be named besides.
_SINCE: LiteralString = f"{_LATEST} WHERE (xmin::text::bigint - %s) & 4294967295 < 2147483648"


def of_postgres(connection: psycopg.Connection[tuple[Any, ...]], since: Mark | None) -> Changed:
    """Rows by the transactions that wrote them: right whatever the order in which these commit."""
    # Asked before the readings: what is committed in between is read now and named once more next time.
    stands = connection.execute(_STANDS).fetchone()
    assert stands is not None
    lowest, next_one = stands
    if since == (next_one, next_one):
        return Changed(since, [])
    rows = connection.execute(_LATEST) if since is None else connection.execute(_SINCE, (since[0],))
    return Changed((lowest, next_one), [Reading._make(row) for row in rows.fetchall()])


class OfSqlite:
    """Everything newest whenever another connection has committed: SQLite counts that for each connection."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        read: Callable[[sqlite3.Connection], dict[int, Reading]],
    ) -> None:
        self._connect = connect
        self._read = read
        self._lock = threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._opened = 0

    def since(self, mark: Mark | None) -> Changed:
        """What is newest if anything was committed since the mark."""
        with self._lock:
            if self._reader is None:
                self._reader, self._opened = self._connect(), self._opened + 1
            try:
                (version,) = self._reader.execute("PRAGMA data_version").fetchone()
                now = self._opened, int(version)
                return Changed(now, [] if now == mark else list(self._read(self._reader).values()))
            except sqlite3.Error:
                self._close()
                raise

    def close(self) -> None:
        """Let go of the file; the next look opens it again and names everything."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
