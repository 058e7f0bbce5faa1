"""A picture made of a recording after it became ready; it can always be made again."""

from django.db import models

from recordings.models.recording import Recording


class PictureKind(models.TextChoices):
    POSTER = "poster"
    STORYBOARD = "storyboard"


class Picture(models.Model):
    """A JPEG of `columns` x n tiles of `tile_width` x `tile_height` pixels; a poster is a single tile."""

    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="pictures")
    kind = models.CharField(max_length=10, choices=PictureKind.choices)
    storage_backend = models.CharField(max_length=10)
    storage_key = models.CharField(max_length=255)
    size = models.PositiveIntegerField()
    tiles = models.PositiveSmallIntegerField()
    columns = models.PositiveSmallIntegerField()
    tile_width = models.PositiveSmallIntegerField()
    tile_height = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recording", "kind"], name="picture_once")]

    stored_type = "image/jpeg"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.recording_id}"
