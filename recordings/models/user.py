"""People who can sign in. Staff are Sortie's admins."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    @property
    def roles(self) -> list[str]:
        """`["user"]`, and `"admin"` before it for those who may see everyone's recordings."""
        return ["admin", "user"] if self.is_staff else ["user"]
