"""Cases whose time of keeping is over, the lists on which they are reviewed, and what was destroyed."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = (
        ("cases", "0007_clocks_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            "Disposal",
            [
                ("id", models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    )),
                ("code", models.CharField(max_length=24, unique=True)),
                ("basis", models.CharField(max_length=500)),
                ("unit_path", models.CharField(max_length=60)),
                ("proposed_at", models.DateTimeField()),
                (
                    "proposed_by",
                    models.ForeignKey(on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True, on_delete=PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("is_approved", models.BooleanField(null=True)),
                ("words", models.CharField(blank=True, max_length=500)),
                ("done_at", models.DateTimeField(null=True)),
                ("cases", models.PositiveIntegerField(default=0)),
                ("events", models.PositiveIntegerField(default=0)),
                ("files", models.PositiveIntegerField(default=0)),
                ("parties", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            "Nomination",
            [
                ("id", models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    )),
                (
                    "case",
                    models.OneToOneField(on_delete=PROTECT, related_name="nomination", to="cases.case"),
                ),
                ("at", models.DateTimeField()),
                (
                    "disposal",
                    models.ForeignKey(null=True, on_delete=PROTECT, related_name="items", to="cases.disposal"),
                ),
                ("destroyed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField("case", "destroyed_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["retain_until", "id"],
                name="case_retain",
                condition=models.Q(is_open=False, destroyed_at=None),
            ),
        ),
    )
