"""Published texts are found by their words, and the locality says whether figures are public."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from toancanh.domains.reports.triage.indexes import PublicWords
from toancanh.lib.fold import fold

BLOCK = 1_000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Let what is there already be found."""
    model = apps.get_model("reports", "Report")
    block = []
    for row in model.objects.select_related("case").iterator(BLOCK):
        row.folded = fold(f"{row.case.code} {row.public_title} {row.public_words}")
        block.append(row)
        if len(block) == BLOCK:
            model.objects.bulk_update(block, ["folded"])
            block = []
    model.objects.bulk_update(block, ["folded"])
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(
            f"INSERT INTO {PublicWords.table} (rowid, folded) SELECT case_id, folded FROM reports_report"
        )


class Migration(migrations.Migration):
    dependencies = (
        ("cases", "0003_published"),
        ("reports", "0004_sending_client"),
    )
    operations = (
        migrations.CreateModel(
            "Disclosure",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(db_index=True)),
                ("figures", models.BooleanField()),
                ("reason", models.CharField(max_length=300)),
                ("set_by", models.CharField(max_length=200)),
            ],
            options={"db_table": "reports_disclosure"},
        ),
        migrations.AddField("report", "folded", models.TextField(blank=True)),
        migrations.AddIndex("report", PublicWords(fields=["folded"], name="report_public_words")),
        migrations.RunPython(fill, migrations.RunPython.noop),
    )
