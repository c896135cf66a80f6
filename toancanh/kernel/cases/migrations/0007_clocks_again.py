"""Clocks that begin again within a round, and people whom a merging brings together."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("cases", "0006_views"),)

    operations = (
        migrations.AddField(
            "party",
            "same_as",
            models.ForeignKey(
                null=True, on_delete=models.deletion.SET_NULL, related_name="+", to="cases.party"
            ),
        ),
        migrations.AddField("clock", "run", models.PositiveSmallIntegerField(default=1)),
        migrations.RemoveConstraint("clock", "case_clock_once"),
        migrations.AddConstraint(
            "clock",
            models.UniqueConstraint(fields=("case", "name", "round", "run"), name="case_clock_run"),
        ),
    )
