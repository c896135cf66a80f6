from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="event", name="holder", field=models.CharField(blank=True, max_length=230)
        ),
    ]
