"""Accounts of people: made, changed and given passwords, each with its line in the audit log.

A new password ends the tokens of its user, and Django their sessions in other browsers (models.User).
"""

from collections.abc import Collection
from typing import Any

from django.db import transaction

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, User

RIGHTS = ("is_active", "is_staff", "is_superuser")


def add(user: User, by: Actor) -> None:
    """Save a new account. Raises IntegrityError if there is one of that name."""
    with transaction.atomic():
        user.save(force_insert=True)
        more_than_others = [name for name in ("is_staff", "is_superuser") if getattr(user, name)]
        audit.record(Action.USER_ADD, by, account=user.username, **_rights(user, more_than_others))


def change(user: User, by: Actor, *, changed: Collection[str]) -> None:
    """Save an account of which the fields `changed` are other than they were."""
    others = sorted(set(changed) - set(RIGHTS))
    detail: dict[str, Any] = {"fields": others} if others else {}
    with transaction.atomic():
        user.save()
        audit.record(Action.USER_CHANGE, by, account=user.username, **_rights(user, changed), **detail)


def set_password(user: User, password: str, by: Actor) -> None:
    """Give an account a new password."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(Action.PASSWORD, by, account=user.username)


def take_password(user: User, by: Actor) -> None:
    """Let nobody sign in to an account by a password: it is for programs that hold its tokens."""
    with transaction.atomic():
        user.set_unusable_password()
        user.save(update_fields=["password"])
        audit.record(Action.PASSWORD, by, account=user.username, none=True)


def _rights(user: User, names: Collection[str]) -> dict[str, Any]:
    return {name: getattr(user, name) for name in RIGHTS if name in names}
