"""A named moment in a recording."""

import uuid

from django.conf import settings
from django.db import models

from recordings.models.recording import Recording


class Marker(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="markers")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at_ms = models.PositiveBigIntegerField()
    label = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at_ms", "id"]

    def __str__(self) -> str:
        return self.label or f"{self.at_ms} ms"
