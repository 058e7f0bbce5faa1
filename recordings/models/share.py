"""A link by which anybody who has it may watch one recording, until it ends."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recordings.models.recording import Recording
from recordings.querysets import ShareQuerySet


class ShareLink(models.Model):
    """Only the hash of what stands in the address is kept, and that of its password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="shares")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="shares", editable=False
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty for none.")
    can_download = models.BooleanField(default=False)
    view_limit = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    # How it was used.
    views = models.PositiveIntegerField(default=0, editable=False)
    downloads = models.PositiveIntegerField(default=0, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ShareQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["recording", "-created_at"], name="share_of_recording"),
            models.Index(fields=["-created_at", "-id"], name="share_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                name="share_within_limit", condition=Q(view_limit=None) | Q(views__lte=models.F("view_limit"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)[:8]

    @property
    def is_used_up(self) -> bool:
        return self.view_limit is not None and self.views >= self.view_limit

    @property
    def state(self) -> str:
        """`open`, or why it leads nowhere any more: `revoked`, `expired`, `used up` (but to its viewers)."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= timezone.now():
            return "expired"
        return "used up" if self.is_used_up else "open"


class ShareVisit(models.Model):
    """One guest who watches by a link, from the first byte on: counted once, however many ranges they ask for."""

    id = models.UUIDField(primary_key=True, editable=False)
    link = models.ForeignKey(ShareLink, on_delete=models.CASCADE, related_name="visits")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="visit_oldest")]

    def __str__(self) -> str:
        return f"{self.link} at {self.created_at}"
