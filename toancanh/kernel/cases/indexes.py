"""The index that finds cases by words: a table of its own on SQLite, a GIN index on PostgreSQL."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import Index, Model

TABLE = "case_words"
VECTOR = 'to_tsvector(\'simple\', "cases_case"."folded")'


class WordIndex(Index):
    """Over folded text. An index of the model, so that it is there wherever the table is."""

    table = TABLE
    """On SQLite."""
    columns = "folded, mark"
    relation = "cases_case"
    """Of the model."""

    def create_sql(
        self,
        model: type[Model],
        schema_editor: BaseDatabaseSchemaEditor,
        using: str = "",
        **more: object,
    ) -> Statement:
        """On SQLite it outlives the copies that Django makes of a table to change it."""
        if schema_editor.connection.vendor == "sqlite":
            return Statement(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS {self.table} USING fts5("
                # What is folded already is cut at blanks alone. The text itself stays in its row alone.
                f"{self.columns}, content='', contentless_delete=1, detail=column, prefix='2 3',"
                " tokenize='unicode61 remove_diacritics 0')"
            )
        words = "to_tsvector('simple', folded)"
        return Statement(f"CREATE INDEX {self.name} ON {self.relation} USING gin ({words})")

    def remove_sql(
        self,
        model: type[Model],
        schema_editor: BaseDatabaseSchemaEditor,
        **more: object,
    ) -> str:
        """Taken away."""
        if schema_editor.connection.vendor == "sqlite":
            return f"DROP TABLE IF EXISTS {self.table}"
        return f"DROP INDEX IF EXISTS {self.name}"
