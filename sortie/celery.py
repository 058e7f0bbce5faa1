"""The Celery app. Its messages are only a doorbell: the work itself is rows in the job table."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import django
from celery import Celery
from celery.beat import Service
from celery.signals import beat_init, setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")

app = Celery("sortie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Beat rings every few seconds, whether the broker hears it or not.
_SILENT_AT_MOST = timedelta(seconds=90)


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log_as_django_does(**unused: Any) -> None:
    """That somebody listens keeps Celery from setting up loggers of its own."""
    django.setup()


@worker_init.connect  # type: ignore[untyped-decorator]
def _probe_worker(**unused: Any) -> None:
    _answer_probes()


@beat_init.connect  # type: ignore[untyped-decorator]
def _probe_beat(sender: Service, **unused: Any) -> None:
    _answer_probes(lambda: _silence(sender, datetime.now(UTC)))


def _answer_probes(*ailment: Any) -> None:
    django.setup()
    from sortie import probe_server

    probe_server.start(*ailment)


def _silence(beat: Service, now: datetime) -> str:
    """What ails a beat that does not ring any more."""
    last = max(entry.last_run_at for entry in beat.scheduler.schedule.values())
    return f"Nothing has been rung since {last:%H:%M:%S} UTC." if now - last > _SILENT_AT_MOST else ""
