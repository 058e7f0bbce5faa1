"""Silent clients and dying processes: whoever dies when, what came is put away once, whole if it is one."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from recordings import enrich, jobs, tasks
from recordings.audit import Actor
from recordings.ingest import finish, resumable, silent, staging
from recordings.media import webm
from recordings.media.errors import WebmError
from recordings.models import Job, JobKind, Recording, Status, Upload, User
from recordings.querysets import MAX_ATTEMPTS
from tests.captures import DATA, PART, capture, now_is
from tests.making import api, events, let_leases_end, original_of, staged, started, stored, sweep_after_silence
from tests.tus_client import Tus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are another story, and there are none in these recordings."""
    monkeypatch.setattr(enrich, "order", lambda recording: None)


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


@pytest.fixture
def live(alice: User) -> Recording:
    return started(alice)


def died(*_: object, **__: object) -> Any:
    raise SystemExit("killed")


def test_a_whole_upload_nobody_completed_is_found_within_minutes(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(len(DATA))
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "complete", died)
        with pytest.raises(SystemExit):
            tus.patch(address, 0, DATA)
    now = timezone.now()
    assert silent.complete(now + timedelta(seconds=30)) == 0
    assert silent.complete(now + timedelta(seconds=90)) == 1
    tasks.sweep()
    found = Recording.objects.get()
    assert (found.status, found.incomplete, original_of(found)) == (Status.READY, False, DATA)


def test_a_whole_live_capture_nobody_completed_is_no_part(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = capture(tus, live)
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "complete", died)
        with pytest.raises(SystemExit):
            tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA)))
    sweep_after_silence()
    tasks.sweep()
    assert (now_is(live).status, live.incomplete, original_of(live)) == (Status.READY, False, DATA)


def test_a_sealed_upload_without_a_job_is_found(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last byte came while an earlier part was being put away; that job is done by now."""
    monkeypatch.setattr(finish, "while_waiting", lambda job: None)
    tus.patch(tus.begun(len(DATA)), 0, DATA)
    Job.objects.all().delete()
    assert silent.complete(timezone.now()) == 1
    jobs.run_due(tasks.HANDLERS)
    assert original_of(Recording.objects.get()) == DATA


def test_the_last_byte_comes_while_a_part_is_being_put_away(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = capture(tus, live)
    Upload.objects.update(lease_until=timezone.now())
    silent.complete(timezone.now())
    put_away = finish._put_away

    def meanwhile(upload: Upload, whole: Any, **how: Any) -> None:
        monkeypatch.setattr(finish, "_put_away", put_away)
        assert tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA))).status_code == 204
        put_away(upload, whole, **how)

    monkeypatch.setattr(finish, "_put_away", meanwhile)
    jobs.run_due(tasks.HANDLERS)
    Job.objects.update(run_after=timezone.now())
    for _ in range(2):
        tasks.sweep()
    assert (now_is(live).status, live.incomplete, original_of(live)) == (Status.READY, False, DATA)
    assert stored() == [live.storage_key]
    assert staged() == []


def test_two_processes_at_the_same_part_leave_one_object_that_is_there(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was given up for dead, as the database had not heard of it; it lives, and comes too late."""
    capture(tus, live)
    Upload.objects.update(lease_until=timezone.now())
    silent.complete(timezone.now())
    become_ready = finish._become_ready

    def late(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(finish, "_become_ready", become_ready)
        Job.objects.update(lease_until=timezone.now())
        assert jobs.run_due(tasks.HANDLERS) > 0
        become_ready(*args, **kwargs)

    monkeypatch.setattr(finish, "_become_ready", late)
    jobs.run_due(tasks.HANDLERS)
    assert (now_is(live).status, original_of(live)) == (Status.READY, DATA[:PART])
    assert events(live) == ["start", "upload"]
    assert live.storage_key in stored()


def test_staging_that_is_away_is_waited_for(tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    capture(tus, live)

    def away(*_: object, **__: object) -> Any:
        raise staging.StagingUnavailable("The object store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(finish, "arrived", away)
        sweep_after_silence()
    assert now_is(live).status == Status.RECORDING
    tasks.sweep()
    assert now_is(live).status == Status.READY


def test_an_admin_may_have_a_part_tried_again(tus: Tus, live: Recording, ada: User) -> None:
    capture(tus, live, DATA[:100])
    sweep_after_silence()
    assert now_is(live).status == Status.FAILED
    finish.retry(live, Actor(ada))
    assert now_is(live).status == Status.UPLOADING
    tasks.sweep()
    assert now_is(live).status == Status.FAILED


def test_the_rest_gives_a_part_that_was_given_up_another_chance(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five attempts at the part have failed and its job waits for a person; the whole does not."""
    address = capture(tus, live)
    with monkeypatch.context() as patch:
        patch.setattr(webm, "scan", lambda *_, **__: 1 / 0)
        sweep_after_silence()
        for _ in range(6):
            Job.objects.update(run_after=timezone.now())
            tasks.sweep()
    assert (now_is(live).status, live.error) == (Status.FAILED, finish.GAVE_UP)
    assert Job.objects.get().attempts == MAX_ATTEMPTS
    assert tus.patch(address, PART, DATA[PART:], Upload_Length=str(len(DATA))).status_code == 204
    assert original_of(now_is(live)) == DATA
    assert not Job.objects.filter(kind=JobKind.FINISH).exists()


def worthless(*_: object, **__: object) -> Any:
    raise WebmError("The recording is damaged.")


def send_whole(tus: Tus, recording: Recording) -> None:
    tus.patch(capture(tus, recording, b""), 0, DATA, Upload_Length=str(len(DATA)))


def sealed_by_a_process_that_died(tus: Tus, monkeypatch: pytest.MonkeyPatch, recording: Recording) -> Upload:
    """The whole of the recording, accepted and not yet put away."""
    with monkeypatch.context() as patch:
        patch.setattr(finish, "while_waiting", lambda job: None)
        send_whole(tus, recording)
    let_leases_end()
    return Upload.objects.sealed().latest("sealed_at")


def test_a_rest_that_a_worker_cannot_use_is_kept_and_waits_for_a_person(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture(tus, live)
    sweep_after_silence()
    whole = sealed_by_a_process_that_died(tus, monkeypatch, live)
    with monkeypatch.context() as patch:
        patch.setattr(webm, "scan", worthless)
        for _ in range(2 * MAX_ATTEMPTS):
            Job.objects.update(run_after=timezone.now())
            tasks.sweep()
    assert (now_is(live).status, original_of(live)) == (Status.READY, DATA[:PART])
    assert Job.objects.get().attempts == MAX_ATTEMPTS
    assert f"{whole.pk}.part" in staged()
    jobs.retry(Job.objects.get())
    tasks.sweep()
    assert (now_is(live).incomplete, original_of(live)) == (False, DATA)


def test_what_failed_for_good_is_not_looked_at_in_every_sweep(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_by_a_process_that_died(tus, monkeypatch, live)
    with monkeypatch.context() as patch:
        patch.setattr(webm, "scan", worthless)
        tasks.sweep()
    assert (now_is(live).status, live.error) == (Status.FAILED, "The recording is damaged.")
    for _ in range(3):
        assert silent.complete(timezone.now()) == 0
    assert events(live) == ["start", "fail"]
    assert len(staged()) == 1


def test_a_better_upload_makes_a_failed_recording_ready_and_nothing_stays(
    tus: Tus, live: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        sealed_by_a_process_that_died(tus, monkeypatch, live)
        with monkeypatch.context() as patch:
            patch.setattr(webm, "scan", worthless)
            tasks.sweep()
        assert now_is(live).status == Status.FAILED
    send_whole(tus, live)
    assert (now_is(live).status, original_of(live)) == (Status.READY, DATA)
    for _ in range(3):
        tasks.sweep()
    assert staged() == []
    assert stored() == [live.storage_key]
    assert events(live).count("upload") == 1


def test_pictures_that_could_not_be_made_keep_no_upload_from_being_found(tus: Tus, live: Recording) -> None:
    address = capture(tus, live)
    sweep_after_silence()
    Job.objects.create(recording=live, kind=JobKind.PICTURES, attempts=MAX_ATTEMPTS)
    tus.patch(address, PART, DATA[PART : PART + 2000])
    sweep_after_silence()
    assert now_is(live).size_bytes == PART + 2000
    Upload.objects.update(expires_at=timezone.now())
    assert silent.forget_expired(timezone.now()) == 1
