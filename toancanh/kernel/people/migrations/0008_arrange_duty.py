"""Whoever arranges people everywhere writes the roster."""

from django.db import migrations


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    seen = Grant.objects.filter(right="people.arrange").values_list("post", "unit")
    Grant.objects.bulk_create([Grant(post_id=post, unit_id=unit, right="duty.arrange") for post, unit in seen])


class Migration(migrations.Migration):
    dependencies = [("people", "0007_shifts")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
