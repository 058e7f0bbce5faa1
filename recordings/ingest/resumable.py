"""Bytes that arrive piece by piece, over minutes or days: a resumable upload of a recording.

An upload is a row and its staged bytes; how many of those there are is the offset. A piece is written behind the
last one, whoever sends it, and is safe before it is acknowledged. Who may send is looked up in `look`, and believed
for five seconds (`grants`).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from recordings import audit, jobs, meters
from recordings.audit import SORTIE, Actor
from recordings.ingest import finish, kinds, staging, start
from recordings.ingest.grants import Grant
from recordings.ingest.intake import MB, TooLarge, largest
from recordings.ingest.pieces import Checksum, Stream, opened, piece
from recordings.media.errors import MediaError
from recordings.models import Action, Job, JobKind, Kind, Recording, Status, Upload, User, WrongStatusError
from recordings.permissions import Can, can
from recordings.titles import clean_title

RESUMABLE_FOR = timedelta(days=7)
MOST_OPEN = 50


class NoSuchUpload(Exception):
    """There is no such upload, or it is not the caller's, or its recording is deleted."""


class OverQuota(Exception):
    """The user has as much under way as is allowed."""


class NotWanted(Exception):
    """The recording has all its bytes already, or takes none of this kind."""


class Finished(Exception):
    """The upload has all its bytes, `length` of them; nothing can be added to it."""

    def __init__(self, length: int) -> None:
        super().__init__("This upload is complete.")
        self.length = length


class MoreThanAnnounced(TooLarge):
    """The bytes go beyond the length the upload was begun with."""

    def __str__(self) -> str:
        return "That is more than was announced for this upload."


class WrongLength(ValueError):
    """The length cannot be that of the upload."""


@dataclass(frozen=True)
class Wanted:
    """What a client says of the upload it begins; `length` is None while it does not know.

    piece: bytes of it that the client sends along. sidecar: what its recorder says of a terminal recording.
    """

    length: int | None
    piece: int = 0
    recording_id: UUID | None = None
    kind: Kind = Kind.VIDEO
    title: str = ""
    filename: str = ""
    metadata: str = ""
    sidecar: Mapping[str, Any] = field(default_factory=dict)


def create(user: User, by: Actor, wanted: Wanted) -> Upload:
    """Begin an upload for a recording of the user's or, where none is named, for a new one.

    Raises:
        TooLarge, OverQuota, staging.DiskFull: there is no place for it.
        NoSuchUpload: the user has no such recording. NotWanted: it needs no bytes, or none of this kind.
        kinds.SwitchedOff: recordings of this kind are not taken.
    """
    kinds.check_taken(wanted.kind)
    reserved = largest() if wanted.length is None else wanted.length
    if reserved > largest():
        raise TooLarge
    if wanted.piece > reserved:
        raise TooLarge if wanted.length is None else MoreThanAnnounced
    upload_id, room, place = uuid4(), staging.room_for(reserved), staging.current()
    place.create(upload_id, room=room, expected=wanted.length or 0)
    try:
        with transaction.atomic():
            _reserve(user, reserved)
            recording = _recording(user, by, wanted)
            live = recording.status == Status.RECORDING
            now = timezone.now()
            return Upload.objects.create(
                id=upload_id,
                recording=recording,
                name=clean_title(wanted.filename, longest=255),
                metadata=wanted.metadata,
                sidecar=dict(wanted.sidecar),
                room=room,
                announced=wanted.length,
                reserved=reserved,
                live=live,
                sender=user,
                address=by.address,
                # Until the first piece it may be one whose address never reached the client.
                lease_until=now + min(grace(live=live), start.UPLOAD_LEASE),
                expires_at=now + RESUMABLE_FOR,
            )
    except BaseException:
        staging.drop(upload_id)
        raise


def look(user: User, upload_id: UUID) -> Grant:
    """What `user` may do with an upload, read afresh. Raises NoSuchUpload, Finished."""
    upload = find(user, upload_id)
    if upload.sealed_at is not None:
        raise Finished(upload.length or 0)
    return _grant(upload)


def _grant(upload: Upload) -> Grant:
    return Grant(
        upload_id=upload.pk,
        recording_id=upload.recording_id,
        sender_id=upload.sender_id,
        room=upload.room,
        length=upload.announced,
        most=largest() if upload.announced is None else min(upload.announced, largest()),
        live=upload.live,
        kind=Kind(upload.recording.kind),
        expires_at=upload.expires_at,
    )


def find(user: User, upload_id: UUID) -> Upload:
    """The user's upload. Raises NoSuchUpload."""
    uploads = Upload.objects.select_related("recording").filter(pk=upload_id, sender=user)
    upload = uploads.filter(recording__deleted_at=None).first()
    if upload is None or not can(user, Can.CAPTURE, upload.recording):
        raise NoSuchUpload("There is no such upload.")
    return upload


def offset(upload: Upload) -> int:
    """Bytes that are safe. An upload that has all of them is complete, should nobody have said so yet.

    Raises:
        NoSuchUpload: they have been given up.
    """
    if upload.sealed_at is not None:
        return upload.length or 0
    try:
        arrived = staging.current().offset(upload.pk, room=upload.room)
    except staging.Gone as error:
        raise NoSuchUpload("The bytes of this upload are gone; begin again.") from error
    if upload.announced is None or arrived < upload.announced:
        return arrived
    seal(upload.pk, upload.recording_id, upload.announced)
    return upload.announced


def append(grant: Grant, stream: Stream, *, at: int, length: int, checksum: Checksum | None = None) -> int:
    """Add the `length` bytes of `stream` at offset `at`; the new offset, once all before it is safe.

    With fewer bytes than announced what came is kept, and the offset says so.

    Raises:
        staging.WrongOffset: the upload is elsewhere; nothing was added, or somebody else was faster.
        TooLarge: they would be more than announced or allowed. staging.DiskFull. ChecksumMismatch.
        MediaError: an upload that begins like this is no recording; nothing was added, the recording has failed.
    """
    if at + length > grant.most:
        raise MoreThanAnnounced if grant.most == grant.length else TooLarge
    with staging.current().appender(grant.upload_id, room=grant.room, at=at) as out:
        try:
            blocks = piece(stream, length, checksum) if at else opened(stream, length, checksum, grant.kind)
        except MediaError as error:
            _fail(grant.recording_id, SORTIE, str(error), error)
            raise
        return _write(out, blocks)


def begin(upload: Upload, blocks: Iterator[bytes]) -> int:
    """Add the first piece to an upload just created. Where the disk is full, the offset says what is kept."""
    place = staging.current()
    try:
        with place.appender(upload.pk, room=upload.room, at=0) as out:
            return _write(out, blocks)
    except (staging.DiskFull, staging.StagingUnavailable):
        return place.offset(upload.pk, room=upload.room)


def announce(grant: Grant, length: int) -> Grant:
    """Say how long an upload will be that was begun without.

    Raises:
        TooLarge: it is more than is allowed.
        WrongLength: another length was announced before, or there are more bytes already; nothing was changed.
    """
    if length > largest():
        raise TooLarge
    if length < max(1, staging.current().offset(grant.upload_id, room=grant.room)):
        raise WrongLength("The upload has more bytes than that already." if length else "A recording is not empty.")
    growing = Upload.objects.growing().filter(pk=grant.upload_id)
    growing.filter(announced=None).update(announced=length, reserved=length)
    upload = growing.filter(announced=length).first()
    if upload is None:
        raise WrongLength("Another length was announced for this upload; that cannot change.")
    return _grant(upload)


def touch(grants: Collection[Grant]) -> None:
    """Their clients are alive: what has arrived waits for more, also where it had been given up."""
    now = timezone.now()
    with transaction.atomic():
        for live in (True, False):
            Upload.objects.growing().filter(pk__in=[each.upload_id for each in grants if each.live is live]).update(
                lease_until=now + grace(live=live),
                expires_at=now + RESUMABLE_FOR,
                reserved=Coalesce("announced", largest()),
            )
        recordings = Recording.objects.filter(pk__in=[each.recording_id for each in grants])
        for given_up in recordings.filter(status=Status.FAILED):
            with suppress(WrongStatusError):
                given_up.advance(Status.UPLOADING, error="")


def complete(grant: Grant, length: int) -> None:
    """All `length` bytes are there: put them away while the client waits, or later if that takes its time.

    Raises:
        MediaError: they are no recording that can be kept.
        NoSuchUpload: the recording has been deleted.
    """
    held = kinds.is_quick(grant.kind, length)
    job = seal(grant.upload_id, grant.recording_id, length, held=held)
    if held and job is not None and job.lease_token:
        finish.while_waiting(job)


def seal(upload_id: UUID, recording_id: UUID, length: int, *, held: bool = False) -> Job | None:
    """Add nothing to the upload any more: it is ours to put away. None if somebody else has said so.

    `held`: the caller puts it away now, if the job could be had.
    """
    with transaction.atomic():
        recording = Recording.objects.select_for_update().filter(pk=recording_id, deleted_at=None).first()
        if recording is None:
            raise NoSuchUpload("The recording has been deleted.")
        now = timezone.now()
        growing = Upload.objects.growing().filter(pk=upload_id)
        if not growing.update(sealed_at=now, length=length, lease_until=None):
            return None
        if recording.status in (Status.RECORDING, Status.FAILED):
            recording.advance(Status.UPLOADING, error="", lease_until=now + start.UPLOAD_LEASE)
        return jobs.enqueue(JobKind.FINISH, recording, held=held)


def terminate(upload: Upload, by: Actor) -> None:
    """Drop an upload and its bytes. A recording that has no others has failed.

    Raises:
        Finished: it has all its bytes and is being put away.
    """
    with transaction.atomic():
        droppable = Upload.objects.filter(Q(sealed_at=None) | Q(finished_at__isnull=False), pk=upload.pk)
        if not droppable.delete()[0]:
            raise Finished(upload.length or 0)
        if not Upload.objects.filter(recording=upload.recording_id, finished_at=None).exists():
            _fail(upload.recording_id, by, "The upload was cancelled.", "cancelled")
    staging.drop(upload.pk)


def grace(*, live: bool) -> timedelta:
    """How long an upload may be silent before what has arrived is put away."""
    if live:
        return timedelta(seconds=settings.SORTIE_SILENT_CAPTURE_SECONDS)
    return timedelta(hours=settings.SORTIE_SILENT_UPLOAD_HOURS)


def _reserve(user: User, reserved: int) -> None:
    """Count an upload against its user's quota. Those who begin two at once take turns."""
    User.objects.select_for_update().get(pk=user.pk)
    under_way = Upload.objects.filter(sender=user, finished_at=None).aggregate(
        # Not those that wait to be put away, or for a client that has gone: nobody could do much about them.
        number=Count("pk", filter=Q(lease_until__isnull=False)),
        total=Sum("reserved", default=0),
    )
    if under_way["number"] >= MOST_OPEN:
        raise OverQuota(f"You have {MOST_OPEN} uploads under way; finish or cancel some of them first.")
    if under_way["total"] + reserved > settings.SORTIE_UPLOAD_QUOTA_MB * MB:
        raise OverQuota(
            f"Your uploads under way may have {settings.SORTIE_UPLOAD_QUOTA_MB} MB together; "
            "finish or cancel some of them first."
        )


def _recording(user: User, by: Actor, wanted: Wanted) -> Recording:
    if wanted.recording_id is None:
        return start.receive(user, by, kind=wanted.kind, title=wanted.title, filename=wanted.filename)
    recording = Recording.objects.visible_to(user).filter(pk=wanted.recording_id).first()
    if recording is None or not can(user, Can.CAPTURE, recording):
        raise NoSuchUpload("There is no such recording.")
    if recording.status == Status.READY and not recording.incomplete:
        raise NotWanted("This recording is ready; it needs no upload.")
    if recording.kind != wanted.kind:
        raise NotWanted(f"This is a {recording.get_kind_display().lower()} recording; send bytes of its kind.")
    return recording


def _fail(recording_id: UUID, by: Actor, reason: str, cause: str | Exception) -> None:
    with transaction.atomic():
        recording = Recording.objects.get(pk=recording_id)
        try:
            recording.advance(Status.FAILED, error=reason[:500], lease_until=None)
        except WrongStatusError:
            return
        audit.record(Action.FAIL, by, recording=recording, reason=reason[:500])
    meters.failed(cause)


def _write(out: staging.Appender, blocks: Iterator[bytes]) -> int:
    for block in blocks:
        out.write(block)
        meters.received_bytes.inc(len(block))
    return out.sync()
