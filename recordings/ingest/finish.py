"""Putting an upload away: make it seekable in place, store it, verify it, and only then call it ready.

Bytes first, row second, message last. Every step can be run again after a crash anywhere: what an edit will
overwrite is saved in the upload's row before the file is touched, and so is the key it will be stored under.
"""

from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from recordings import audit, jobs
from recordings.audit import SORTIE, Actor
from recordings.ingest import staging
from recordings.media import edit, webm
from recordings.media.errors import WebmError
from recordings.models import Action, Job, JobKind, Recording, Status, Upload, WrongStatusError
from recordings.storage import StorageUnavailable, current_store, new_key, store_for

GAVE_UP = "Sortie could not put the recording away. Its bytes are kept: an admin can run this step again."


class NothingToRetry(Exception):
    """No bytes of the recording are kept, or it has not failed."""


def run(job: Job) -> None:
    """The worker's way: what the upload itself is to blame for ends on the recording, not on the job.

    Its bytes stay, for somebody was told that they are safe here.
    """
    try:
        put_away(job)
    except WebmError as error:
        _fail(job.recording, str(error))


def put_away(job: Job) -> None:
    """Make the recording's sealed upload its stored object, and the recording ready. Doing it again is fine.

    Raises:
        WebmError: the bytes are no recording that can be kept.
        jobs.PassingFault: the store, the disk or the staged file cannot be had now.
    """
    upload = Upload.objects.select_related("recording", "sender").filter(recording_id=job.recording_id).first()
    if upload is None:
        return
    staged_id = upload.pk
    try:
        # Writing the head takes disk space too: the room for it is a hole.
        with staging.sealed(staged_id) as file, staging.full_disk_told():
            scan = _make_seekable(file, upload)
            _store(upload, scan)
            _become_ready(upload, scan)
            staging.remove(staged_id)
    except (StorageUnavailable, staging.Busy, staging.DiskFull) as fault:
        raise jobs.PassingFault(str(fault)) from fault
    except WebmError:
        raise
    except Exception:
        if jobs.exhausted(job):
            _fail(upload.recording, GAVE_UP)
        raise


def refuse(job: Job, error: WebmError) -> None:
    """Drop bytes that are of no use, while their sender waits: the recording has failed, better ones may come."""
    uploads = list(Upload.objects.filter(recording_id=job.recording_id).values_list("pk", flat=True))
    with transaction.atomic():
        Upload.objects.filter(pk__in=uploads).delete()
        _fail(job.recording, str(error))
    for upload_id in uploads:
        staging.remove(upload_id)


def retry(recording: Recording, by: Actor) -> None:
    """Try again to put away the kept bytes of a failed recording.

    Raises:
        NothingToRetry: there are none.
    """
    with transaction.atomic():
        if not recording.uploads.exists():
            raise NothingToRetry("No bytes of this recording are kept; it can only be recorded again.")
        try:
            recording.advance(Status.UPLOADING, error="")
        except WrongStatusError as error:
            raise NothingToRetry("Only a recording that has failed can be run again.") from error
        recording.jobs.all().delete()
        jobs.enqueue(JobKind.FINISH, recording)
        audit.record(Action.UPLOAD, by, recording=recording, retried=True)


def _make_seekable(file: BinaryIO, upload: Upload) -> webm.Scan:
    """Scan the uploaded bytes and edit them in place, from whatever state a crash left them in."""
    if upload.original_head:
        edit.restore(
            file,
            start=upload.room,
            original_head=bytes(upload.original_head),
            cut=_offset(upload.cut),
            tail_saved=bytes(upload.tail_saved),
        )
    scan = webm.scan(file, start=upload.room)
    planned = edit.plan_edit(file, scan)
    if planned:
        upload.original_head = planned.original_head
        upload.body_start = planned.body_start
        upload.cut = planned.cut
        upload.tail_saved = planned.tail_saved
    if not upload.storage_key:
        upload.storage_backend = current_store().name
        upload.storage_key = new_key(upload.recording_id, upload.recording.extension)
    upload.save(
        update_fields=["original_head", "body_start", "cut", "tail_saved", "storage_backend", "storage_key"]
    )
    if planned:
        edit.apply(file, planned)
        staging.sync(file)
    return scan


def _offset(cut: int | None) -> int:
    if cut is None:
        raise ValueError("an upload with a saved head has a cut")
    return cut


def _store(upload: Upload, scan: webm.Scan) -> None:
    path = staging.copy_without_room(upload.pk, upload.room) if scan.seekable else staging.path_of(upload.pk)
    store = store_for(upload.storage_backend)
    store.put(upload.storage_key, Path(path), content_type=upload.recording.content_type)


def _become_ready(upload: Upload, scan: webm.Scan) -> None:
    recording = upload.recording
    with transaction.atomic():
        recording.advance(
            Status.READY,
            completed_at=timezone.now(),
            lease_until=None,
            incomplete=bool(scan.notes),
            error=" ".join(scan.notes)[:500],
            upload_name=upload.name,
            size_bytes=upload.length,
            sha256=upload.sha256,
            duration_ms=scan.duration_ms,
            width=scan.width or None,
            height=scan.height or None,
            codecs=", ".join(scan.codecs),
            storage_backend=upload.storage_backend,
            storage_key=upload.storage_key,
            stored_size=store_for(upload.storage_backend).size(upload.storage_key),
            original_head=upload.original_head,
            body_start=upload.body_start,
            cut=upload.cut,
            tail_saved=upload.tail_saved,
        )
        upload.delete()
        sender = Actor(upload.sender, upload.address)
        audit.record(Action.UPLOAD, sender, recording=recording, size_bytes=upload.length, sha256=upload.sha256)


def _fail(recording: Recording, reason: str) -> None:
    with transaction.atomic():
        recording.advance(Status.FAILED, error=reason[:500], lease_until=None)
        audit.record(Action.FAIL, SORTIE, recording=recording, reason=reason[:500])
