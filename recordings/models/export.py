"""A terminal recording in a form that somebody asked for; kept for some days, and it can be made again."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recordings.models.recording import Recording


class ExportForm(models.TextChoices):
    MP4 = "mp4", "MP4 video"
    WEBM = "webm", "WebM video"
    GIF = "gif", "GIF"
    VERSION_2 = "cast-v2", "asciicast 2"
    VERSION_3 = "cast-v3", "asciicast 3"

    @property
    def is_film(self) -> bool:
        """Whether there are pictures in it."""
        return self in (ExportForm.MP4, ExportForm.WEBM, ExportForm.GIF)


class ExportStatus(models.TextChoices):
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class Export(models.Model):
    """One for each form of a recording. Its object is that of `storage_key`, whole once the row is `ready`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="exports")
    form = models.CharField(max_length=10, choices=ExportForm.choices)
    skip_idle = models.BooleanField(help_text="Of time in which nothing happens little is shown.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    status = models.CharField(max_length=10, choices=ExportStatus.choices, default=ExportStatus.MAKING)
    progress = models.PositiveSmallIntegerField(default=0, help_text="In per cent.")
    error = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(null=True, help_text="When it is removed; null while it is made.")
    made_of = models.CharField(max_length=255, blank=True, help_text="The stored object that it shows.")
    storage_backend = models.CharField(max_length=10, blank=True)
    storage_key = models.CharField(max_length=255, blank=True)
    size = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recording", "form", "skip_idle"], name="export_once"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="export_making", condition=Q(status="making")),
            models.Index(fields=["expires_at"], name="export_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.get_form_display()} of {self.recording_id}"
