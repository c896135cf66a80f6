from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_published")]

    operations = [
        migrations.AddIndex(
            "event",
            models.Index(condition=models.Q(("is_public", True)), fields=["at", "id"], name="case_event_public"),
        ),
    ]
