"""Work to do, as rows: the queue of record. Celery messages only say that there may be some."""

import uuid

from django.db import models
from django.utils import timezone

from recordings.models.recording import Recording
from recordings.querysets import JobQuerySet


class JobKind(models.TextChoices):
    FINISH = "finish", "Put an upload away"
    PICTURES = "pictures", "Make poster and storyboard"
    EXPORT = "export", "Make films of it"
    TEXT = "text", "Read what the terminal showed"


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=JobKind.choices)
    recording = models.ForeignKey(Recording, on_delete=models.CASCADE, related_name="jobs")
    run_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["kind", "recording"], name="job_once_per_recording")]
        indexes = [models.Index(fields=["run_after"], name="job_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.recording_id})"
