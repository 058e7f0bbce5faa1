"""What the database knows of the portal's state, as figures for Prometheus: the same whichever process is asked.

Every read is bounded like those of the start page: counts stop at ten thousand, and what is summed over everything
comes from the last hourly measurement.
"""

import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recordings import health
from recordings.models import Job, JobKind, Recording, Status, StorageDay, Upload
from recordings.overview import up_to
from recordings.querysets import MAX_ATTEMPTS

COUNTED = 10_000
FRESH_FOR = 5.0


class _Parts(Collector):
    """What /readyz tells, as this process sees it."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        up = GaugeMetricFamily("sortie_part_up", "Whether a part can be used, as /readyz tells.", labels=["part"])
        for name, trouble in health.portal.state().items():
            up.add_metric([name], float(trouble is None))
        return [up]


class _Database(Collector):
    """Reads when it is asked, at most every five seconds; nothing while the database cannot be read."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._read: list[GaugeMetricFamily] = []
        self._read_at = float("-inf")

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._one_at_a_time:
            if time.monotonic() - self._read_at >= FRESH_FOR:
                self._read = list(_everything(timezone.now()))
                self._read_at = time.monotonic()
            return self._read


PARTS, DATABASE = _Parts(), _Database()


def _everything(now: datetime) -> Iterator[GaugeMetricFamily]:
    state = health.portal.state()
    if state["database"] or state["migrations"]:
        return
    yield _uploads(now)
    yield _unfinished()
    yield from _jobs(now)
    due = Recording.objects.due_for_purge(now)
    yield _gauge("sortie_purges_due", "Deleted recordings whose bytes should go now.", _count(due))
    yield from _stored()


def _uploads(now: datetime) -> GaugeMetricFamily:
    """Uploads that may still get bytes, by what they are and whether their client is heard of."""
    found = GaugeMetricFamily("sortie_uploads_open", "Uploads under way.", labels=["live", "state"])
    for live in (True, False):
        growing = Upload.objects.growing().filter(live=live)
        heard_of = growing.filter(lease_until__gt=now)
        found.add_metric([str(live).lower(), "active"], _count(heard_of))
        found.add_metric([str(live).lower(), "silent"], _count(growing.filter(lease_until__lte=now)))
    return found


def _unfinished() -> GaugeMetricFamily:
    found = GaugeMetricFamily("sortie_recordings_unfinished", "Recordings that are not ready.", labels=["status"])
    for status in (Status.RECORDING, Status.UPLOADING, Status.FAILED):
        found.add_metric([status], _count(Recording.objects.filter(status=status, completed_at=None)))
    return found


def _jobs(now: datetime) -> Iterator[GaugeMetricFamily]:
    number = GaugeMetricFamily("sortie_jobs", "Jobs there are, by what they wait for.", labels=["kind", "state"])
    age = GaugeMetricFamily(
        "sortie_job_age_seconds", "Age of the oldest job that is not given up.", labels=["kind"]
    )
    for kind in JobKind:
        jobs = Job.objects.filter(kind=kind)
        tried_in_vain = jobs.filter(attempts__gte=MAX_ATTEMPTS)
        hopeful = jobs.filter(attempts__lt=MAX_ATTEMPTS)
        number.add_metric([kind, "due"], _count(jobs.due(now)))
        number.add_metric([kind, "held"], _count(hopeful.filter(lease_until__gt=now)))
        number.add_metric([kind, "given_up"], _count(tried_in_vain))
        oldest = hopeful.order_by().aggregate(at=Min("created_at"))["at"]
        age.add_metric([kind], (now - oldest).total_seconds() if oldest else 0.0)
    yield number
    yield age


def _stored() -> Iterator[GaugeMetricFamily]:
    day = StorageDay.objects.order_by("-day").first()
    if day is not None:
        yield _gauge("sortie_recordings_kept", "Recordings, when they were last counted.", day.recordings)
        yield _gauge("sortie_stored_bytes", "Bytes in the store, when they were last summed.", day.stored_bytes)
        measured = day.measured_at.timestamp()
        yield _gauge("sortie_measured_timestamp_seconds", "When retention last ran and measured.", measured)


def _count(rows: QuerySet[Any]) -> float:
    return float(up_to(rows, COUNTED).value)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))
