"""Films of terminal recordings: asked for, made in the background with progress, given out, and removed in time.

They show what was shown: nothing that was typed is in them unless the terminal echoed it.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from shutil import copyfileobj
from typing import BinaryIO

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from recordings import audit, jobs, playback, sandbox
from recordings.audit import Actor
from recordings.ingest import staging
from recordings.media.terminal.encoding import TYPES
from recordings.models import Action, Export, ExportStatus, FilmForm, Job, JobKind, Kind, Recording, Status
from recordings.storage import ObjectMissing, StorageError, StorageUnavailable, current_store, new_key, store_for

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST_WAITING = 10  # of one user
WALL_CLOCK_SECONDS = 1800
FRAMES_A_SECOND = 10
IDLE_SHOWN = 2_000_000  # microseconds of a stretch in which nothing happens
NOT_MADE = "The film could not be made of this recording."
GONE = "The recording's bytes are missing from storage."
GAVE_UP = "Sortie could not make the film, and has given up."

# A film takes a core for minutes, and there are uploads to be put away: each process makes one at a time.
_studio = threading.Lock()


class NotNow(Exception):
    """There is nothing to make a film of: the recording is no terminal's, or not ready."""


class TooMany(Exception):
    """Its user has as many films waiting to be made as one may have."""

    def __init__(self) -> None:
        super().__init__(f"{MOST_WAITING} of your exports are being made; wait for one of them to end.")


class Unwanted(Exception):
    """The film was taken back while it was made."""


def order(recording: Recording, by: Actor, *, form: FilmForm, skip_idle: bool) -> Export:
    """The film of a recording in this form: the one there is, or a new one that a worker makes.

    Raises:
        NotNow, TooMany.
    """
    if recording.kind != Kind.TERMINAL:
        raise NotNow("Only terminal recordings are exported as films; this is one already.")
    if recording.status != Status.READY:
        raise NotNow("Recording not ready")
    with transaction.atomic():
        Recording.objects.select_for_update(of=("self",)).get(pk=recording.pk)
        there = recording.exports.filter(form=form, skip_idle=skip_idle).first()
        if there is not None and _is_current(there, recording):
            return there
        waiting = Export.objects.filter(author=by.user, status=ExportStatus.MAKING)
        if waiting.count() >= MOST_WAITING:
            raise TooMany
        if there is None:
            there = Export(recording=recording, form=form, skip_idle=skip_idle)
        there.author, there.created_at, there.expires_at = by.user, timezone.now(), None
        there.status, there.progress, there.error, there.size = ExportStatus.MAKING, 0, "", None
        there.save()
        jobs.enqueue(JobKind.EXPORT, recording)
        audit.record(Action.EXPORT, by, recording=recording, format=form.value, skip_idle=skip_idle)
    return there


def withdraw(export: Export, by: Actor) -> None:
    """Remove a film, or stop making it. Raises StorageUnavailable: it is still there."""
    if export.storage_key:
        store_for(export.storage_backend).delete([export.storage_key])
    with transaction.atomic():
        Export.objects.filter(pk=export.pk).delete()
        audit.record(
            Action.EXPORT,
            by,
            recording=export.recording,
            format=export.form,
            skip_idle=export.skip_idle,
            removed=True,
        )


def run(job: Job) -> None:
    """Make all films of a recording that wait to be made, the oldest first.

    Raises:
        jobs.PassingFault: another film is being made, the store is away, or the disk is full.
    """
    if not _studio.acquire(blocking=False):
        raise jobs.PassingFault("Another film is being made.")
    try:
        _make_all(job)
    finally:
        _studio.release()


def _make_all(job: Job) -> None:
    waiting = Export.objects.filter(recording_id=job.recording_id, status=ExportStatus.MAKING)
    while (export := waiting.select_related("recording").order_by("created_at").first()) is not None:
        try:
            _make(export)
        except Unwanted:
            logger.info("Export %s was taken back while it was made.", export.pk)
        except sandbox.NothingMade as error:
            logger.warning("Export %s cannot be made: %s", export.pk, error)
            _fail(export, NOT_MADE)
        except ObjectMissing:
            _fail(export, GONE)
        except (StorageUnavailable, staging.DiskFull) as fault:
            raise jobs.PassingFault(str(fault)) from fault


def give_up(job: Job, error: Exception) -> None:
    """It was tried as often as it may be."""
    for export in Export.objects.filter(recording_id=job.recording_id, status=ExportStatus.MAKING):
        _fail(export, GAVE_UP)


def resume() -> None:
    """Have films made that no job is there for: one may end just when another film is asked for."""
    waiting = Export.objects.filter(status=ExportStatus.MAKING).exclude(recording__jobs__kind=JobKind.EXPORT)
    for recording in Recording.objects.filter(pk__in=waiting.values("recording")):
        jobs.enqueue(JobKind.EXPORT, recording)


def expire(now: datetime) -> int:
    """Remove what was kept long enough; how many. What the store does not delete stays for the next time."""
    count = 0
    for export in Export.objects.filter(expires_at__lte=now):
        try:
            if export.storage_key:
                store_for(export.storage_backend).delete([export.storage_key])
        except StorageError as error:
            logger.warning("Export %s stays until storage lets it go: %s", export.pk, error)
            continue
        count += Export.objects.filter(pk=export.pk, expires_at__lte=now).delete()[0]
    return count


def download(request: HttpRequest, export: Export, by: Actor) -> HttpResponseBase:
    """The film as a file to keep. Raises what `playback.media_response` does."""
    response = playback.media_response(request, _Film.of(export), attachment=True)
    if request.method == "GET" and response.status_code in (200, 206, 302):
        from_start = response.status_code != 206 or response.headers["Content-Range"].startswith("bytes 0-")
        audit.record_access(Action.DOWNLOAD, by, export.recording, from_start=from_start, format=export.form)
    return response


def _is_current(export: Export, recording: Recording) -> bool:
    if export.status == ExportStatus.READY:
        return export.made_of == recording.storage_key
    return export.status == ExportStatus.MAKING


def _make(export: Export) -> None:
    recording = export.recording
    arguments = (
        export.form,
        recording.terminal.played_size,
        IDLE_SHOWN if export.skip_idle else 0,
        FRAMES_A_SECOND,
    )
    told = 0

    def progress(share: float) -> None:
        nonlocal told
        told = max(told, min(99, int(share * 100)))
        if not Export.objects.filter(pk=export.pk).update(progress=told):
            raise Unwanted

    with (
        store_for(recording.storage_backend).as_file(recording.storage_key) as source,
        sandbox.made_by("film", *arguments, source=source, seconds=WALL_CLOCK_SECONDS, progress=progress) as film,
    ):
        _keep(export, film)


def _keep(export: Export, film: BinaryIO) -> None:
    """Store the film under a key that the row knows before there is an object of it, then call it ready."""
    if export.storage_key:
        store_for(export.storage_backend).delete([export.storage_key])
    store, key = current_store(), new_key(export.recording_id, export.form)
    this = Export.objects.filter(pk=export.pk)
    if not this.update(storage_backend=store.name, storage_key=key):
        raise Unwanted
    with staging.scratch_disk().scratch(export.pk) as path:
        with staging.filling(path) as sink:
            copyfileobj(film, sink)
            size = sink.tell()
        store.put(key, path, content_type=TYPES[export.form])
    made = this.update(
        status=ExportStatus.READY,
        progress=100,
        size=size,
        made_of=export.recording.storage_key,
        expires_at=timezone.now() + KEPT,
    )
    if not made:
        store.delete([key])
        raise Unwanted


def _fail(export: Export, reason: str) -> None:
    expires_at = timezone.now() + KEPT
    Export.objects.filter(pk=export.pk).update(status=ExportStatus.FAILED, error=reason, expires_at=expires_at)


@dataclass(frozen=True)
class _Film:
    """A film as playback serves stored objects: nothing was made of its bytes that would have to be undone."""

    storage_backend: str
    storage_key: str
    size_bytes: int
    stored_size: int
    filename: str
    content_type: str
    completed_at: datetime | None
    sha256: str = "film"
    original_head: bytes = b""
    body_start: int = 0
    cut: int | None = None
    tail_saved: bytes = b""

    @classmethod
    def of(cls, export: Export) -> "_Film":
        size = export.size or 0
        name = f"{export.recording.name}.{export.form}"
        made_at = export.expires_at - KEPT if export.expires_at else None
        return cls(export.storage_backend, export.storage_key, size, size, name, TYPES[export.form], made_at)
