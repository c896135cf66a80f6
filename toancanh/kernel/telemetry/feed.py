"""What was committed, transaction by transaction, for whoever must miss none of it.

Written in the transaction of the readings: one row holds them packed, so that it costs a commit nearly
nothing. A reader keeps the mark that he was given beside what he made of the entries, in one transaction of
his own; entries that he has done with are dropped at his word, and everything a day old by the writer.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from toancanh.kernel.telemetry.store import Mark, Reading, Row

if TYPE_CHECKING:
    import psycopg  # optional dependency

WITHDRAWN = 4
"""Quality of an entry's reading that was taken out of the store."""
KEPT = 24 * 3600 * 1_000_000
PRUNED = 20_000
"""Entries that a writer goes through to drop old ones, the first: where nobody reads there are millions."""
_ROW = struct.Struct("<iqdB")

SQLITE = (
    "CREATE TABLE IF NOT EXISTS feed(number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " rows BLOB NOT NULL)"
)
POSTGRES: LiteralString = """
CREATE TABLE IF NOT EXISTS measurements.feed(number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txn xid8 NOT NULL DEFAULT pg_current_xact_id(), at bigint NOT NULL, rows bytea NOT NULL);
CREATE INDEX IF NOT EXISTS feed_txn ON measurements.feed(txn, number);
"""


class Entry(NamedTuple):
    """The readings of one transaction in the order in which they were kept, and when (µs) that was."""

    number: int
    place: int
    """In the order that marks count in: an entry behind a mark has a place from it on."""
    at: int
    readings: list[Reading]


class Followed(NamedTuple):
    """Where the reader stands after these entries, and whether more are waiting."""

    mark: Mark
    entries: list[Entry]
    is_all: bool


def packed(readings: Sequence[Row | Reading]) -> bytes:
    """The readings as the feed keeps them."""
    return b"".join([_ROW.pack(one[0], one[1], one[2], one[3]) for one in readings])


def _entry(number: int, place: int, at: int, rows: bytes) -> Entry:
    return Entry(number, place, at, [Reading._make(one) for one in _ROW.iter_unpack(bytes(rows))])


# --- SQLite: one writer at a time, so the order of numbers is the order of commits


def write_sqlite(connection: sqlite3.Connection, at: int, readings: Sequence[Row | Reading]) -> None:
    """Append the transaction's readings."""
    connection.execute("INSERT INTO feed(at, rows) VALUES (?, ?)", (at, packed(readings)))


def prune_sqlite(connection: sqlite3.Connection, now: int) -> None:
    """Drop what is a day old."""
    first = "SELECT number FROM feed ORDER BY number LIMIT ?"
    connection.execute(f"DELETE FROM feed WHERE number IN ({first}) AND at < ?", (PRUNED, now - KEPT))


def read_sqlite(connection: sqlite3.Connection, since: Mark | None, limit: int) -> Followed:
    """Entries behind the mark; without one only where the feed stands."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'feed'").fetchone()
    newest = int(found[0]) if found else 0
    if since is None:
        return Followed((newest, 0), [], True)
    # A mark beyond the end was given by a file that has been replaced by an older copy.
    start = since[0] if since[0] <= newest else 0
    rows = connection.execute(
        "SELECT number, number, at, rows FROM feed WHERE number > ? ORDER BY number LIMIT ?", (start, limit)
    ).fetchall()
    reached = rows[-1][0] if rows else start
    return Followed((reached, 0), [_entry(*row) for row in rows], len(rows) < limit)


# --- PostgreSQL: transactions end in another order than they begin

_STANDS: LiteralString = """SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint
    FROM pg_current_snapshot() AS now"""
_BEHIND: LiteralString = """SELECT number, txn::text::bigint, at, rows FROM measurements.feed
    WHERE txn >= %s::text::xid8 AND NOT number = ANY(%s) ORDER BY txn, number LIMIT %s"""


def write_postgres(
    connection: psycopg.Connection[tuple[Any, ...]], at: int, readings: Sequence[Row | Reading]
) -> None:
    """Append the transaction's readings."""
    connection.execute("INSERT INTO measurements.feed(at, rows) VALUES (%s, %s)", (at, packed(readings)))


_PRUNE: LiteralString = """DELETE FROM measurements.feed WHERE at < %s
    AND number IN (SELECT number FROM measurements.feed ORDER BY number LIMIT %s)"""


def prune_postgres(connection: psycopg.Connection[tuple[Any, ...]], now: int) -> None:
    """Drop what is a day old."""
    connection.execute(_PRUNE, (now - KEPT, PRUNED))


def read_postgres(
    connection: psycopg.Connection[tuple[Any, ...]], since: Mark | None, known: Collection[int], limit: int
) -> Followed:
    """Entries of every transaction that was not over at the mark, but for those known.

    The mark is the oldest transaction still open: what commits behind it is seen at once, and seen again
    until nothing older can come. The list of known entries belongs to the mark: without it some come twice.
    """
    stands = connection.execute(_STANDS).fetchone()
    assert stands is not None
    lowest, next_one = stands
    if since is None:
        return Followed((lowest, 0), [], True)
    # Numbers of transactions begin anew where the data were brought to another server.
    start = since[0] if since[0] <= next_one else 0
    rows = connection.execute(_BEHIND, (start, list(known), limit)).fetchall()
    is_all = len(rows) < limit
    reached = lowest if is_all else min(lowest, rows[-1][1])
    return Followed((max(start, reached), 0), [_entry(*row) for row in rows], is_all)
