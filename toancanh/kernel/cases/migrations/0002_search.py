"""The queue's index says who may see a row, and cases are found by words."""

from __future__ import annotations

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from toancanh.kernel.cases.indexes import WordIndex

COLUMNS = [
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
]


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let what is there already be found; PostgreSQL has done it with the index."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            "INSERT INTO case_words (rowid, folded, mark)"
            " SELECT id, folded, CASE WHEN is_open THEN 'open' ELSE 'ended' END FROM cases_case"
        )


class Migration(migrations.Migration):
    dependencies = (
        ("cases", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )
    operations = (
        migrations.RemoveIndex(model_name="case", name="case_queue"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("is_open", True)), fields=COLUMNS, name="case_queue"
            ),
        ),
        migrations.AddIndex(model_name="case", index=WordIndex(fields=["folded"], name="case_words")),
        migrations.RunPython(fill, migrations.RunPython.noop),
    )
