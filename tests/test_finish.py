"""Putting an upload away: it ends ready with its bytes as they were sent, whatever dies, is away or in the way."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from recordings import jobs
from recordings.audit import Actor
from recordings.ingest import finish, silent, simple, staging
from recordings.media import webm as webm_format
from recordings.media.limits import Limits
from recordings.models import Job, JobKind, Recording, Status, Upload, User
from recordings.querysets import MAX_ATTEMPTS
from recordings.storage import current_store, new_key
from recordings.tasks import HANDLERS
from tests import environment
from tests import webm_builder as build
from tests.crashes import killed_before_step
from tests.making import (
    api,
    arrived,
    events,
    let_leases_end,
    original_of,
    playable_of,
    ready,
    staged,
    staged_file,
    started,
    stored,
    upload,
    webm,
)

pytestmark = pytest.mark.django_db(transaction=True)

# One kind of file begins with the first step, the next with the second; with an object store a step is dear.
EVERY = 5 if environment.PROFILE == "many" else 2


def work() -> None:
    """What a worker does when the bell rings. Pictures are another story."""
    jobs.run_due({**HANDLERS, JobKind.PICTURES: jobs.Handler(lambda job: None)})


def accepted(user: User, data: bytes) -> Recording:
    """A recording whose bytes the portal has promised to put away, by a process that is gone."""
    recording = started(user)
    simple._accept(recording, arrived(data), Actor(user), simple.About("screen.webm"))
    let_leases_end()
    return recording


def is_whole(recording: Recording, data: bytes) -> bool:
    """Ready, once, with the bytes as they were sent; nothing of the way there is left."""
    recording.refresh_from_db()
    assert recording.status == "ready", recording.error
    assert original_of(recording) == data
    assert len(playable_of(recording)) == recording.stored_size
    assert events(recording) == ["start", "upload"]
    assert stored() == [recording.storage_key]
    assert not Job.objects.exists()
    assert not Upload.objects.filter(finished_at=None).exists()
    silent.forget_abandoned(timezone.now() + timedelta(hours=2))
    assert staged() == []
    return True


KINDS: dict[str, Callable[[User], bytes]] = {
    "live": lambda user: webm(),
    "cut by a few bytes": lambda user: webm() + b"\xa3",
    "cut in a frame": lambda user: webm()[:-300],
    "seekable": lambda user: playable_of(ready(user)),
}


@pytest.fixture(params=KINDS)
def data(request: pytest.FixtureRequest, alice: User) -> bytes:
    sample = KINDS[request.param](alice)
    for recording in Recording.objects.all():
        current_store().delete([recording.storage_key])
        recording.delete()
    return sample


def test_a_worker_may_be_killed_before_any_step(alice: User, data: bytes, request: pytest.FixtureRequest) -> None:
    step = 1 + list(KINDS).index(request.node.callspec.params["data"]) % EVERY
    while True:
        recording = accepted(alice, data)
        killed = killed_before_step(step, work)
        let_leases_end()
        work()
        assert is_whole(recording, data), step
        if not killed:
            break
        current_store().delete([recording.storage_key])
        recording.delete()
        step += EVERY
    assert step > 20


def test_workers_may_be_killed_one_after_the_other(alice: User, data: bytes) -> None:
    recording = accepted(alice, data)
    for step in random.Random(7).choices(range(5, 40), k=MAX_ATTEMPTS - 2):
        killed_before_step(step, work)
        let_leases_end()
    work()
    assert is_whole(recording, data)


def test_what_a_dead_web_process_accepted_is_put_away_by_the_sweep(alice: User) -> None:
    recording = started(alice)
    body = arrived(webm())

    def serve() -> None:
        simple.complete(recording, body, Actor(alice), simple.About(filename="screen.webm"))

    for step in range(1, 60, 2):
        killed_before_step(step, serve)
        if Upload.objects.exists():
            break
    let_leases_end()
    work()
    assert is_whole(recording, webm())


# --- the store is away ----------------------------------------------------------------------------------------


@pytest.fixture
def away(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """The store cannot be reached until the fixture is called."""
    folder = settings.SORTIE_RECORDING_STORAGE_PATH
    blocked = tmp_path / "no folder"
    blocked.touch()
    settings.SORTIE_RECORDING_STORAGE_BACKEND = "local"
    settings.SORTIE_RECORDING_STORAGE_PATH = blocked / "recordings"

    def back() -> None:
        settings.SORTIE_RECORDING_STORAGE_PATH = folder
        Job.objects.update(run_after=timezone.now())

    return back


def test_bytes_are_safe_while_the_store_is_away(alice: User, away: Callable[[], None]) -> None:
    recording = started(alice)
    answer = upload(api(alice), recording)
    assert (answer.status_code, answer.json()) == (202, {"status": "uploading"})
    for _ in range(2 * MAX_ATTEMPTS):
        Job.objects.update(run_after=timezone.now())
        work()
    assert upload(api(alice), recording).status_code == 202
    [job] = Job.objects.all()
    assert (job.attempts, job.lease_token) == (0, None)
    assert job.error
    assert len(staged()) <= 2
    assert silent.complete(timezone.now() + timedelta(days=30)) == 0
    away()
    work()
    assert is_whole(recording, webm())


# --- poison ---------------------------------------------------------------------------------------------------


def poisoned(user: User) -> Recording:
    """One whose key is taken by other bytes: it can never be put there."""
    recording, key = accepted(user, webm()), new_key(started(user).pk, "webm")
    other = staged_file(arrived(webm()[:-1]).upload_id)
    current_store().put(key, other, content_type="video/webm")
    other.unlink()
    Upload.objects.update(storage_backend=current_store().name, storage_key=key)
    return recording


def worn_out(recording: Recording) -> None:
    for _ in range(MAX_ATTEMPTS + 2):
        let_leases_end()
        work()
    recording.refresh_from_db()


def test_poison_fails_after_five_attempts_and_keeps_its_bytes(alice: User) -> None:
    recording = poisoned(alice)
    worn_out(recording)
    assert (recording.status, recording.error) == ("failed", finish.GAVE_UP)
    [job] = Job.objects.all()
    assert job.attempts == MAX_ATTEMPTS
    assert events(recording) == ["start", "fail"]
    assert staged() == [staged_file(Upload.objects.get().pk).name]


def test_a_failed_one_is_run_again_when_somebody_has_seen_to_it(alice: User, ada: User) -> None:
    recording = poisoned(alice)
    worn_out(recording)
    current_store().delete([Upload.objects.get().storage_key])
    finish.retry(recording, Actor(ada))
    assert Recording.objects.get(pk=recording.pk).status == "uploading"
    work()
    recording.refresh_from_db()
    assert recording.status == "ready"
    assert original_of(recording) == webm()
    assert events(recording) == ["start", "fail", "upload", "upload"]


def test_or_its_owner_sends_it_anew(alice: User) -> None:
    recording = poisoned(alice)
    worn_out(recording)
    assert upload(api(alice), recording).json() == {"status": "ready"}
    recording.refresh_from_db()
    assert original_of(recording) == webm()
    assert staged() == []
    assert not Job.objects.filter(kind=JobKind.FINISH).exists()


@pytest.mark.parametrize("status", [Status.RECORDING, Status.UPLOADING, Status.READY])
def test_only_a_failed_one_with_bytes_is_run_again(alice: User, status: Status) -> None:
    recording = ready(alice) if status == Status.READY else started(alice)
    if status == Status.UPLOADING:
        recording.advance(status)
    with pytest.raises(finish.NothingToRetry):
        finish.retry(recording, Actor(alice))
    failed = started(alice)
    failed.advance(Status.FAILED)
    with pytest.raises(finish.NothingToRetry):
        finish.retry(failed, Actor(alice))
    assert not Job.objects.filter(kind=JobKind.FINISH).exists()


def test_bytes_that_turn_out_worthless_are_kept_once_they_were_promised(alice: User) -> None:
    recording = accepted(alice, build.webm(build.cluster(0)))
    work()
    recording.refresh_from_db()
    assert recording.status == "failed"
    assert "no frames" in recording.error
    assert not Job.objects.exists()
    assert len(staged()) == Upload.objects.count() == 1


def test_lost_bytes_end_as_failed_not_as_forever(alice: User) -> None:
    recording = accepted(alice, webm())
    staging.current().remove(Upload.objects.get().pk)
    worn_out(recording)
    assert recording.status == "failed"


def test_what_every_worker_dies_of_fails_and_says_why(alice: User, ada: User) -> None:
    recording = accepted(alice, webm())
    for _ in range(MAX_ATTEMPTS - 1):
        assert killed_before_step(12, work)
        let_leases_end()
    work()
    recording.refresh_from_db()
    assert (recording.status, recording.error) == ("failed", finish.ENDED)
    assert events(recording) == ["start", "fail"]
    work()
    finish.retry(recording, Actor(ada))
    work()
    recording.refresh_from_db()
    assert (recording.status, original_of(recording)) == ("ready", webm())


def test_a_scan_that_takes_too_long_is_tried_again_and_its_bytes_are_kept(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the web too, where bytes that are no recording would be dropped."""
    scan = webm_format.scan
    recording = started(alice)
    with monkeypatch.context() as patch:
        hurried = Limits(seconds=0)
        patch.setattr(webm_format, "scan", lambda file, *, start: scan(file, start=start, limits=hurried))
        answer = upload(api(alice), recording)
        assert (answer.status_code, answer.json()) == (202, {"status": "uploading"})
        assert Job.objects.get(kind=JobKind.FINISH).attempts == 0  # a worker has more time for it
        worn_out(recording)
    assert recording.status == "failed"
    assert "processor time" in recording.error
    assert finish.KEPT in recording.error
    finish.retry(recording, Actor(alice))
    work()
    assert original_of(Recording.objects.get(pk=recording.pk)) == webm()


# --- more than one worker -------------------------------------------------------------------------------------


def test_a_worker_that_lost_its_lease_leaves_the_end_to_the_other(alice: User) -> None:
    recording = accepted(alice, webm())
    slow, fast = jobs._take_next(Job.objects.all()), None
    assert slow is not None
    let_leases_end()

    def overtaken(job: Job) -> None:
        nonlocal fast
        fast = jobs._take_next(Job.objects.all())
        assert fast is not None
        jobs.run(fast, HANDLERS[JobKind.FINISH])
        raise RuntimeError("the slow one notices nothing and then goes wrong")

    jobs.run(slow, jobs.Handler(overtaken))
    work()
    assert is_whole(recording, webm())


def test_bytes_another_process_works_on_are_left_to_it(alice: User) -> None:
    recording = accepted(alice, webm())
    upload = Upload.objects.get()
    with staging.current().whole(upload.pk, room=upload.room, final=True):
        work()
        [job] = Job.objects.all()
        assert (job.attempts, "being worked on" in job.error) == (1, True)  # the process that accepted it is gone
    let_leases_end()
    work()
    assert is_whole(recording, webm())


def test_many_workers_put_everything_away_once(alice: User) -> None:
    several = [accepted(alice, webm()) for _ in range(8)]
    gate = threading.Barrier(4)

    def worker(_: int) -> None:
        gate.wait()
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    let_leases_end()
    work()
    assert {recording.status for recording in Recording.objects.all()} == {"ready"}
    assert all(events(recording) == ["start", "upload"] for recording in several)
    assert len(stored()) == 8
    assert staged() == []
