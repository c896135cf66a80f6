"""Rows that took long to make, kept in this process and put back as they were, below the models."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.db import connection, transaction

from toancanh.kernel.journal.models import Entry
from toancanh.kernel.runtime import clock

T = TypeVar("T")


@dataclass(frozen=True)
class Kept:
    """The rows of one table, as its engine writes them."""

    table: str
    columns: str
    rows: Any
    """Of SQLite, tuples; of PostgreSQL, lines of COPY."""

    def put_back(self) -> None:
        """Beside what the table has."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self.table} ({self.columns}) FROM STDIN") as copy:
                    copy.write(b"".join(self.rows))
            else:
                places = ", ".join("?" * len(self.rows[0]))
                statement = f"INSERT INTO {self.table} ({self.columns}) VALUES ({places})"
                cursor.cursor.connection.executemany(statement, self.rows)


class Made(Generic[T]):
    """What ``make`` returns and the rows that it adds: by its actions once, then put back for who asks later.

    Rows are put back only beside what they were made beside and at the time they were made at. Where the
    journal says that something else has been done meanwhile, or the clock has gone on, it is made anew.
    """

    def __init__(
        self, make: Callable[..., T], upon: Made[Any] | None = None, *, at: datetime | None = None
    ) -> None:
        self._make, self._upon, self._at = make, upon, at
        self._kept: list[Kept] | None = None
        self._value = b""
        self._entries = 0

    def __call__(self, *given: Any) -> T:
        """A copy of its own for who asks; ``given`` is for ``make``."""
        beside = self._upon._entries if self._upon is not None else 0
        if _entries() != beside or self._at not in (None, clock.now()):
            return self._make(*given)
        if self._kept is None:
            before = {model: _rows(model) for model in own_models()}
            self._value = pickle.dumps(self._make(*given))
            self._kept = [kept for model in before if (kept := _added(model, before[model])) is not None]
            self._entries = _entries()
        else:
            # Keys between tables are checked when the transaction ends.
            with transaction.atomic():
                for kept in self._kept:
                    kept.put_back()
        made: T = pickle.loads(self._value)
        return made


def _entries() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(Entry._meta.db_table)}")
        found: int = cursor.fetchone()[0]
        return found


def own_models() -> Iterator[Any]:
    """The product's tables, what others point to first."""
    for app in apps.get_app_configs():
        if app.name.startswith("toancanh."):
            yield from app.get_models(include_auto_created=True)


def _added(model: Any, before: list[Any]) -> Kept | None:
    rows = _rows(model)
    table, columns = _names(model)
    assert set(before) <= set(rows), f"rows of {table} were changed, which cannot be put back beside others"
    known = set(before)
    added = [row for row in rows if row not in known]
    return Kept(table, columns, added) if added else None


def _rows(model: Any) -> list[Any]:
    table, columns = _names(model)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) TO STDOUT") as copy:
                return b"".join(bytes(part) for part in copy).splitlines(keepends=True)
        # An expression has no declared type: its value comes unconverted.
        cursor.execute(f"SELECT +{columns.replace(', ', ', +')} FROM {table}")
        return list(cursor.fetchall())


def _names(model: Any) -> tuple[str, str]:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in model._meta.local_concrete_fields)
    return quote(model._meta.db_table), columns
