"""Waiting for what another process does, as long as a busy machine may take for it."""

import time
from collections.abc import Callable

PATIENCE = 60.0


def until(true: Callable[[], object], what: str = "what was waited for", *, within: float = PATIENCE) -> None:
    """Return once it is true. Fails if it does not become so within so many seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come true within {within:g} s"
        time.sleep(0.05)
