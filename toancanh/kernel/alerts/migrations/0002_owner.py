"""An owner tells its slot; a mark holds what lies behind it and was had already."""

from django.db import migrations, models


def begin_anew(apps, schema_editor):
    """Marks of the first form say too little: their reader begins where the feed stands."""
    apps.get_model("alerts", "Cursor").objects.update(mark=None)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="cursor",
            name="owner",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.RunPython(begin_anew, migrations.RunPython.noop),
    ]
