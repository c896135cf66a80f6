"""What the tests ask the journal of a town, in SQL of both engines, past all code of the product."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

WAITING = "SELECT count(*) FROM journal_event WHERE next_at IS NOT NULL"
UNSEALED = "SELECT count(*) FROM journal_entry WHERE id NOT IN (SELECT entry_id FROM journal_link)"
RECORDED = (
    "SELECT v.payload, e.content FROM journal_entry e JOIN journal_event v"
    " ON v.key = CAST(e.id AS TEXT) AND v.name = 'telemetry.threshold_set'"
)


def count(city: Path, statement: str) -> int:
    """What a statement counts in an SQLite file."""
    with closing(sqlite3.connect(city, timeout=30)) as connection:
        return int(connection.execute(statement).fetchone()[0])


def rows(city: Path, statement: str) -> list[Any]:
    """What a statement finds in an SQLite file."""
    with closing(sqlite3.connect(city, timeout=30)) as connection:
        return connection.execute(statement).fetchall()


def changes_of(found: Iterable[tuple[Any, str]]) -> set[tuple[int, float]]:
    """Series and value of each change of a threshold among what RECORDED found."""
    pairs = ((p if isinstance(p, dict) else json.loads(p), json.loads(content)) for p, content in found)
    return {(int(payload["series"]), float(content["value"])) for payload, content in pairs}
