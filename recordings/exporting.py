"""Terminal recordings in other forms: asked for, made in the background with progress, given out, removed in time.

A film shows what was shown: nothing that was typed is in it unless the terminal echoed it. A cast of another
version has what is stored, from which what policy does not keep is gone already.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from recordings import audit, jobs, playback, sandbox, watching
from recordings.audit import Actor
from recordings.casts import CAST_TYPE
from recordings.ingest import staging
from recordings.media.asciicast import Cast, version_2, version_3
from recordings.media.errors import MediaError
from recordings.media.limits import CastLimits
from recordings.media.terminal.encoding import TYPES
from recordings.models import Action, Export, ExportForm, ExportStatus, Job, JobKind, Kind, Recording, Status
from recordings.storage import (
    BLOCK,
    ObjectMissing,
    StorageError,
    StorageUnavailable,
    current_store,
    new_key,
    store_for,
)

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)
MOST_WAITING = 10  # of one user
WALL_CLOCK_SECONDS = 7200  # of a machine that has much else to do
CONVERTING_SECONDS = 600  # of processor time
FRAMES_A_SECOND = 10
IDLE_SHOWN = 2_000_000  # microseconds of a stretch in which nothing happens
NOT_MADE = "It could not be made of this recording."
GONE = "The recording's bytes are missing from storage."
GAVE_UP = "Sortie could not make it, and has given up."

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


def order(recording: Recording, by: Actor, *, form: ExportForm, skip_idle: bool) -> Export:
    """The film of a recording in this form: the one there is, or a new one that a worker makes.

    Raises:
        NotNow, TooMany.
    """
    if recording.kind != Kind.TERMINAL:
        raise NotNow("Only terminal recordings are exported; this is a video already.")
    skip_idle = skip_idle and form.is_film
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


def of(recording: Recording, form: ExportForm, *, skip_idle: bool) -> Export | None:
    """What was made of a recording as it is now, is being made, or could not be; None if nobody asked for it."""
    there = recording.exports.filter(form=form, skip_idle=skip_idle and form.is_film).first()
    stale = there is not None and there.status == ExportStatus.READY and not _is_current(there, recording)
    return None if stale else there


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
        except (sandbox.NothingMade, MediaError) as error:
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
    response = playback.media_response(request, _File.of(export), attachment=True)
    if request.method == "GET" and response.status_code in (200, 206, 302):
        from_start = response.status_code != 206 or response.headers["Content-Range"].startswith("bytes 0-")
        audit.record_access(Action.DOWNLOAD, by, export.recording, from_start=from_start, format=export.form)
    return response


def part(export: Export, by: Actor, *, start: int, most: int) -> watching.Part:
    """At most `most` bytes of what was made, from offset `start` on. Raises what `playback.media_response` does."""
    found = watching.part_of(playback.content_of(_File.of(export)), start, most)
    audit.record_access(Action.DOWNLOAD, by, export.recording, from_start=not start, format=export.form)
    return found


def _is_current(export: Export, recording: Recording) -> bool:
    if export.status == ExportStatus.READY:
        return export.made_of == recording.storage_key
    return export.status == ExportStatus.MAKING


def _make(export: Export) -> None:
    told = 0

    def progress(share: float) -> None:
        nonlocal told
        told = max(told, min(99, int(share * 100)))
        if not Export.objects.filter(pk=export.pk).update(progress=told):
            raise Unwanted

    stored = export.recording
    with store_for(stored.storage_backend).as_file(stored.storage_key) as source:
        if ExportForm(export.form).is_film:
            _film(export, source, progress)
        else:
            _keep(export, _converted(export, source))


def _film(export: Export, source: BinaryIO, progress: Callable[[float], None]) -> None:
    idle = IDLE_SHOWN if export.skip_idle else 0
    arguments = (export.form, export.recording.terminal.played_size, idle, FRAMES_A_SECOND)
    with sandbox.made_by("film", *arguments, source=source, seconds=WALL_CLOCK_SECONDS, progress=progress) as film:
        _keep(export, iter(lambda: film.read(BLOCK), b""))


def _converted(export: Export, source: BinaryIO) -> Iterator[bytes]:
    """The recording as a cast of another version. Raises MediaError."""
    limits = CastLimits(seconds=CONVERTING_SECONDS)
    cast = Cast(source, end=export.recording.terminal.played_size, limits=limits)
    write = version_2 if export.form == ExportForm.VERSION_2 else version_3
    return write(cast.header, cast.events())


def _keep(export: Export, blocks: Iterable[bytes]) -> None:
    """Store what was made under a key that the row knows before there is an object of it, then call it ready."""
    if export.storage_key:
        store_for(export.storage_backend).delete([export.storage_key])
    store, key = current_store(), new_key(export.recording_id, _extension(export))
    this = Export.objects.filter(pk=export.pk)
    if not this.update(storage_backend=store.name, storage_key=key):
        raise Unwanted
    with staging.scratch_disk().scratch(export.pk) as path:
        with staging.filling(path) as sink:
            for block in blocks:
                sink.write(block)
            size = sink.tell()
        store.put(key, path, content_type=_content_type(export))
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


def _extension(export: Export) -> str:
    return export.form if ExportForm(export.form).is_film else "cast"


def _content_type(export: Export) -> str:
    return TYPES.get(export.form, CAST_TYPE)


def _fail(export: Export, reason: str) -> None:
    expires_at = timezone.now() + KEPT
    Export.objects.filter(pk=export.pk).update(status=ExportStatus.FAILED, error=reason, expires_at=expires_at)


@dataclass(frozen=True)
class _File:
    """What was made, as playback serves stored objects: nothing has to be undone in its bytes."""

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
    def of(cls, export: Export) -> "_File":
        size = export.size or 0
        name = f"{export.recording.name}.{_extension(export)}"
        made_at = export.expires_at - KEPT if export.expires_at else None
        return cls(export.storage_backend, export.storage_key, size, size, name, _content_type(export), made_at)
