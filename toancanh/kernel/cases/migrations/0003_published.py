"""What is published of cases is known by a column, and found by an index of its own."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = [
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
]


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What was published before stays so."""
    apps.get_model("cases", "Case").objects.filter(axes__publication="published").update(is_published=True)


class Migration(migrations.Migration):
    dependencies = (("cases", "0002_search"),)
    operations = (
        migrations.AddField("case", "is_published", models.BooleanField(default=False)),
        migrations.AddIndex(
            "case",
            models.Index(fields=COLUMNS, name="case_public", condition=models.Q(is_published=True)),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    )
