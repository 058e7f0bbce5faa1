"""Captures whose client went silent, and staged bytes nobody came back for."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from recordings import audit, jobs, meters
from recordings.audit import SORTIE
from recordings.ingest import finish, resumable, staging, start
from recordings.models import Action, JobKind, Recording, Status, Upload, WrongStatusError
from recordings.models.session import SessionKind
from recordings.storage import StorageUnavailable, current_store

logger = logging.getLogger(__name__)

NOTHING_CAME = "Nothing arrived: the recorder sent no bytes before {at:%H:%M} UTC on {at:%Y-%m-%d}."
QUIET_FOR = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(hours=1)
HALF_STORED_AFTER = timedelta(days=1)
BATCH = 100


def complete(now: datetime) -> int:
    """End what has been silent for too long: bytes that arrived are put away, a recording without any fails.

    How many were looked after. What is complete, or being put away, is never touched.
    """
    uploads = Upload.objects.silent(now).select_related("recording").order_by("lease_until")[:BATCH]
    recordings = {upload.recording_id: upload.recording for upload in uploads}
    ended = sum(_end(recording, now) for recording in recordings.values())
    ended += _complete_unsaid(now)
    for upload in Upload.objects.overlooked().select_related("recording")[:BATCH]:
        jobs.enqueue(JobKind.FINISH, upload.recording)
        ended += 1
    for recording in Recording.objects.silent(now).order_by("lease_until")[:BATCH]:
        ended += _fail(recording, recording.lease_until or recording.created_at)
    return ended


def _complete_unsaid(now: datetime) -> int:
    """Complete uploads whose last byte came to a process that died before it could say so.

    Only those that have just become quiet are looked at; later the end of the lease comes to the same.
    """
    completed = 0
    for live in (True, False):
        heard_of = now + resumable.grace(live=live) - QUIET_FOR
        quiet = Upload.objects.quiet(live=live, since=heard_of - QUIET_FOR, until=heard_of)
        with suppress(staging.StagingUnavailable):
            completed += sum(_is_all_there(upload) for upload in quiet[:BATCH])
    return completed


def _is_all_there(upload: Upload) -> bool:
    if upload.announced is None or finish.arrived(upload) < upload.announced:
        return False
    with suppress(resumable.NoSuchUpload):
        resumable.seal(upload.pk, upload.recording_id, upload.announced)
    return True


def _end(recording: Recording, now: datetime) -> bool:
    """Put away what has arrived of a recording, unless its client goes on with another upload."""
    growing = list(recording.uploads.growing())
    if any(upload.lease_until and upload.lease_until > now for upload in growing):
        return False
    try:
        if any(_is_all_there(upload) for upload in growing):
            return True
        arrived = {upload.pk: finish.arrived(upload) for upload in growing}
    except staging.StagingUnavailable as error:
        logger.warning("Silent recording %s has to wait: %s", recording.pk, error)
        return False
    for pk, length in arrived.items():
        Upload.objects.filter(pk=pk).update(reserved=length)
    return _put_away_part(recording, max(arrived.values()), now)


def _put_away_part(recording: Recording, arrived: int, now: datetime) -> bool:
    given_up = recording.uploads.growing().filter(lease_until__lte=now)
    if not arrived:
        given_up.update(lease_until=None)
        return _fail(recording, now)
    if recording.status == Status.READY and arrived <= (recording.size_bytes or 0):
        given_up.update(lease_until=None)
        return False
    with transaction.atomic():
        if recording.status in (Status.RECORDING, Status.FAILED):
            recording.advance(Status.UPLOADING, error="")
        jobs.enqueue(JobKind.FINISH, recording)
        _end_session_of_page(recording)
    return True


def _end_session_of_page(recording: Recording) -> None:
    """The record page opens a session for each recording; when the page is gone, nobody else ends it."""
    session = recording.session
    if session.kind == SessionKind.SCREEN and not session.recordings.filter(status=Status.RECORDING).exists():
        start.close_session(session, SORTIE)


def _fail(recording: Recording, last_heard: datetime) -> bool:
    kept = recording.uploads.sealed().exists()
    error = finish.GAVE_UP if kept else NOTHING_CAME.format(at=last_heard)
    with transaction.atomic():
        try:
            recording.advance(Status.FAILED, error=error, lease_until=None)
        except WrongStatusError:
            return False
        audit.record(Action.FAIL, SORTIE, recording=recording, reason=error)
        _end_session_of_page(recording)
    meters.failed("given up" if kept else "nothing came")
    return True


def forget_expired(now: datetime) -> int:
    """Give up uploads that can no longer be resumed, or asked about; what was put away of them stays. How many."""
    forgotten = 0
    while expired := list(Upload.objects.expired(now).values_list("pk", flat=True)[:BATCH]):
        gone = sum(_forget(upload_id, now) for upload_id in expired)
        forgotten += gone
        if not gone:
            break
    return forgotten


def _forget(upload_id: UUID, now: datetime) -> bool:
    # Asked once more: its client may just have come back.
    if not Upload.objects.expired(now).filter(pk=upload_id).delete()[0]:
        return False
    staging.drop(upload_id)
    return True


def forget_abandoned(now: datetime) -> int:
    """Remove staged bytes that are put away, or belong to no upload, and that nobody adds to; how many uploads'."""
    removed = 0
    try:
        for upload_id in staging.current().abandoned(now - FORGOTTEN_AFTER):
            if not Upload.objects.filter(pk=upload_id, finished_at=None).exists():
                removed += staging.drop(upload_id)
    except staging.StagingUnavailable as error:
        logger.warning("Staging could not be looked through, the next hour will try again: %s", error)
    return removed


def forget_half_stored(now: datetime) -> int:
    """Remove what interrupted puts have left in the store, invisible but paid for; how many."""
    try:
        return current_store().sweep(before=now - HALF_STORED_AFTER)
    except StorageUnavailable as error:
        logger.warning("The store could not be cleaned up, the next hour will try again: %s", error)
        return 0
