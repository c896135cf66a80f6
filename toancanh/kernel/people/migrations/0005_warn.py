"""Whoever answers for alerts drafts warnings; whoever arranges alerts everywhere arranges their words."""

from django.db import migrations

SAME = (("alerts.answer", "warnings.draft"), ("alerts.arrange", "warnings.arrange"))


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    for before, more in SAME:
        seen = Grant.objects.filter(right=before).values_list("post", "unit")
        Grant.objects.bulk_create([Grant(post_id=post, unit_id=unit, right=more) for post, unit in seen])


class Migration(migrations.Migration):
    dependencies = [("people", "0004_arrange_alerts")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
