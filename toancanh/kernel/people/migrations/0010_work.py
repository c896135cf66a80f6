"""Whoever answers for alerts receives work; whoever orders warnings gives it; administrators arrange it."""

from django.db import migrations

SAME = (
    ("alerts.answer", ("cases.see", "cases.desk", "cases.identity")),
    ("warnings.order", ("cases.give", "cases.urge", "cases.restricted")),
    ("people.arrange", ("cases.arrange", "cases.correct", "cases.restricted")),
)


def grant(apps, schema_editor):
    Grant = apps.get_model("people", "Grant")
    known = set(Grant.objects.values_list("post", "unit", "right"))
    for before, more in SAME:
        for post, unit in Grant.objects.filter(right=before).values_list("post", "unit"):
            for right in more:
                if (post, unit, right) not in known:
                    known.add((post, unit, right))
                    Grant.objects.create(post_id=post, unit_id=unit, right=right)


class Migration(migrations.Migration):
    dependencies = [("people", "0009_organisation_tree")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
