"""What a program shows instead of a password. Only its hash is kept."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from recordings.permissions import Scope
from recordings.querysets import TokenQuerySet


class Token(models.Model):
    """Acts as its user within its scopes, until it ends or is revoked.

    `from_login`: given to a program for name and password; others were made for a purpose and have a name of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    from_login = models.BooleanField(default=False)
    scopes = models.CharField(max_length=50, help_text="Separated by spaces.")
    digest = models.CharField(max_length=128, unique=True, editable=False)
    begins_with = models.CharField(max_length=16, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="token_name_once", condition=Q(from_login=False)),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="token_of_user"),
            models.Index(fields=["-created_at", "-id"], name="token_newest"),
            models.Index(fields=["expires_at"], name="token_expiry"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def granted(self) -> frozenset[Scope]:
        return frozenset(map(Scope, self.scopes.split()))

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
