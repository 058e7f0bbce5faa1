"""The web application, for any WSGI server; `sortie.web` starts it in ours."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402  (readable from here on)

from sortie.requests import Handler  # noqa: E402

application = Handler()

if settings.SORTIE_IN_PROCESS_WORKER:
    from sortie.celery import app
    from sortie.inprocess import InProcessWorker

    InProcessWorker(app).start()
