"""Bytes on their way in: one staged file of one recording."""

import uuid

from django.db import models
from django.utils import timezone

from recordings.models.recording import Recording


class Upload(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255, blank=True)
    room = models.PositiveIntegerField(help_text="Unused bytes before the first uploaded one, for the new head.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Set once, when the last byte is on disk: from then on the bytes are ours to put away.
    sealed_at = models.DateTimeField(null=True, editable=False)
    length = models.BigIntegerField(null=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="upload_oldest")]

    def __str__(self) -> str:
        return str(self.id)
