"""Bytes on their way in: one staged file of one recording."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from recordings.models.recording import Recording
from recordings.querysets import UploadQuerySet


class Upload(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255, blank=True)
    room = models.PositiveIntegerField(help_text="Unused bytes before the first uploaded one, for the new head.")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # A resumable upload, which may take days: what was announced, what it counts against its sender's quota, and
    # until when it can be resumed. `live` is a capture that sends while it records.
    sidecar = models.JSONField(default=dict, editable=False, help_text="What its recorder says of it.")
    metadata = models.CharField(max_length=1024, blank=True, editable=False)
    announced = models.BigIntegerField(null=True, editable=False)
    reserved = models.BigIntegerField(default=0, editable=False)
    live = models.BooleanField(default=False, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(
        null=True, editable=False, help_text="After this, what has arrived since the last look is put away."
    )

    # Set once, when the last byte is on disk: from then on the bytes are ours to put away.
    sealed_at = models.DateTimeField(null=True, editable=False)
    # Set when they have been: the row stays a while, so that a client that missed the answer can ask.
    finished_at = models.DateTimeField(null=True, editable=False)
    length = models.BigIntegerField(null=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)

    # Where the object is about to be put, and what putting it there changes in the staged file: saved before
    # anything is changed, so that a crash at any point leaves both findable (see recordings.ingest.finish).
    storage_backend = models.CharField(max_length=10, blank=True, editable=False)
    storage_key = models.CharField(max_length=255, blank=True, editable=False)
    original_head = models.BinaryField(default=b"", editable=False)
    body_start = models.BigIntegerField(default=0, editable=False)
    cut = models.BigIntegerField(null=True, editable=False)
    tail_saved = models.BinaryField(default=b"", editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="upload_oldest"),
            models.Index(fields=["lease_until"], name="upload_silent", condition=models.Q(sealed_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.id)
