"""An installation of the asciinema command line that uploads for somebody. Only the hash of its id is kept."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from recordings.querysets import InstallQuerySet


class Install(models.Model):
    """Whoever knows its id uploads as its user, until it is revoked. The row stays: nobody else can claim it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="installs")
    digest = models.CharField(max_length=128, unique=True, editable=False)
    begins_with = models.CharField(max_length=16, editable=False)
    login = models.CharField(max_length=100, blank=True, help_text="The name of whoever uses it, on that machine.")
    agent = models.CharField(max_length=100, blank=True, help_text="What it calls itself.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = InstallQuerySet.as_manager()

    class Meta:
        verbose_name = "connected terminal"
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="install_of_user"),
            models.Index(fields=["-created_at", "-id"], name="install_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.begins_with}…"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None
