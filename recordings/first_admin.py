"""The first admin of a portal that nobody can sign in to yet."""

import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from recordings import accounts
from recordings.audit import SORTIE
from recordings.models import User

# Without the letters and digits that look alike; 16 of these 31 are 79 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class UnusableCredentials(Exception):
    """The name or password asked for cannot be taken; the text says why."""


def create(username: str, password: str = "") -> str | None:
    """Make an admin called `username` if there is no user at all.

    Args:
        password: empty to have one generated.

    Returns:
        The password, or None if somebody was there already and nothing was done.

    Raises:
        UnusableCredentials: before anything was written.
    """
    if User.objects.exists():
        return None
    chosen = password or _generated()
    admin = User(username=username, is_staff=True, is_superuser=True)
    admin.set_password(chosen)
    try:
        validate_password(chosen, admin)
        admin.full_clean()
    except ValidationError as error:
        raise UnusableCredentials(" ".join(error.messages)) from error
    try:
        accounts.add(admin, SORTIE)
    except IntegrityError:
        # Another process that started at the same moment made the same one.
        return None
    return chosen


def known() -> str:
    """Name of the admin who has been here longest; empty if there is none."""
    admins = User.objects.filter(is_staff=True, is_active=True)
    return admins.order_by("date_joined").values_list("username", flat=True).first() or ""


def _generated() -> str:
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
