"""Rows that took long to make, kept in this process and put back as they were, below the models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction


@dataclass(frozen=True)
class Kept:
    """The rows of one table, as its engine writes them."""

    table: str
    columns: str
    rows: Any
    """Of SQLite, tuples; of PostgreSQL, the text of COPY."""

    def put_back(self) -> None:
        """Into the empty table."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self.table} ({self.columns}) FROM STDIN") as copy:
                    copy.write(self.rows)
            else:
                places = ", ".join("?" * len(self.rows[0]))
                statement = f"INSERT INTO {self.table} ({self.columns}) VALUES ({places})"
                cursor.cursor.connection.executemany(statement, self.rows)


class KeptRows:
    """All rows of the product's tables at one moment."""

    def __init__(self) -> None:
        self._kept = [kept for model in own_models() if (kept := _rows(model)) is not None]

    def put_back(self) -> None:
        """Into empty tables; keys between them are checked when the transaction ends."""
        with transaction.atomic():
            for kept in self._kept:
                kept.put_back()


def own_models() -> Iterator[Any]:
    """The product's tables, what others point to first."""
    for app in apps.get_app_configs():
        if app.name.startswith("toancanh."):
            yield from app.get_models(include_auto_created=True)


def _rows(model: Any) -> Kept | None:
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = [quote(field.column) for field in model._meta.local_concrete_fields]
    columns = ", ".join(names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) TO STDOUT") as copy:
                rows: Any = b"".join(bytes(part) for part in copy)
        else:
            # An expression has no declared type: its value comes unconverted.
            cursor.execute(f"SELECT {', '.join(f'+{name}' for name in names)} FROM {table}")
            rows = cursor.fetchall()
    return Kept(table, columns, rows) if rows else None
