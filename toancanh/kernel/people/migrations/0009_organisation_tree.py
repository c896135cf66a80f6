"""Organisations know their place in their tree, and what follows them."""

import django.db.models.deletion
from django.db import migrations, models


def place(apps, schema_editor):
    Organisation = apps.get_model("people", "Organisation")
    above = {None: ""}
    left = list(Organisation.objects.values_list("pk", "parent").order_by("pk"))
    while left:
        ready = [(pk, parent) for pk, parent in left if parent in above]
        for pk, parent in ready:
            above[pk] = f"{above[parent]}{pk}/"
            Organisation.objects.filter(pk=pk).update(path=above[pk])
        left = [row for row in left if row[0] not in above]


class Migration(migrations.Migration):
    dependencies = [("people", "0008_arrange_duty")]

    operations = [
        migrations.AddField("organisation", "path", models.CharField(db_index=True, default="", max_length=60)),
        migrations.AddField("organisation", "ceased_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "organisation",
            "successor",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="origins",
                to="people.organisation",
            ),
        ),
        migrations.RunPython(place, migrations.RunPython.noop),
    ]
