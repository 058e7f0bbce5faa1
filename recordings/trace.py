"""What is going on in this thread or task: the ids of request, user, recording and so on, which log lines carry."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[dict[str, str] | None] = ContextVar("trace_ids", default=None)


def begin(**ids: object) -> None:
    """Work on something new begins, and what was before is forgotten."""
    _ids.set({name: str(value) for name, value in ids.items()})


def note(**ids: object) -> None:
    """Add what has become known of the work that was begun; those who wait for it see it too."""
    known = _ids.get()
    if known is not None:
        known.update({name: str(value) for name, value in ids.items()})


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """The block is about these, besides what was known before."""
    token = _ids.set({**current(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _ids.reset(token)


def current() -> dict[str, str]:
    """What is known now, by name: `request_id`, `user_id`, `recording_id` ..."""
    return dict(_ids.get() or {})
