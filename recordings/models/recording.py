"""A recording: what was captured of a session, where its bytes are, and the four states it can be in."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from recordings.models.session import Session
from recordings.querysets import RecordingQuerySet


class Kind(models.TextChoices):
    VIDEO = "video"
    TERMINAL = "terminal"


class Status(models.TextChoices):
    RECORDING = "recording"
    UPLOADING = "uploading"
    READY = "ready"
    FAILED = "failed"


MAY_BECOME = {
    Status.RECORDING: {Status.UPLOADING, Status.FAILED},
    Status.UPLOADING: {Status.READY, Status.FAILED},
    Status.READY: set[Status](),
    Status.FAILED: {Status.UPLOADING},
}

EXTENSION = {Kind.VIDEO: "webm", Kind.TERMINAL: "cast"}
CONTENT_TYPE = {Kind.VIDEO: "video/webm", Kind.TERMINAL: "application/x-asciicast"}
# A terminal recording is kept compressed (recordings.media.asciicast.kept).
STORED_EXTENSION = {Kind.VIDEO: "webm", Kind.TERMINAL: "cast.gz"}
STORED_TYPE = {Kind.VIDEO: "video/webm", Kind.TERMINAL: "application/gzip"}


class WrongStatusError(Exception):
    """The recording is not, or no longer, in a status that allows the change."""


class Recording(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="recordings")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="recordings")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.VIDEO)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECORDING)
    incomplete = models.BooleanField(default=False, help_text="Less arrived than was recorded.")
    error = models.CharField(max_length=500, blank=True, help_text="Why it failed or is incomplete.")

    title = models.CharField(max_length=200, blank=True)
    notes = models.TextField(max_length=10_000, blank=True)
    upload_name = models.CharField(max_length=255, blank=True, help_text="The file name its client gave.")

    # Facts computed from the bytes as they were uploaded.
    size_bytes = models.BigIntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    codecs = models.CharField(max_length=100, blank=True)

    # The stored object, and how to get the uploaded bytes back from it (recordings.media.original).
    storage_backend = models.CharField(max_length=10, blank=True)
    storage_key = models.CharField(max_length=255, blank=True)
    stored_size = models.BigIntegerField(null=True, blank=True)
    original_head = models.BinaryField(default=b"", editable=False)
    body_start = models.BigIntegerField(default=0, editable=False)
    cut = models.BigIntegerField(null=True, editable=False)
    tail_saved = models.BinaryField(default=b"", editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="After this an unfinished recording counts as silent."
    )

    on_hold = models.BooleanField(default=False)
    hold_reason = models.CharField(max_length=200, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    purge_after = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RecordingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["owner", "-created_at", "-id"],
                name="recording_owner_newest",
                condition=Q(deleted_at=None),
            ),
            models.Index(fields=["-created_at", "-id"], name="recording_newest", condition=Q(deleted_at=None)),
            models.Index(fields=["session", "-created_at"], name="recording_session"),
            models.Index(
                fields=["kind", "completed_at"],
                name="recording_retention",
                condition=Q(status="ready", on_hold=False, deleted_at=None),
            ),
            # Conditions that SQLite can see in a query as well: IS NULL, IS NOT NULL, or one value. It sees no IN.
            models.Index(
                fields=["status", "lease_until"], name="recording_unfinished", condition=Q(completed_at=None)
            ),
            models.Index(fields=["purge_after"], name="recording_purge", condition=Q(deleted_at__isnull=False)),
            # The admin's lists of what is rare.
            models.Index(
                fields=["status", "-created_at", "-id"], name="recording_not_ready", condition=Q(completed_at=None)
            ),
            models.Index(fields=["-created_at", "-id"], name="recording_incomplete", condition=Q(incomplete=True)),
            models.Index(fields=["-created_at", "-id"], name="recording_held", condition=Q(on_hold=True)),
            models.Index(fields=["kind", "-created_at", "-id"], name="recording_kind"),
            models.Index(fields=["storage_backend", "-created_at", "-id"], name="recording_store"),
        ]
        constraints = [
            models.CheckConstraint(
                name="recording_ready_is_stored",
                condition=~Q(status="ready")
                | (Q(completed_at__isnull=False) & ~Q(storage_key="") & ~Q(sha256="") & Q(size_bytes__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the recording is called on pages: its title, else its session's."""
        return self.title or str(self.session)

    @property
    def extension(self) -> str:
        return EXTENSION[Kind(self.kind)]

    @property
    def content_type(self) -> str:
        return CONTENT_TYPE[Kind(self.kind)]

    @property
    def stored_extension(self) -> str:
        """Of the stored object's key."""
        return STORED_EXTENSION[Kind(self.kind)]

    @property
    def stored_type(self) -> str:
        return STORED_TYPE[Kind(self.kind)]

    @property
    def filename(self) -> str:
        """The name a download is given."""
        return f"{self.name}.{self.extension}"

    @property
    def duration(self) -> timedelta | None:
        return None if self.duration_ms is None else timedelta(milliseconds=self.duration_ms)

    @property
    def expires_at(self) -> datetime | None:
        """When retention will take it; None if it is kept (no limit, on hold, or not ready)."""
        days = retention_days(Kind(self.kind))
        if not days or self.on_hold or self.completed_at is None or self.status != Status.READY:
            return None
        return self.completed_at + timedelta(days=days)

    def advance(self, to: Status, **changes: Any) -> None:
        """Move to status `to` in one guarded UPDATE that also writes `changes`.

        Raises:
            WrongStatusError: the row is in no status from which `to` may be reached; nothing was written.
        """
        sources = [status for status, following in MAY_BECOME.items() if to in following]
        changes["status"] = to
        if Recording.objects.filter(pk=self.pk, status__in=sources).update(**changes) != 1:
            raise WrongStatusError(f"A recording that is {self.status} cannot become {to}.")
        for field, value in changes.items():
            setattr(self, field, value)

    def complete_later(self, **facts: Any) -> None:
        """Put the whole in the place of the part that an incomplete recording was made ready with.

        Raises:
            WrongStatusError: it is complete, or has more already; nothing was written.
        """
        part = Recording.objects.filter(
            pk=self.pk, status=Status.READY, incomplete=True, size_bytes__lte=facts["size_bytes"]
        )
        if part.update(**facts) != 1:
            raise WrongStatusError("A recording that is complete is never replaced.")

    def extend_lease(self, until: datetime) -> None:
        """Count as alive until `until`. Never shortens a lease."""
        Recording.objects.filter(
            Q(lease_until__lt=until) | Q(lease_until=None),
            pk=self.pk,
            status__in=[Status.RECORDING, Status.UPLOADING],
        ).update(lease_until=until)


def retention_days(kind: Kind) -> int:
    """Days a recording of this kind is kept; 0 means for ever."""
    if kind is Kind.VIDEO:
        return int(settings.SORTIE_RECORDING_RETENTION_DAYS)
    return int(settings.SORTIE_TERMINAL_RETENTION_DAYS)


class Tag(models.Model):
    """One word a recording was filed under."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["recording", "name"], name="tag_once")]
        indexes = [models.Index(F("name"), F("recording"), name="tag_name")]

    def __str__(self) -> str:
        return self.name
