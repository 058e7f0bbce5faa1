import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recordings', '0013_passages'),
    ]

    operations = [
        migrations.CreateModel(
            name='Segments',
            fields=[
                ('recording', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='segments', serialize=False, to='recordings.recording')),
                ('made_of', models.CharField(help_text='The SHA-256 of the recording that was cut up.', max_length=64)),
                ('starts', models.JSONField(help_text='Where each begins, in the recording and in the object: [[microseconds, offset], ...]')),
                ('theme', models.JSONField(help_text="The terminal's own colours, as the header of a cast has them.", null=True)),
                ('idle_limit', models.FloatField(help_text='What its recorder makes of longer gaps, in seconds.', null=True)),
                ('storage_backend', models.CharField(max_length=10)),
                ('storage_key', models.CharField(max_length=255)),
                ('size', models.BigIntegerField()),
            ],
        ),
    ]
