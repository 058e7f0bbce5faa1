"""Upload of a whole recording in one request: take the body in, then finish it while the client waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from recordings import jobs
from recordings.audit import Actor
from recordings.ingest import finish, kinds, staging, start
from recordings.ingest.intake import Arrived
from recordings.ingest.start import UPLOAD_LEASE
from recordings.models import Job, JobKind, Kind, Recording, Status, Upload
from recordings.titles import clean_title


@dataclass(frozen=True)
class About:
    """What a client says of the bytes it sends; `sidecar` as `sidecars.parsed` gives it."""

    filename: str = ""
    title: str = ""
    sidecar: Mapping[str, Any] = field(default_factory=dict)


def receive(arrived: Arrived, by: Actor, about: About) -> Recording:
    """Make a terminal recording of `arrived` for the user who sends it. Returns and raises what `complete` does."""
    assert by.user is not None
    try:
        recording = start.receive(by.user, by, kind=Kind.TERMINAL, title=about.title, filename=about.filename)
    except BaseException:
        staging.drop(arrived.upload_id)
        raise
    return complete(recording, arrived, by, about)


def complete(recording: Recording, arrived: Arrived, by: Actor, about: About | None = None) -> Recording:
    """Make `arrived` the recording's bytes and put them away.

    The recording comes back `ready`, or still `uploading` when that takes longer than a client should wait, or the
    store is away: then the bytes are ours and it becomes ready by itself. One that was ready before stays as it is
    and the new bytes are dropped.

    Raises:
        MediaError: the bytes are no recording that can be kept; they are dropped and the recording has failed.
        Recording.DoesNotExist: it was deleted while its bytes were on their way; they are dropped.
    """
    try:
        job = _accept(recording, arrived, by, about or About())
    except Recording.DoesNotExist:
        staging.drop(arrived.upload_id)
        raise
    if job is None:
        staging.drop(arrived.upload_id)
        return recording
    if kinds.is_quick(Kind(recording.kind), arrived.length):
        finish.while_waiting(job)
    recording.refresh_from_db()
    return recording


def _accept(recording: Recording, arrived: Arrived, by: Actor, about: About) -> Job | None:
    """Take responsibility for the bytes: from here on they are put away even if this process dies.

    None if the recording has its bytes already: it is ready, or an earlier upload is being put away.
    """
    with transaction.atomic():
        locked = Recording.objects.select_for_update().get(pk=recording.pk, deleted_at=None)
        recording.status = locked.status
        if locked.status == Status.READY or (
            locked.status == Status.UPLOADING and locked.uploads.sealed().exists()
        ):
            return None
        if locked.status != Status.UPLOADING:
            locked.advance(Status.UPLOADING, error="", incomplete=False)
        locked.extend_lease(timezone.now() + UPLOAD_LEASE)
        _forget_earlier(locked)
        Upload.objects.create(
            id=arrived.upload_id,
            recording=locked,
            name=clean_title(about.filename, longest=255),
            sidecar=dict(about.sidecar),
            room=arrived.room,
            length=arrived.length,
            sha256=arrived.sha256,
            sealed_at=timezone.now(),
            sender=by.user,
            address=by.address,
        )
        return jobs.enqueue(JobKind.FINISH, locked, held=kinds.is_quick(Kind(locked.kind), arrived.length))


def _forget_earlier(recording: Recording) -> None:
    """Drop the bytes of a failed attempt: better ones have arrived."""
    failed = recording.uploads.sealed()
    for upload_id in failed.values_list("pk", flat=True):
        transaction.on_commit(partial(staging.drop, upload_id))
    failed.delete()
    recording.jobs.all().delete()
