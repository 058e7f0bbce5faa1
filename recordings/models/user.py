"""People who can sign in. Staff are Sortie's admins."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models, transaction
from django.utils import timezone

from recordings.models.audit import Action, AuditEvent
from recordings.permissions import Scope


class People(UserManager["User"]):
    use_in_migrations = False

    def create_superuser(self, *args: Any, **kwargs: Any) -> "User":
        """What Django's command calls, which knows no audit log."""
        with transaction.atomic():
            user = super().create_superuser(*args, **kwargs)
            rights = {"is_staff": True, "is_superuser": True}
            AuditEvent.objects.create(action=Action.USER_ADD, detail={"account": user.username, **rights})
        return user


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    # What the credential of this request may be used for; None where it is not limited (recordings.permissions).
    scopes: frozenset[Scope] | None = None
    _ends_tokens = False

    objects: ClassVar[People] = People()

    @property
    def roles(self) -> list[str]:
        """`["user"]`, and `"admin"` before it for those who may see everyone's recordings."""
        return ["admin", "user"] if self.is_staff else ["user"]

    def set_unusable_password(self) -> None:
        super().set_unusable_password()
        self._ends_tokens = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Whoever had the old password may have made tokens with it, so these end with it, however it is changed.

        Not when Django hashes the same password anew.
        """
        ends_tokens = (getattr(self, "_password", None) is not None or self._ends_tokens) and not self._state.adding
        with transaction.atomic():
            super().save(*args, **kwargs)
            if ends_tokens:
                self.tokens.all().delete()
                self.installs.filter(revoked_at=None).update(revoked_at=timezone.now())
        self._ends_tokens = False
