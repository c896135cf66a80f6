"""Statements on the tables of an SQLite file, and the helpers that keep few of them prepared."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from toancanh.kernel.telemetry import feed
from toancanh.kernel.telemetry.store import Reading, Row, month_span

_KEYS = 10_000
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS latest(series INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
    " value REAL NOT NULL, quality INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS correction(series INTEGER NOT NULL, time INTEGER NOT NULL,"
    " value REAL NOT NULL, quality INTEGER NOT NULL, at INTEGER NOT NULL, source TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS correction_of ON correction(series, time)",
    "CREATE TABLE IF NOT EXISTS idempotency(token INTEGER, key TEXT, body_hash BLOB NOT NULL,"
    " answer BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(token, key))",
    "CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency(at)",
    feed.SQLITE,
)
TABLE = "observation_"
MAKE = (
    "CREATE TABLE IF NOT EXISTS {}(series INTEGER, time INTEGER, value REAL NOT NULL,"
    " quality INTEGER NOT NULL, PRIMARY KEY(series, time)) WITHOUT ROWID"
)


def padded(count: int) -> int:
    """The next power of two: so that few statements stay prepared; a row twice does no harm."""
    return 1 << (count - 1).bit_length()


def flat(rows: Sequence[Row] | Sequence[Reading]) -> list[Any]:
    """The rows as parameters of a statement, the last one repeated up to its padded length."""
    given: list[Any] = []
    for row in rows:
        given += row[:4]
    given += list(rows[-1][:4]) * (padded(len(rows)) - len(rows))
    return given


@lru_cache(maxsize=64)
def insert_sql(month: str, count: int) -> str:
    """Stores rows of a month whose place is free."""
    values = ", ".join(["(?, ?, ?, ?)"] * count)
    return f"INSERT INTO {TABLE}{month} VALUES {values} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=16)
def advance_sql(count: int) -> str:
    """Makes readings the latest of their series unless a newer one is there."""
    values = ", ".join(["(?, ?, ?, ?)"] * count)
    return (
        f"INSERT INTO latest VALUES {values} ON CONFLICT(series) DO UPDATE SET"
        " time = excluded.time, value = excluded.value, quality = excluded.quality"
        " WHERE excluded.time >= latest.time"
    )


def tables(connection: sqlite3.Connection, start: int, end: int) -> list[str]:
    """The monthly tables that a span touches, oldest first."""
    return all_tables(connection)(start, end)


def all_tables(connection: sqlite3.Connection) -> Callable[[int, int], list[str]]:
    """Looks once which monthly tables there are; gives those that a span touches, oldest first."""
    select = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?"
    rows = connection.execute(select, (TABLE + "[0-9]*",))
    names = sorted(name for (name,) in rows.fetchall())
    spans = [(name, month_span(name.removeprefix(TABLE))) for name in names]
    return lambda start, end: [name for name, (first, last) in spans if first < end and start < last]


def read_latest(connection: sqlite3.Connection, series: list[int] | None) -> dict[int, Reading]:
    """The newest reading of each series, or of these."""
    select = "SELECT series, time, value, quality FROM latest"
    if series is None:
        rows = connection.execute(select).fetchall()
    else:
        rows = []
        for keys in parts(series):
            rows += connection.execute(f"{select} WHERE series IN ({marks(len(keys))})", keys).fetchall()
    return {row[0]: Reading._make(row) for row in rows}


def parts(keys: list[int]) -> Iterator[list[int]]:
    """As many keys at a time as one statement takes."""
    for start in range(0, len(keys), _KEYS):
        yield keys[start : start + _KEYS]


def marks(count: int) -> str:
    """Marks for so many parameters."""
    return ", ".join("?" * count)
