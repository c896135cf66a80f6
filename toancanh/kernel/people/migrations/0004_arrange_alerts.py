"""Whoever arranges measurements everywhere arranges rules of alerts."""

from django.db import migrations


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    seen = Grant.objects.filter(right="telemetry.arrange").values_list("post", "unit")
    Grant.objects.bulk_create(
        [Grant(post_id=post, unit_id=unit, right="alerts.arrange") for post, unit in seen]
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0003_answer_alerts")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
