"""Somebody tried a secret: counted before it is looked at (recordings.throttle)."""

from django.db import models
from django.utils import timezone


class Attempt(models.Model):
    """One of the attempts that are counted together, by `bucket`. One that succeeded is taken back."""

    bucket = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["bucket", "-at"], name="attempt_newest"),
            models.Index(fields=["at"], name="attempt_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.bucket[:8]} at {self.at}"
