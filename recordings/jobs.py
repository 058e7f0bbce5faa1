"""The job table: take a job, keep it while working, finish it or put it off. Celery only rings the bell.

A job belongs to whoever holds its lease. A process that dies leaves a lease that runs out, and the sweep gives
the job to another: losing Redis, a message or a worker costs time, never work. It costs an attempt too, for the
job may be what the process died of.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import Error, connection, transaction
from django.utils import timezone

from recordings import meters, trace
from recordings.models import Job, JobKind, Recording
from recordings.querysets import MAX_ATTEMPTS, JobQuerySet

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
HEARTBEAT = 20.0
WAKE_TASK = "recordings.tasks.wake"
DIED = "The process that worked on it ended before it was done."

# What ended one process may end the next with all its threads are at, so each has one such job at a time.
_suspect = threading.Lock()


class PassingFault(Exception):
    """Something a job needs is away for a while. It is tried again, however often, and counts as no attempt."""


class HoldersDied(Exception):
    """As many processes as a job has attempts have ended while they worked on it."""

    def __init__(self) -> None:
        super().__init__(DIED)


def _leave(job: Job, error: Exception) -> None:
    """Nobody needs to be told."""


@dataclass(frozen=True)
class Handler:
    """How jobs of a kind are done, and what happens to one that was tried in vain and now waits for a person."""

    do: Callable[[Job], None]
    give_up: Callable[[Job, Exception], None] = _leave


def enqueue(kind: JobKind, recording: Recording, *, held: bool = False) -> Job:
    """Have `kind` done for `recording`; there is one such job at most, which gets new attempts.

    held: the caller starts on it now. Without a `lease_token` it could not be had: somebody else works on it.
    """
    job, is_new = Job.objects.get_or_create(kind=kind, recording=recording)
    if not is_new and job.attempts:
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
        if not _do_next(handlers):
            return done
    return most


def run(job: Job, handler: Handler) -> None:
    """Do one job that is held. What goes wrong is logged and written on the job, never raised."""
    begun = time.monotonic()
    with trace.about(job=job.kind, recording_id=job.recording_id):
        outcome = _run(job, handler)
    meters.jobs.labels(job.kind, outcome).inc()
    meters.job_seconds.labels(job.kind).observe(time.monotonic() - begun)


def _run(job: Job, handler: Handler) -> str:
    """How it ended, in a word for statistics."""
    try:
        if job.attempts >= MAX_ATTEMPTS:
            raise HoldersDied
        with _kept(job):
            handler.do(job)
    except PassingFault as fault:
        logger.warning("%s of %s has to wait: %s", job.kind, job.recording_id, fault)
        _put_off(job, fault, attempts=job.attempts)
        return "put_off"
    except Exception as error:
        logger.exception("%s of %s went wrong", job.kind, job.recording_id)
        if _put_off(job, error, attempts=job.attempts + 1) and job.attempts + 1 >= MAX_ATTEMPTS:
            handler.give_up(job, error)
            return "given_up"
        return "failed"
    Job.objects.filter(pk=job.pk, lease_token=job.lease_token).delete()
    return "done"


def _do_next(handlers: Mapping[str, Handler]) -> bool:
    """Take and do a job; False if there is none."""
    with ExitStack() as alone:
        # While processes are replaced, the newer ones may want what the older ones cannot do.
        known = Job.objects.filter(kind__in=list(handlers))
        if _suspect.acquire(blocking=False):
            alone.callback(_suspect.release)
            job = _take_next(known)
        else:
            job = _take_next(known.filter(lease_token=None))
        if job is None:
            return False
        if job.error != DIED:
            alone.close()
        run(job, handlers[job.kind])
        return True


def _take_next(among: JobQuerySet) -> Job | None:
    while True:
        job = among.due(timezone.now()).select_related("recording").first()
        if job is None or _take(job):
            return job


def _take(job: Job) -> bool:
    """Claim the lease of a job as it was read, in one guarded UPDATE; False if another process was faster."""
    now = timezone.now()
    changes: dict[str, Any] = {"lease_until": now + LEASE, "lease_token": uuid.uuid4()}
    if job.lease_token is not None:
        changes |= {"attempts": job.attempts + 1, "error": DIED}
    as_read = Job.objects.due(now).filter(pk=job.pk, lease_token=job.lease_token, attempts=job.attempts)
    if as_read.order_by().update(**changes) != 1:
        job.lease_token = None
        return False
    for name, value in changes.items():
        setattr(job, name, value)
    return True


def _put_off(job: Job, error: Exception, *, attempts: int) -> bool:
    """Let go of the lease; try again in 5 s, 10 s, 20 s ... at most 60 s. False if somebody else has it by now."""
    waited = (timezone.now() - job.created_at).total_seconds()
    delay = timedelta(seconds=min(60.0, max(5.0, waited)))
    mine = Job.objects.filter(pk=job.pk, lease_token=job.lease_token)
    return bool(
        mine.update(
            lease_until=None,
            lease_token=None,
            attempts=attempts,
            run_after=timezone.now() + delay,
            error=str(error)[:500] or type(error).__name__,
        )
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
