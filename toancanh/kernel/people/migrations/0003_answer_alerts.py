"""Whoever works in the centre answers for alerts."""

from django.db import migrations


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    seen = Grant.objects.filter(right="console.see").values_list("post", "unit")
    Grant.objects.bulk_create(
        [Grant(post_id=post, unit_id=unit, right="alerts.answer") for post, unit in seen]
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0002_token_is_program")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
