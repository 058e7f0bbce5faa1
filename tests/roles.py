"""Who may be at the door, and the rules by which they are let in."""

from collections.abc import Callable
from dataclasses import dataclass

from recordings.permissions import Scope


@dataclass(frozen=True)
class Role:
    """Somebody at the door. A token opens the API, a cookie both; sam is staff but no superuser, ivan inactive.

    `scope`: the only one the token has; empty for all.
    """

    person: str
    by: str
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.person} by {self.by} {self.scope}"

    def may_enter(self, route: str) -> bool:
        return self.person not in ("nobody", "ivan") and (self.by == "cookie" or route.startswith("api:"))

    @property
    def is_admin(self) -> bool:
        return self.person in ("ada", "sam")


PEOPLE = ("alice", "bob", "ada", "sam", "ivan")
NOBODY = Role("nobody", "nothing")
ROLES = [NOBODY, *(Role(who, by) for who in PEOPLE for by in ("bearer", "cookie"))]
SCOPED = [Role(who, "bearer", scope) for who in ("alice", "ada") for scope in Scope]

Rule = Callable[[Role, str], int | None]  # None: what the row says an allowed request gets


def everybody(role: Role, kind: str) -> int | None:
    return None


def by_link(role: Role, kind: str) -> int | None:
    """Whoever has the address, while it leads somewhere."""
    return None if kind == "live" else 404


OPEN = (everybody, by_link)


def users(role: Role, kind: str) -> int | None:
    return None


def admins(role: Role, kind: str) -> int | None:
    return None if role.is_admin else 403


def hidden(role: Role, kind: str) -> int | None:
    """The owner's and admins'; to others it does not exist."""
    return None if kind == "live" and role.person != "bob" else 404


def refused(role: Role, kind: str) -> int | None:
    """The same, where clients expect to be told that it is not theirs."""
    return 403 if kind == "live" and role.person == "bob" else hidden(role, kind)


def hidden_session(role: Role, kind: str) -> int | None:
    """Sessions are not deleted: theirs is there although the recording is gone."""
    return 404 if kind == "missing" or role.person == "bob" else None


def refused_session(role: Role, kind: str) -> int | None:
    return 404 if kind == "missing" else 403 if role.person == "bob" else None


def restorable(role: Role, kind: str) -> int | None:
    return None if kind == "deleted" and role.person != "bob" else 404


def sender(role: Role, kind: str) -> int | None:
    """Whoever began an upload, and nobody else, be it an admin."""
    return None if kind == "live" and role.person == "alice" else 404
