"""Bytes on the staging disk: limits, room in front, full disks, and what is cleaned up when nobody comes back."""

import errno
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from recordings import jobs, retention
from recordings.api import bodies
from recordings.audit import Actor
from recordings.ingest import finish, intake, silent, simple, staging, start
from recordings.ingest.staging import local
from recordings.ingest.staging.local import LocalStaging
from recordings.models import AuditEvent, Job, JobKind, Recording, Status, Upload, User
from recordings.querysets import MAX_ATTEMPTS
from recordings.tasks import HANDLERS
from tests.making import (
    api,
    arrived,
    events,
    file,
    form,
    post,
    post_form,
    ready,
    staged,
    staged_file,
    started,
    stored,
    upload,
    webm,
)

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024


def test_the_largest_allowed_is_taken_and_one_byte_more_is_not(alice: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    padding = bytes(MIB - len(webm()))
    for data, status in ((webm() + padding, 200), (webm() + padding + b"x", 413)):
        recording = started(alice)
        answer = upload(api(alice), recording, data)
        assert answer.status_code == status
        assert staged() == []
    assert answer.json()["detail"] == "Recording too large (max 1 MB)"
    assert Recording.objects.get(pk=recording.pk).status == "recording"


def test_the_limit_holds_for_bytes_whatever_was_announced(settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    taken = intake.Intake(expected=10)
    taken.write(webm())
    with pytest.raises(intake.TooLarge):
        taken.write(bytes(MIB))
    taken.discard()
    assert staged() == []
    with pytest.raises(intake.TooLarge):
        intake.Intake(expected=MIB + 1)
    assert staged() == []


@pytest.mark.parametrize("size", [1, 255, 256 * 1024, 4 * MIB - 1, 4 * MIB, 5 * MIB + 3])
def test_length_and_hash_are_right_for_every_size(size: int) -> None:
    data = (webm() * (size // len(webm()) + 1))[:size]
    taken = intake.Intake(expected=size)
    step = 100_000
    for at in range(0, size, step):
        taken.write(data[at : at + step])
    if size < 100:  # too little to be a recording
        taken.discard()
        return
    there = taken.seal()
    taken.discard()
    assert (there.length, there.sha256) == (size, sha256(data).hexdigest())
    path = staged_file(there.upload_id)
    assert path.read_bytes() == bytes(there.room) + data
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("length", "room"),
    [(0, 4096), (1, 4096), (8 * MIB, 4096), (8 * MIB + 1, 8192), (MIB * 1024, 512 * 1024), (1 << 50, 512 * 1024)],
)
def test_room_is_whole_pages_in_proportion(length: int, room: int) -> None:
    assert staging.room_for(length) == room


def test_room_is_a_hole() -> None:
    upload_id, room = uuid4(), staging.room_for(1 << 30)
    staging.current().create(upload_id, room=room, expected=1 << 30)
    empty = staged_file(upload_id).stat()
    assert (empty.st_size, empty.st_blocks) == (512 * 1024, 0)


def test_the_copy_without_room_is_the_upload_and_can_be_made_again() -> None:
    there = arrived(webm())
    with staging.scratch_disk().scratch(there.upload_id) as copy:
        for _ in range(2):
            staging.copy_file(staged_file(there.upload_id), copy, skip=there.room)
            assert copy.read_bytes() == webm()
            assert copy.stat().st_mode & 0o777 == 0o600
    assert staged() == [staged_file(there.upload_id).name]


# --- full disks -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Staging on a file system that holds one recording and a half, and says that it holds more."""
    folder = settings.SORTIE_DATA / "staging"
    folder.mkdir()
    size = -(-len(webm()) * 3 // 2 // 4096) * 4096
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("A small file system can only be made by root.")
    monkeypatch.setattr(local, "need_space", lambda place, length, floor: None)
    yield
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_told_and_nothing_of_the_upload_stays(alice: User) -> None:
    client, recording = api(alice), started(alice)
    blocker = arrived(webm())
    answer = upload(client, recording)
    assert (answer.status_code, answer.json()["title"]) == (507, "Insufficient Storage")
    assert int(answer["Retry-After"]) > 0
    assert staged() == [f"{blocker.upload_id}.part"]
    assert Recording.objects.get().status == "recording"
    staging.current().remove(blocker.upload_id)
    assert upload(client, recording).json() == {"status": "ready"}


def test_uploads_stop_before_the_disk_is_full(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client, recording = api(alice), started(alice)
    begun = intake.Intake(expected=1 << 20)
    begun.write(webm())
    for floor in ("FREE_SPACE_FLOOR", "LAST_SPACE"):
        monkeypatch.setattr(local, floor, 1 << 60)
    # A disk that is large enough to spare so much.
    monkeypatch.setattr(local, "SMALL_DISK", 1)
    assert upload(client, recording).status_code == 507
    with pytest.raises(staging.DiskFull):
        begun.write(b"x")
    begun.discard()
    assert staged() == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("call", ["open", "ftruncate", "pwrite", "fdatasync", "fsync"])
def test_a_disk_may_be_full_at_any_step(
    alice: User, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    real = getattr(os, call)

    def full(*args: Any, **kwargs: Any) -> Any:
        if call == "open" and not str(args[0]).endswith(".part"):
            return real(*args, **kwargs)
        raise OSError(number, os.strerror(number))

    client, recording = api(alice), started(alice)
    descriptors = len(os.listdir("/dev/fd"))
    with monkeypatch.context() as broken:
        broken.setattr(os, call, full)
        answer = upload(client, recording)
    assert answer.status_code == 507, answer.content
    assert staged() == stored() == []
    assert len(os.listdir("/dev/fd")) <= descriptors
    assert upload(client, recording).json() == {"status": "ready"}


def test_a_disk_that_is_full_when_the_head_is_written_costs_time_only(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite

    def full(descriptor: int, data: bytes, position: int) -> int:
        if position < staging.room_for(len(webm())):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data, position)

    recording = started(alice)
    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", full)
        assert upload(api(alice), recording).json() == {"status": "uploading"}
        for _ in range(10):
            Job.objects.update(run_after=timezone.now())
            jobs.run_due(HANDLERS)
    [job] = Job.objects.all()
    assert (job.attempts, "disk is full" in job.error) == (0, True)
    Job.objects.update(run_after=timezone.now())
    jobs.run_due(HANDLERS)
    recording.refresh_from_db()
    assert recording.status == "ready"


@pytest.mark.parametrize("call", ["create", "appender"])
def test_staging_that_is_away_is_told_and_what_it_keeps_is_removed_later(
    alice: User, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise staging.StagingUnavailable("The object store does not answer.")

    client, recording = api(alice), started(alice)
    with monkeypatch.context() as broken:
        broken.setattr(LocalStaging, call, away)
        broken.setattr(LocalStaging, "remove", away)
        answer = upload(client, recording)
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
        assert silent.forget_abandoned(later(2)) == 0
    silent.forget_abandoned(later(2))
    assert staged() == []
    assert upload(client, recording).json() == {"status": "ready"}


# --- nobody comes back ----------------------------------------------------------------------------------------


def later(hours: float) -> datetime:
    return timezone.now() + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("prepare", "hours", "expected"),
    [
        ("started", 23.9, "recording"),
        ("started", 24.1, "failed"),
        ("stopped", 0.24, "uploading"),
        ("stopped", 0.26, "failed"),
        ("ready", 1000, "ready"),
        ("failed", 1000, "failed"),
    ],
)
def test_a_silent_capture_is_ended_when_its_time_is_over(
    alice: User, prepare: str, hours: float, expected: str
) -> None:
    recording = ready(alice) if prepare == "ready" else started(alice)
    if prepare == "stopped":
        start.stop(recording, Actor(alice))
    if prepare == "failed":
        recording.advance(Status.FAILED, error="before")
    before = len(events(recording))
    ended = silent.complete(later(hours))
    recording.refresh_from_db()
    assert recording.status == expected
    assert ended == (prepare in ("started", "stopped") and expected == "failed")
    assert len(events(recording)) == before + ended
    if ended:
        assert recording.error.startswith("Nothing arrived")
        assert AuditEvent.objects.get(action="fail").actor_name == ""
        assert silent.complete(later(hours)) == 0
        assert upload(api(alice), recording).json() == {"status": "ready"}


@pytest.mark.parametrize("way", ["form", "bare"])
def test_a_body_on_its_way_is_a_sign_of_life(alice: User, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(bodies, "PULSE", 0)
    recording, other = started(alice), started(alice)
    for one in (recording, other):
        start.stop(one, Actor(alice))
    Recording.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    address = f"/api/sessions/{recording.session_id}/recording/upload"
    if way == "form":
        post_form(api(alice), recording.session_id, form(file(webm())))
    else:
        post(api(alice), f"{address}?recording_id={other.pk}", webm(), "video/webm")
    assert silent.complete(later(0.2)) == 1
    statuses = [Recording.objects.get(pk=one.pk).status for one in (recording, other)]
    assert statuses == ["uploading", "failed"]


def test_a_recording_that_is_being_put_away_is_not_silent(alice: User) -> None:
    recording, there = started(alice), arrived(webm())
    simple._accept(recording, there, Actor(alice), simple.About("x"))
    assert silent.complete(later(1000)) == 0
    Job.objects.update(attempts=MAX_ATTEMPTS)
    assert silent.complete(later(1000)) == 1
    recording.refresh_from_db()
    assert (recording.status, recording.error) == ("failed", finish.GAVE_UP)
    assert staged() == [f"{there.upload_id}.part"]


def test_forgotten_bytes_are_removed_and_others_are_not(alice: User, settings: Settings) -> None:
    old, young, awaited, done = (arrived(webm()) for _ in range(4))
    foreign = settings.SORTIE_DATA / "staging" / "notes.txt"
    foreign.write_text("not ours")
    for path in foreign.parent.iterdir():
        os.utime(path, (0, 0))
    os.utime(staged_file(young.upload_id))
    for there, finished_at in ((awaited, None), (done, timezone.now())):
        recording = started(alice)
        Upload.objects.create(id=there.upload_id, recording=recording, room=there.room, finished_at=finished_at)
    assert silent.forget_abandoned(timezone.now()) == 2
    assert set(staged()) == {f"{young.upload_id}.part", f"{awaited.upload_id}.part", "notes.txt"}
    assert f"{old.upload_id}.part" not in staged()


def test_bytes_that_were_given_up_while_they_came_are_never_said_to_be_there() -> None:
    taken = intake.Intake(expected=len(webm()))
    taken.write(webm())
    [name] = staged()
    staging.current().remove(UUID(name.removesuffix(".part")))
    with pytest.raises(staging.Gone):
        taken.seal()
    taken.discard()
    assert staged() == []


def test_a_recording_deleted_while_its_bytes_come_stays_deleted(alice: User) -> None:
    recording, there = started(alice), arrived(webm())
    retention.delete(recording, Actor(alice))
    with pytest.raises(Recording.DoesNotExist):
        simple.complete(recording, there, Actor(alice))
    assert staged() == stored() == []
    assert not Job.objects.exists()


def test_putting_away_what_is_gone_does_nothing(alice: User) -> None:
    job = Job.objects.create(kind=JobKind.FINISH, recording=started(alice))
    finish.put_away(job)
    assert Recording.objects.get().status == "recording"
