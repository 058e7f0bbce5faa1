"""Who did what, when, from where. Rows are only ever added."""

import uuid
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone


class Action(models.TextChoices):
    LOGIN = "login", "Signed in"
    LOGIN_FAILED = "login_failed", "Failed to sign in"
    USER_ADD = "user_add", "Added an account"
    USER_CHANGE = "user_change", "Changed an account"
    PASSWORD = "password", "Changed a password"  # noqa: S105  (no password)
    TOKEN_CREATE = "token_create", "Created a token"  # noqa: S105
    TOKEN_REVOKE = "token_revoke", "Revoked a token"  # noqa: S105
    CONNECT = "connect", "Connected a terminal"
    DISCONNECT = "disconnect", "Disconnected a terminal"
    SESSION_START = "session_start", "Started a session"
    SESSION_OPEN = "session_open", "Opened a desktop"
    SESSION_STOP = "session_stop", "Stopped a session"
    START = "start", "Started recording"
    STOP = "stop", "Stopped recording"
    UPLOAD = "upload", "Uploaded"
    IMPORT = "import", "Imported"
    FAIL = "fail", "Failed"
    VIEW = "view", "Watched"
    DOWNLOAD = "download", "Downloaded"
    SHARE = "share", "Shared"
    UNSHARE = "unshare", "Revoked a link"
    EXPORT = "export", "Exported"
    EDIT = "edit", "Edited"
    DELETE = "delete", "Deleted"
    RESTORE = "restore", "Restored"
    PURGE = "purge", "Purged"
    HOLD = "hold", "Put on hold"
    RELEASE = "release", "Released from hold"
    POLICY = "policy", "Changed policy"
    WEBHOOK = "webhook", "Changed a webhook"
    RETENTION = "retention", "Ran retention"


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **values: Any) -> NoReturn:
        raise TypeError("Audit events are never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("Audit events are never deleted.")


class AuditEvent(models.Model):
    """Names objects by id, not by foreign key: it outlives them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=20, choices=Action.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    actor_name = models.CharField(max_length=150, blank=True, help_text="Empty: Sortie itself.")
    address = models.GenericIPAddressField(null=True, blank=True)
    recording_id = models.UUIDField(null=True, blank=True)
    session_id = models.UUIDField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["recording_id", "-at"], name="audit_recording"),
            models.Index(fields=["action", "-at"], name="audit_action"),
            models.Index(fields=["action", "actor_name", "-at"], name="audit_actor"),
            models.Index(fields=["actor_name", "-at", "-id"], name="audit_person"),
            models.Index(fields=["address", "-at", "-id"], name="audit_address"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name or 'Sortie'} {self.get_action_display().lower()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("Audit events are never changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("Audit events are never deleted.")
