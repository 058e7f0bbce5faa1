"""The job table: who takes a job has it alone, keeps it while alive, and what goes wrong is tried again in time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from recordings import jobs, tasks
from recordings.jobs import Handler
from recordings.models import Job, JobKind, Recording, User
from recordings.querysets import MAX_ATTEMPTS
from tests.making import deleted, let_leases_end, ready, started, stored

SECOND = timedelta(seconds=1)
FINISH = JobKind.FINISH


def nothing(job: Job) -> None:
    """What there was to do is done."""


def job_of(user: User, **facts: Any) -> Job:
    return Job.objects.create(kind=FINISH, recording=started(user), **facts)


def due() -> list[Job]:
    return list(Job.objects.due(timezone.now()))


# --- taking ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"run_after": SECOND}, False),
        ({"run_after": -SECOND}, True),
        ({"lease_until": SECOND}, False),
        ({"lease_until": -SECOND}, True),
        ({"attempts": MAX_ATTEMPTS - 1}, True),
        ({"attempts": MAX_ATTEMPTS}, False),
        ({"attempts": MAX_ATTEMPTS, "lease_until": -SECOND}, False),
    ],
)
def test_what_can_be_taken(alice: User, facts: dict[str, Any], expected: bool) -> None:
    now = timezone.now()
    job = job_of(alice, **{name: now + v if isinstance(v, timedelta) else v for name, v in facts.items()})
    assert bool(due()) == jobs._take(job) == expected
    assert not due()
    assert not jobs._take(job)


@pytest.mark.django_db
def test_what_only_a_newer_version_can_do_is_left_for_it(alice: User) -> None:
    newer, known = Job.objects.create(kind="newer", recording=started(alice)), job_of(alice)
    assert jobs.run_due({FINISH: Handler(nothing)}) == 1
    assert not Job.objects.filter(pk=known.pk).exists()
    newer.refresh_from_db()
    assert (newer.lease_token, newer.attempts) == (None, 0)


@pytest.mark.django_db
def test_fewest_attempts_go_first_so_that_poison_holds_up_nobody(alice: User) -> None:
    now = timezone.now()
    made = [
        job_of(alice, attempts=n, run_after=now - after * SECOND) for n, after in ((2, 9), (0, 1), (1, 5), (0, 2))
    ]
    assert due() == [made[3], made[1], made[2], made[0]]


@pytest.mark.django_db(transaction=True)
def test_a_job_is_taken_once_however_many_want_it(alice: User) -> None:
    made = [job_of(alice) for _ in range(25)]
    done: list[Any] = []
    gate = threading.Barrier(6)

    def worker(_: int) -> int:
        gate.wait()
        try:
            return jobs.run_due({FINISH: Handler(lambda job: done.append(job.pk))})
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(worker, range(6)))
    assert sorted(done) == sorted(job.pk for job in made)
    assert sum(counts) == 25
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_lease_is_won_by_one_of_many(alice: User) -> None:
    job = job_of(alice)
    gate = threading.Barrier(8)

    def take(_: int) -> bool:
        mine = Job.objects.get(pk=job.pk)
        gate.wait()
        try:
            return jobs._take(mine)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, range(8))) == [False] * 7 + [True]


@pytest.mark.django_db
def test_there_is_one_job_of_a_kind_for_a_recording(alice: User) -> None:
    recording = started(alice)
    first = jobs.enqueue(FINISH, recording, held=True)
    assert jobs.enqueue(FINISH, recording) == first
    assert first.lease_token
    assert not due()


@pytest.mark.django_db
def test_a_worker_does_at_most_so_many(alice: User) -> None:
    for _ in range(5):
        job_of(alice)
    assert jobs.run_due({FINISH: Handler(nothing)}, most=3) == 3
    assert jobs.run_due({FINISH: Handler(nothing)}) == 2


# --- keeping --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_lease_lasts_as_long_as_the_work(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=1.5))
    monkeypatch.setattr(jobs, "HEARTBEAT", 0.1)
    job_of(alice)
    seen: list[int] = []

    def slow(job: Job) -> None:
        for _ in range(10):
            time.sleep(0.25)
            seen.append(len(due()))

    jobs.run_due({FINISH: Handler(slow)})
    assert seen == [0] * 10
    assert not Job.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_dead_workers_job_is_free_when_its_lease_ends(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=0.3))
    job = job_of(alice)
    assert jobs._take(job)
    assert not due()
    time.sleep(0.35)
    assert due() == [job]


@pytest.mark.django_db
def test_who_lost_the_lease_changes_nothing_any_more(alice: User) -> None:
    job = job_of(alice)
    slow = Job.objects.get(pk=job.pk)
    jobs._take(slow)
    let_leases_end()
    fast = Job.objects.get(pk=job.pk)
    assert jobs._take(fast)
    before = Job.objects.values().get()

    def fail(job: Job) -> None:
        raise RuntimeError

    jobs.run(slow, Handler(fail))
    jobs.run(slow, Handler(nothing))
    assert Job.objects.values().get() == before
    jobs.run(fast, Handler(nothing))
    assert not Job.objects.exists()


# --- going wrong ----------------------------------------------------------------------------------------------


class Poison(Exception):
    pass


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "attempts", "text"),
    [
        (jobs.PassingFault("The store is away."), 2, "The store is away."),
        (ValueError("x" * 900), 3, "x" * 500),
        (Poison(), 3, "Poison"),
    ],
)
def test_what_goes_wrong_is_noted_and_put_off(alice: User, error: Exception, attempts: int, text: str) -> None:
    job_of(alice, attempts=2)

    def fail(job: Job) -> None:
        raise error

    assert jobs.run_due({FINISH: Handler(fail)}) == 1
    job = Job.objects.get()
    assert (job.attempts, job.error, job.lease_until, job.lease_token) == (attempts, text, None, None)
    assert not due()


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "delay"), [(0, 5), (4, 5), (10, 10), (40, 40), (60, 60), (86_400, 60)])
def test_the_longer_it_goes_wrong_the_longer_is_waited(alice: User, age: int, delay: int) -> None:
    now = timezone.now()
    job = job_of(alice, created_at=now - age * SECOND)
    jobs._take(job)
    jobs._put_off(job, Poison(), attempts=1)
    waits = (Job.objects.get().run_after - timezone.now()).total_seconds()
    assert delay - 4 < waits < delay + 4


@pytest.mark.django_db
def test_poison_is_tried_five_times_and_then_left_to_a_person(alice: User) -> None:
    job, tried = job_of(alice), 0
    told: list[tuple[int, str]] = []

    def fail(job: Job) -> None:
        nonlocal tried
        tried += 1
        raise Poison

    def give_up(job: Job, error: Exception) -> None:
        told.append((tried, type(error).__name__))

    for _ in range(MAX_ATTEMPTS + 3):
        Job.objects.update(run_after=timezone.now())
        jobs.run_due({FINISH: Handler(fail, give_up)})
    assert told == [(MAX_ATTEMPTS, "Poison")]
    assert tried == MAX_ATTEMPTS
    jobs.retry(job)
    assert jobs.run_due({FINISH: Handler(nothing)}) == 1


@pytest.mark.django_db
def test_a_death_counts_as_an_attempt_and_the_sixth_is_not_tried(alice: User) -> None:
    job_of(alice)
    told: list[str] = []
    done: list[Job] = []
    for deaths in range(MAX_ATTEMPTS):
        [job] = due()
        assert jobs._take(job)
        assert (job.attempts, job.error) == (deaths, jobs.DIED if deaths else "")
        let_leases_end()
    handler = Handler(done.append, lambda job, error: told.append(type(error).__name__))
    assert jobs.run_due({FINISH: handler}) == 1
    assert jobs.run_due({FINISH: handler}) == 0
    assert (done, told) == ([], ["HoldersDied"])
    job = Job.objects.get()
    assert (job.error, job.lease_token) == (jobs.DIED, None)
    jobs.retry(job)
    assert jobs.run_due({FINISH: handler}) == 1
    assert len(done) == 1


@pytest.mark.django_db
def test_who_lost_the_lease_does_not_give_up_for_the_other(alice: User) -> None:
    job_of(alice, attempts=MAX_ATTEMPTS - 2)
    told: list[str] = []

    def overtaken(job: Job) -> None:
        let_leases_end()
        [same] = due()
        assert jobs._take(same)
        raise Poison

    jobs.run_due({FINISH: Handler(overtaken, lambda job, error: told.append("gave up"))})
    assert told == []
    assert Job.objects.get().attempts == MAX_ATTEMPTS - 1


@pytest.mark.django_db
def test_new_work_has_new_attempts(alice: User) -> None:
    job = job_of(alice, attempts=MAX_ATTEMPTS - 1)
    assert jobs.enqueue(FINISH, job.recording).attempts == 0
    assert Job.objects.get().attempts == 0


@pytest.mark.django_db(transaction=True)
def test_what_a_process_may_have_died_of_is_done_one_at_a_time(alice: User) -> None:
    """The neighbours that died with it would otherwise die with it until all have failed."""
    dead = [job_of(alice) for _ in range(3)]
    for job in dead:
        jobs._take(job)
    let_leases_end()
    fresh = job_of(alice)
    at_work: list[Any] = []
    most_at_once = 0
    gate = threading.Event()

    def work(job: Job) -> None:
        nonlocal most_at_once
        if job.pk == fresh.pk:
            gate.set()
            return
        at_work.append(job.pk)
        most_at_once = max(most_at_once, len(at_work))
        assert gate.wait(30)  # the healthy one is done meanwhile
        at_work.remove(job.pk)

    def worker(_: int) -> int:
        try:
            return jobs.run_due({FINISH: Handler(work)})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(worker, range(4)))
    assert (most_at_once, sum(counts)) == (1, 4)
    assert not Job.objects.exists()


# --- what beat and bell start ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_sweep_finds_jobs_silent_recordings_and_what_is_to_be_purged(alice: User) -> None:
    past = timezone.now() - SECOND
    silent, gone, job = started(alice), deleted(alice, purge_after=past), job_of(alice)
    Recording.objects.filter(pk=silent.pk).update(lease_until=past)
    tasks.sweep()
    assert Recording.objects.get(pk=silent.pk).status == "failed"
    assert not Recording.objects.filter(pk=gone.pk).exists()
    assert not Job.objects.filter(pk=job.pk).exists()


@pytest.mark.django_db
def test_the_hourly_round_hides_what_is_too_old(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SORTIE_RECORDING_RETENTION_DAYS", 1)
    old = ready(alice, completed_at=timezone.now() - timedelta(days=2))
    tasks.retention()
    assert Recording.objects.get(pk=old.pk).deleted_at
    assert stored() == [old.storage_key]


def test_every_scheduled_task_is_there_and_is_given_up_before_the_next() -> None:
    import sortie.celery

    sortie.celery.app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in sortie.celery.app.tasks
        assert entry["options"]["expires"] <= 3600
    names: list[Callable[..., Any]] = [tasks.wake, tasks.sweep, tasks.retention]
    assert all(task.name in sortie.celery.app.tasks for task in names)  # type: ignore[attr-defined]
