"""What is known of a terminal recording beyond what every recording has."""

from django.db import models

from recordings.models.recording import Recording


class Terminal(models.Model):
    """Measured by Sortie in the bytes, or said by the recorder in the header and beside it: then "" is unknown."""

    recording = models.OneToOneField(
        Recording, on_delete=models.CASCADE, primary_key=True, related_name="terminal", editable=False
    )
    version = models.PositiveSmallIntegerField(help_text="Of asciicast, as it was uploaded.")
    events = models.JSONField(default=dict, help_text="How many there are of each code.")
    exit_status = models.IntegerField(null=True, help_text="Of the recorded command.")
    most_columns = models.PositiveSmallIntegerField(help_text="The most that the terminal had.")
    most_rows = models.PositiveSmallIntegerField()
    idle = models.JSONField(
        default=list, help_text="The longest stretches in which nothing happened: [[start_ms, length_ms], ...]"
    )

    text_complete = models.BooleanField(
        null=True, help_text="Whether all that was shown is in its passages; null: it has not been read yet."
    )

    # Said by the recorder.
    recorded_at = models.DateTimeField(null=True)
    host = models.CharField(max_length=255, blank=True)
    host_id = models.CharField(max_length=255, blank=True)
    login = models.CharField(max_length=255, blank=True, help_text="Who worked there, by their name on the host.")
    command = models.CharField(max_length=1000, blank=True)
    shell = models.CharField(max_length=255, blank=True)
    agent = models.CharField(max_length=255, blank=True, help_text="The program that recorded it.")
    reference = models.CharField(max_length=255, blank=True, help_text="The recorder's own id of the session.")
    command_count = models.PositiveIntegerField(null=True)

    # Where things are in the stored object, see recordings.media.asciicast.kept.
    played_size = models.BigIntegerField()
    plain_size = models.BigIntegerField(help_text="What is played, decompressed.")
    original_start = models.BigIntegerField()
    original_packed = models.BooleanField()
    original_size = models.BigIntegerField(help_text="What is given out as the original.")
    original_sha256 = models.CharField(max_length=64)
    input_removed = models.BooleanField(help_text="What was typed was left out for good, as policy says.")

    class Meta:
        indexes = [
            models.Index(fields=["host"], name="terminal_host"),
            models.Index(fields=["login"], name="terminal_login"),
        ]

    def __str__(self) -> str:
        return self.whose or str(self.recording_id)

    @property
    def whose(self) -> str:
        """`login@host`, as far as they are known."""
        return "@".join(filter(None, (self.login, self.host)))
