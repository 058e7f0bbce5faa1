"""Putting an upload away: bring it into the form it is kept in, store it, verify it, then call the recording ready.

Bytes first, row second, message last. Every step can be run again after a crash anywhere: what an edit will
overwrite is saved in the upload's row before the file is touched, and so is the key it will be stored under.

An upload that is sealed has all its bytes and is edited where it lies. One that is not has gone silent: what has
arrived is put away as a copy, marked incomplete, and the upload waits for the rest; when that comes the whole
takes the place of the part.
"""

import hashlib
import logging
import os
from contextlib import ExitStack, suppress
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from recordings import audit, enrich, jobs, meters
from recordings.audit import SORTIE, Actor
from recordings.ingest import kinds, staging, video
from recordings.ingest.plans import Made, Plan
from recordings.ingest.staging import Whole
from recordings.media.errors import MediaError, TookTooLong
from recordings.models import Action, Job, JobKind, Recording, Status, Upload, WrongStatusError
from recordings.storage import StorageUnavailable, current_store, new_key, store_for

logger = logging.getLogger(__name__)

KEPT = "Its bytes are kept: an admin can run this step again."
GAVE_UP = f"Sortie could not put the recording away. {KEPT}"
ENDED = f"Sortie ended again and again while it put the recording away, perhaps for want of memory. {KEPT}"
SILENT = "The recorder went silent before {at:%H:%M:%S} UTC and had not sent everything."
BLOCK = 1024 * 1024
ASKED_ABOUT_FOR = timedelta(days=1)


class BytesMissing(Exception):
    """Less is staged than was acknowledged."""


class NothingToRetry(Exception):
    """No bytes of the recording are kept, or it has not failed."""


def run(job: Job) -> None:
    """The worker's way: what the upload itself is to blame for ends on the recording, not on the job.

    Its bytes stay, for somebody was told that they are safe here.
    """
    try:
        put_away(job)
    except MediaError as error:
        _keep(job, error)


def while_waiting(job: Job) -> None:
    """The web's way: do a held job while its client waits. What is not the upload's fault is done later.

    Raises:
        MediaError: the bytes are no recording that can be kept; the recording has failed.
    """
    refused: list[MediaError] = []

    def handler(job: Job) -> None:
        try:
            put_away(job, at_once=True)
        except TookTooLong as fault:
            raise jobs.PassingFault("It takes longer than a client should wait.") from fault
        except MediaError as error:
            refused.append(error)
            refuse(job, error)

    jobs.run(job, jobs.Handler(handler, give_up))
    if refused:
        raise refused[0]


def put_away(job: Job, *, at_once: bool = False) -> None:
    """Make what has arrived of the recording its stored object, and the recording ready. Doing it again is fine.

    at_once: a client waits for it.

    Raises:
        MediaError: the bytes are no recording that can be kept.
        TookTooLong: that could not be found out in time.
        jobs.PassingFault: the store, the disk or the staged bytes cannot be had now.
    """
    upload = _upload_of(job)
    if upload is None:
        return
    upload_id, sealed = upload.pk, upload.sealed_at is not None
    try:
        if _is_needed(upload):
            # Writing the head takes disk space too: the room for it is a hole.
            with (
                staging.current().whole(upload_id, room=upload.room, final=sealed) as whole,
                staging.full_disk_told(),
            ):
                _put_away(upload, whole, at_once=at_once)
        else:
            _settle(upload)
    except (StorageUnavailable, staging.Busy, staging.DiskFull, staging.StagingUnavailable) as fault:
        raise jobs.PassingFault(str(fault)) from fault
    if sealed:
        staging.drop(upload_id)


def give_up(job: Job, error: Exception) -> None:
    """It was tried as often as it may: the recording has failed and says so, unless a part of it is ready."""
    if _upload_of(job) is None:
        return
    if isinstance(error, jobs.HoldersDied):
        reason, cause = ENDED, "process ended"
    elif isinstance(error, TookTooLong):
        reason, cause = f"{error} {KEPT}", "took too long"
    else:
        reason, cause = GAVE_UP, "given up"
    with suppress(WrongStatusError):
        _fail(job.recording, reason, cause)


def _keep(job: Job, error: MediaError) -> None:
    """What has arrived is no recording: it has failed, and the bytes wait for somebody, or for more of them.

    Where a part of it is ready already that stays, and bytes which should have been the whole end on the job.
    """
    upload = _upload_of(job)
    with transaction.atomic():
        if upload and upload.sealed_at is None:
            _settle(upload)
        if Recording.objects.filter(pk=job.recording_id, status=Status.READY).exists():
            if upload and upload.sealed_at is not None:
                raise error
            return
        _fail(job.recording, str(error), error)


def refuse(job: Job, error: MediaError) -> None:
    """The uploaded bytes are of no use: the recording has failed and waits for better ones, or for more.

    What is whole and unusable is dropped; what is not whole may become usable with the rest. A recording that is
    ready already, with a part of it, keeps that.
    """
    upload = _upload_of(job)
    with transaction.atomic():
        if upload and upload.sealed_at is not None:
            Upload.objects.filter(pk=upload.pk).delete()
        elif upload:
            _settle(upload)
        # Another whole upload of it still waits to be put away, and may be a better one.
        if not job.recording.uploads.sealed().exists():
            with suppress(WrongStatusError):
                _fail(job.recording, str(error), error)
    if upload and upload.sealed_at is not None:
        staging.drop(upload.pk)


def retry(recording: Recording, by: Actor) -> None:
    """Try again to put away the kept bytes of a failed recording.

    Raises:
        NothingToRetry: there are none.
    """
    with transaction.atomic():
        if not recording.uploads.filter(finished_at=None).exists():
            raise NothingToRetry("No bytes of this recording are kept; it can only be recorded again.")
        try:
            recording.advance(Status.UPLOADING, error="")
        except WrongStatusError as error:
            raise NothingToRetry("Only a recording that has failed can be run again.") from error
        recording.jobs.all().delete()
        jobs.enqueue(JobKind.FINISH, recording)
        audit.record(Action.UPLOAD, by, recording=recording, retried=True)


def _upload_of(job: Job) -> Upload | None:
    """The sealed upload if there is one, of several the last, else the longest that may still grow."""
    uploads = Upload.objects.select_related("recording", "sender").filter(recording_id=job.recording_id)
    growing = uploads.growing().order_by("-created_at")
    return uploads.sealed().order_by("-sealed_at").first() or max(growing, key=arrived, default=None)


def arrived(upload: Upload) -> int:
    """Bytes of a growing upload that are safe."""
    try:
        return staging.current().offset(upload.pk, room=upload.room)
    except staging.Gone:
        return 0


def _is_needed(upload: Upload) -> bool:
    """Whether the recording lacks bytes that this may have; another upload may have brought more."""
    recording = upload.recording
    if recording.status != Status.READY:
        return True
    return recording.incomplete and (upload.length is None or upload.length >= (recording.size_bytes or 0))


def _put_away(upload: Upload, whole: Whole, *, at_once: bool) -> None:
    if whole.final and upload.original_head:
        video.undo(upload, whole)
    length = _exactly(upload.length, whole)
    sha256 = upload.sha256 or _digest(whole)
    plan = kinds.plan(upload, whole, at_once=at_once)
    _remember(upload, plan, final=whole.final)
    with ExitStack() as scratch:
        made = plan.carry_out(upload.pk, scratch)
        store = store_for(upload.storage_backend)
        store.put(upload.storage_key, made.path, content_type=upload.recording.stored_type)
        _become_ready(upload, made, length=length, sha256=sha256)


def _exactly(announced: int | None, whole: Whole) -> int:
    """The length of an upload, which is what its client has announced: a byte behind that is none of it."""
    there = os.fstat(whole.file.fileno()).st_size - whole.room
    if announced is None or there == announced:
        return there
    if there < announced:
        raise BytesMissing(f"{announced - there} of {announced} staged bytes are missing.")
    os.ftruncate(whole.file.fileno(), whole.room + announced)
    return announced


def _digest(whole: Whole) -> str:
    digest = hashlib.sha256()
    position = whole.room
    while block := os.pread(whole.file.fileno(), BLOCK, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()


def _remember(upload: Upload, plan: Plan, *, final: bool) -> None:
    """Write down what is about to be done: how to undo it where the only copy is edited, and the object's key."""
    undoing = plan.undoing if final else {}
    for field, value in undoing.items():
        setattr(upload, field, value)
    before = (upload.storage_backend, upload.storage_key)
    if not upload.storage_key or not final:
        # The copy may have more bytes than the one that an earlier run has put under its key.
        upload.storage_backend = current_store().name
        upload.storage_key = new_key(upload.recording_id, upload.recording.stored_extension)
    upload.save(update_fields=[*undoing, "storage_backend", "storage_key"])
    if before[1] and before[1] != upload.storage_key:
        _drop(*before)


def _become_ready(upload: Upload, made: Made, *, length: int, sha256: str) -> None:
    recording = upload.recording
    notes = list(made.notes)
    if upload.sealed_at is None:
        now = timezone.now()
        notes.insert(0, SILENT.format(at=min(upload.lease_until or now, now)))
    facts = {
        "completed_at": recording.completed_at or timezone.now(),
        "lease_until": None,
        "incomplete": bool(notes),
        "error": " ".join(notes)[:500],
        "upload_name": upload.name,
        "size_bytes": length,
        "sha256": sha256,
        "storage_backend": upload.storage_backend,
        "storage_key": upload.storage_key,
        "stored_size": store_for(upload.storage_backend).size(upload.storage_key),
        **made.facts,
    }
    before = (recording.storage_backend, recording.storage_key)
    with transaction.atomic():
        if not Upload.objects.select_for_update().filter(pk=upload.pk, storage_key=upload.storage_key).exists():
            raise jobs.PassingFault("Another process has begun to put this upload away.")
        if recording.status == Status.READY:
            recording.complete_later(**facts)
        else:
            recording.advance(Status.READY, **facts)
        made.describe(recording)
        _settle(upload)
        enrich.order(recording)
        audit.record(
            Action.UPLOAD,
            Actor(upload.sender, upload.address),
            recording=recording,
            size_bytes=length,
            sha256=sha256,
            incomplete=bool(notes),
            **made.said,
        )
    if before[1] and before[1] != upload.storage_key:
        _drop(*before)


def _drop(backend: str, key: str) -> None:
    """Remove an object that was given up for another, unless a process thought dead has made it the recording's."""
    if Recording.objects.filter(storage_backend=backend, storage_key=key).exists():
        return
    try:
        store_for(backend).delete([key])
    except StorageUnavailable as error:
        logger.warning("A replaced object stays until storage is reconciled: %s", error)


def _settle(upload: Upload) -> None:
    """A sealed upload has done its work and stays to be asked about; another waits for the rest of its bytes."""
    now = timezone.now()
    this = Upload.objects.filter(pk=upload.pk)
    if upload.sealed_at is not None:
        this.update(finished_at=now, expires_at=now + ASKED_ABOUT_FOR, reserved=0)
    else:
        this.update(storage_key="", storage_backend="")
        upload.recording.uploads.growing().filter(lease_until__lte=now).update(lease_until=None)


def _fail(recording: Recording, reason: str, cause: str | Exception) -> None:
    with transaction.atomic():
        recording.advance(Status.FAILED, error=reason[:500], lease_until=None)
        audit.record(Action.FAIL, SORTIE, recording=recording, reason=reason[:500])
    meters.failed(cause)
