"""Whoever arranges measurements everywhere sets up the channels of messages."""

from django.db import migrations


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    seen = Grant.objects.filter(right="telemetry.arrange", unit=None).values_list("post", flat=True)
    Grant.objects.bulk_create([Grant(post_id=post, unit=None, right="notify.arrange") for post in seen])


class Migration(migrations.Migration):
    dependencies = [("people", "0005_warn")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
