"""Some lines of a recording, which are kept and searched together."""

from django.db import models

from recordings.models.recording import Recording


class Passage(models.Model):
    """`number` 0 is what is written about the recording; from 1 on they are what its terminal showed, in order.

    Each has an index of its words beside it, which Django knows nothing of: `recordings.search.index`.
    """

    # Its index is that of the constraint.
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="passages", db_index=False)
    number = models.PositiveIntegerField()
    start_ms = models.BigIntegerField()
    end_ms = models.BigIntegerField()
    lines = models.BinaryField(help_text="Compressed, see recordings.search.lines.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["recording", "number"], name="passage_once")]

    def __str__(self) -> str:
        return f"{self.recording_id}, {self.number}"
