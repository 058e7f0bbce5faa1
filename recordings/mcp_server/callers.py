"""Whom a tool works for: the user behind the token that the agent shows, looked up anew for every call."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mcp.server.mcpserver.exceptions import ToolError

from recordings import tokens, trace
from recordings.audit import Actor
from recordings.models import User
from recordings.permissions import Can, missing_scope

NOT_VALID = (
    "The token is not valid, or no longer. Tell the person you work for: they can make another one on Sortie's "
    "account page."
)


@dataclass(frozen=True)
class Credential:
    """What an agent shows, and the address it comes from, where it comes from one."""

    secret: str
    address: str | None = None


@dataclass(frozen=True)
class Caller:
    """The user that a tool acts as, and the same for the audit log."""

    user: User
    by: Actor


_shown: ContextVar[Credential | None] = ContextVar("_shown", default=None)


@contextmanager
def showing(credential: Credential) -> Iterator[None]:
    """Tools called meanwhile act as the user behind `credential`."""
    before = _shown.set(credential)
    try:
        yield
    finally:
        _shown.reset(before)


def caller(action: Can) -> Caller:
    """Whom the tool acts as. Raises ToolError if there is nobody, or the token is not for such actions."""
    shown = _shown.get()
    token = tokens.admit(shown.secret) if shown else None
    if shown is None or token is None:
        raise ToolError(NOT_VALID)
    scope = missing_scope(token.user, action)
    if scope is not None:
        raise ToolError(
            f"This needs a token with the scope “{scope}”, which yours lacks. Tell the person you work for: they "
            "can make one on Sortie's account page."
        )
    trace.note(user_id=token.user_id)
    return Caller(token.user, Actor(token.user, shown.address))
