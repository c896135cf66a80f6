"""Writing columns of many rows at once, each with values of its own."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import Model


def update_each(rows: Sequence[Model], names: Sequence[str]) -> None:
    """As ``bulk_update``, which builds an expression for every cell and takes some thirty times as long."""
    if not rows:
        return
    meta = type(rows[0])._meta
    assert meta.pk is not None
    columns = {field.name: field for field in meta.concrete_fields}
    fields = [columns[name] for name in names]
    quote = connection.ops.quote_name
    said = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    statement = f"UPDATE {quote(meta.db_table)} SET {said} WHERE {quote(str(meta.pk.column))} = %s"
    values = [
        [*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields), row.pk]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
