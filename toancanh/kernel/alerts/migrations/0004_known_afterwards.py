from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    dependencies = [
        ("alerts", "0003_maintenance"),
    ]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="known_afterwards",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="Backlog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80)),
                ("since", models.DateTimeField()),
                ("thing", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.thing")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("key", "thing"), name="backlog_once")],
            },
        ),
    ]
