from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='thing',
            name='pack',
            field=models.CharField(blank=True, db_index=True, default='', max_length=60),
            preserve_default=False,
        ),
    ]
