"""A session: something a person works in, and may record."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from recordings.querysets import SessionQuerySet


class SessionStatus(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    STOPPED = "stopped"


class SessionKind(models.TextChoices):
    DESKTOP = "desktop", "Container desktop"
    SCREEN = "screen", "Own screen"
    TERMINAL = "terminal"


class Session(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sessions")
    app_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=SessionKind.choices, default=SessionKind.DESKTOP)
    title = models.CharField(max_length=200, blank=True)
    target = models.CharField(
        max_length=255,
        blank=True,
        help_text="What the session works on; of a desktop, its VNC server: host:port or the path of a socket.",
    )
    password = models.CharField(
        max_length=500, blank=True, editable=False, help_text="The VNC server's, encrypted (recordings.secrets)."
    )
    status = models.CharField(max_length=10, choices=SessionStatus.choices, default=SessionStatus.RUNNING)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="session_owner_newest"),
            models.Index(fields=["-created_at", "-id"], name="session_newest"),
            models.Index(fields=["-created_at", "-id"], name="session_open", condition=models.Q(stopped_at=None)),
        ]

    def __str__(self) -> str:
        return self.title or self.app_id

    @property
    def has_desktop(self) -> bool:
        return self.kind == SessionKind.DESKTOP and bool(self.target)
