"""The Celery app. Its messages are only a doorbell: the work itself is rows in the job table."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")

app = Celery("sortie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
