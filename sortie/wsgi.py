"""The web application, for any WSGI server; `sortie.web` starts it in ours."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")

application = get_wsgi_application()

from django.conf import settings  # noqa: E402  (readable from here on)

if settings.SORTIE_IN_PROCESS_WORKER:
    from sortie.celery import app
    from sortie.inprocess import InProcessWorker

    InProcessWorker(app).start()
