"""A large terminal recording cut up, so that a player need not have all of it to show a moment."""

from django.db import models

from recordings.models.recording import Recording


class Segments(models.Model):
    """One object that holds all segments, each a gzip member, one behind the other; it can always be made again."""

    recording = models.OneToOneField(
        Recording, on_delete=models.CASCADE, primary_key=True, related_name="segments", editable=False
    )
    made_of = models.CharField(max_length=64, help_text="The SHA-256 of the recording that was cut up.")
    starts = models.JSONField(
        help_text="Where each begins, in the recording and in the object: [[microseconds, offset], ...]"
    )
    theme = models.JSONField(null=True, help_text="The terminal's own colours, as the header of a cast has them.")
    idle_limit = models.FloatField(null=True, help_text="What its recorder makes of longer gaps, in seconds.")
    storage_backend = models.CharField(max_length=10)
    storage_key = models.CharField(max_length=255)
    size = models.BigIntegerField()

    stored_type = "application/gzip"

    def __str__(self) -> str:
        return f"Segments of {self.recording_id}"
