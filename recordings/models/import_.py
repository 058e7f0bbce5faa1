"""What has been imported, so that it is never imported twice."""

from django.db import models
from django.utils import timezone

from recordings.models.recording import Recording


class Import(models.Model):
    """A recording of another program, known by its content; without a recording that has been purged since."""

    fingerprint = models.CharField(max_length=64, primary_key=True, editable=False)
    recording = models.ForeignKey(Recording, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.fingerprint
