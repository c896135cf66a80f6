"""Organisations that hand a part of their work on stand to it as who gave it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("cases", "0004_public_events"),)

    operations = (
        migrations.AlterField(
            model_name="step",
            name="role",
            field=models.CharField(
                choices=[("lead", "Lead"), ("help", "Help"), ("inform", "Inform"), ("give", "Give")],
                max_length=8,
            ),
        ),
    )
