from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0010_work")]

    operations = [
        migrations.AddField(
            "token",
            "purpose",
            models.CharField(
                choices=[("devices", "Devices"), ("reports", "Reports")], default="devices", max_length=10
            ),
        ),
    ]
