from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0003_citizen")]

    operations = [
        migrations.AddField("sending", "client", models.CharField(blank=True, max_length=100)),
        migrations.AddIndex(
            "sending",
            models.Index(
                condition=models.Q(("client", ""), _negated=True),
                fields=["client", "case"],
                name="sending_client",
            ),
        ),
    ]
