"""What was kept on a day: the past of the storage, which the rows of today cannot tell."""

from django.db import models


class StorageDay(models.Model):
    """As last measured on that day (recordings.overview.measure). Bytes count until they are purged."""

    day = models.DateField(primary_key=True)
    recordings = models.PositiveBigIntegerField()
    stored_bytes = models.PositiveBigIntegerField()
    measured_at = models.DateTimeField()

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}"
