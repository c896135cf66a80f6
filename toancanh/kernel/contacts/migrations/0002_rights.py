"""Whoever works in the centre sees and calls contacts; whoever arranges people arranges them."""

from django.db import migrations

GIVEN = {"console.see": ("contacts.see", "contacts.call"), "people.arrange": ("contacts.arrange",)}


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    for held, more in GIVEN.items():
        seen = list(Grant.objects.filter(right=held).values_list("post", "unit"))
        Grant.objects.bulk_create(
            [Grant(post_id=post, unit_id=unit, right=right) for post, unit in seen for right in more]
        )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial"), ("people", "0004_arrange_alerts")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
