"""The job table: take a job, keep it while working, finish it or put it off. Celery only rings the bell.

A job belongs to whoever holds its lease. A process that dies leaves a lease that runs out, and the sweep gives
the job to another: losing Redis, a message or a worker costs time, never work.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from celery import current_app
from django.db import Error, connection, transaction
from django.utils import timezone

from recordings.models import Job, JobKind, Recording
from recordings.querysets import MAX_ATTEMPTS

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT = 20.0
WAKE_TASK = "recordings.tasks.wake"

Handler = Callable[[Job], None]


class PassingFault(Exception):
    """Something a job needs is away for a while. It is tried again, however often, and counts as no attempt."""


def enqueue(kind: JobKind, recording: Recording, *, held: bool = False) -> Job:
    """Have `kind` done for `recording`; there is one such job at most, which gets new attempts.

    held: the caller starts on it now. Without a `lease_token` it could not be had: somebody else works on it.
    """
    job, is_new = Job.objects.get_or_create(kind=kind, recording=recording)
    if not is_new and job.attempts >= MAX_ATTEMPTS:
        job.attempts = 0
        Job.objects.filter(pk=job.pk).update(attempts=0, run_after=timezone.now())
    if held:
        _take(job)
    else:
        transaction.on_commit(ring)
    return job


def ring() -> None:
    """Wake a worker. Nobody waits for it and nothing depends on it: the sweep finds what no message announced."""
    try:
        current_app.send_task(WAKE_TASK, retry=False, ignore_result=True, expires=60)
    except Exception as error:  # whatever is wrong with the broker, what was asked of us is done
        logger.warning("No worker could be woken, the sweep will find the work: %s", error)


def run_due(handlers: Mapping[str, Handler], *, most: int = 100) -> int:
    """Take and do due jobs, at most `most`; how many were taken."""
    for done in range(most):
        job = _take_next()
        if job is None:
            return done
        run(job, handlers[job.kind])
    return most


def run(job: Job, handler: Handler) -> None:
    """Do one job that is held. What goes wrong is logged and written on the job, never raised."""
    try:
        with _kept(job):
            handler(job)
    except PassingFault as fault:
        logger.warning("%s of %s has to wait: %s", job.kind, job.recording_id, fault)
        _put_off(job, fault, attempts=job.attempts)
    except Exception as error:
        logger.exception("%s of %s went wrong", job.kind, job.recording_id)
        _put_off(job, error, attempts=job.attempts + 1)
    else:
        Job.objects.filter(pk=job.pk, lease_token=job.lease_token).delete()


def exhausted(job: Job) -> bool:
    """Whether this is the last attempt a job gets by itself."""
    return job.attempts + 1 >= MAX_ATTEMPTS


def _take_next() -> Job | None:
    while True:
        job = Job.objects.due(timezone.now()).select_related("recording").first()
        if job is None or _take(job):
            return job


def _take(job: Job) -> bool:
    """Claim the lease in one guarded UPDATE; False if another process was faster."""
    now = timezone.now()
    token = uuid.uuid4()
    claimed = Job.objects.due(now).filter(pk=job.pk).order_by()
    if claimed.update(lease_until=now + LEASE, lease_token=token) != 1:
        job.lease_token = None
        return False
    job.lease_token = token
    return True


def _put_off(job: Job, error: Exception, *, attempts: int) -> None:
    """Let go of the lease; try again in 5 s, 10 s, 20 s ... at most 60 s."""
    waited = (timezone.now() - job.created_at).total_seconds()
    delay = timedelta(seconds=min(60.0, max(5.0, waited)))
    Job.objects.filter(pk=job.pk, lease_token=job.lease_token).update(
        lease_until=None,
        lease_token=None,
        attempts=attempts,
        run_after=timezone.now() + delay,
        error=str(error)[:500] or type(error).__name__,
    )


@contextmanager
def _kept(job: Job) -> Iterator[None]:
    """Extend the lease from a second thread for as long as the work takes."""
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=(job, over), daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def _beat(job: Job, over: threading.Event) -> None:
    while not over.wait(HEARTBEAT):
        try:
            Job.objects.filter(pk=job.pk, lease_token=job.lease_token).update(lease_until=timezone.now() + LEASE)
        except Error as error:  # the work goes on; there are more beats to come before the lease ends
            logger.warning("The lease of %s could not be extended: %s", job.pk, error)
        finally:
            connection.close()


def retry(job: Job) -> None:
    """Give a job that has used up its attempts new ones."""
    Job.objects.filter(pk=job.pk).update(attempts=0, run_after=timezone.now())
    transaction.on_commit(ring)
