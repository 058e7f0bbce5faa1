"""The one policy: who may do what to which object. What is not granted here is refused.

Lists answer the same question in SQL (`visible_to` in recordings.querysets); a test holds the two together.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from recordings.models import Recording, Session, User

    Actor: TypeAlias = User | AnonymousUser


class Can(StrEnum):
    """What can be asked for."""

    VIEW = "view"
    CAPTURE = "capture"
    DOWNLOAD = "download"
    EDIT = "edit"
    SHARE = "share"
    DELETE = "delete"
    RESTORE = "restore"
    HOLD = "hold"
    STOP = "stop"
    ADMINISTER = "administer"
    MANAGE_USERS = "manage_users"
    CREATE_SESSION = "create_session"
    ACT_FOR_OTHERS = "act_for_others"
    NAME_DESKTOP = "name_desktop"
    SIGN_OUT = "sign_out"


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    UPLOAD = "upload"
    MANAGE = "manage"


# The scope each action needs; those that are not here need MANAGE.
_NEEDS: dict[Can, Scope | None] = {
    Can.VIEW: Scope.READ,
    Can.DOWNLOAD: Scope.READ,
    Can.CREATE_SESSION: Scope.UPLOAD,
    Can.CAPTURE: Scope.UPLOAD,
    Can.STOP: Scope.UPLOAD,
    Can.SIGN_OUT: None,
}

_OWNER = {Can.VIEW, Can.CAPTURE, Can.DOWNLOAD, Can.EDIT, Can.SHARE, Can.DELETE, Can.RESTORE, Can.STOP}
_ADMIN = _OWNER | {Can.HOLD}
_ANY_USER = {Can.CREATE_SESSION, Can.SIGN_OUT}
_ANY_ADMIN = _ANY_USER | {Can.ADMINISTER, Can.ACT_FOR_OTHERS, Can.NAME_DESKTOP}


def is_admin(user: "Actor") -> bool:
    """Staff whose account is active."""
    return bool(user.is_authenticated and user.is_active and user.is_staff)


def scope_for(action: Can) -> Scope | None:
    """The scope that a token needs for `action`; None if every token will do."""
    return _NEEDS.get(action, Scope.MANAGE)


def missing_scope(user: "Actor", action: Can) -> Scope | None:
    """The scope that the token a request is made with lacks for `action`; None if nothing is in the way."""
    granted = getattr(user, "scopes", None)
    needed = scope_for(action)
    return None if granted is None or needed is None or needed in granted else needed


def can(user: "Actor", action: Can, thing: "Recording | Session | None" = None) -> bool:
    """Whether `user` may do `action`, to `thing` where the action has an object.

    Holds and states are not asked here: they are facts about the object, not about who asks.
    """
    if not (user.is_authenticated and user.is_active) or missing_scope(user, action):
        return False
    if action is Can.MANAGE_USERS:
        # Who could make admins could make one of themselves.
        return is_admin(user) and user.is_superuser
    if thing is None:
        return action in (_ANY_ADMIN if is_admin(user) else _ANY_USER)
    if is_admin(user):
        return action in _ADMIN
    return thing.owner_id == user.pk and action in _OWNER
