"""Indexes of cases; that of words is a table of its own on SQLite, a GIN index on PostgreSQL."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models import Index, Model, Q

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


CASE = (
    # Who may see a row is judged in the index: of those of others not one is read.
    Index(
        fields=[
            "rank",
            "id",
            "organisation_path",
            "unit_path",
            "level",
            "opened_by",
            "kind",
            "phase",
            "person",
            "priority",
        ],
        name="case_queue",
        condition=Q(is_open=True),
    ),
    Index(fields=["organisation_path", "rank", "id"], name="case_own", condition=Q(is_open=True)),
    WordIndex(fields=["folded"], name="case_words"),
    Index(fields=["-opened_at", "-id"], name="case_newest"),
    Index(fields=["kind", "-opened_at", "-id"], name="case_kind"),
    Index(fields=["lat", "lon"], name="case_place", condition=Q(is_open=True)),
    # By this the public's lists and maps are read, and filtered before a row is.
    Index(
        fields=[
            "kind",
            "-opened_at",
            "-id",
            "level",
            "phase",
            "state",
            "category",
            "unit_path",
            "organisation",
            "lon",
            "lat",
        ],
        name="case_public",
        condition=Q(is_published=True),
    ),
    Index(
        fields=["retain_until", "id"],
        name="case_retain",
        condition=Q(is_open=False, destroyed_at=None),
    ),
)
"""Of the table of cases."""
