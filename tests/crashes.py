"""Kill a process, for real, before any one of its steps that somebody could notice later."""

import os
import signal
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from django.db import connection, connections

# Everything the portal does to files, and (below) every query and every call of the object store.
_CALLS = (
    *("open", "write", "pwrite", "sendfile", "ftruncate", "fsync", "fdatasync"),
    *("link", "unlink", "rename", "mkdir", "rmdir", "fchmod"),
)


def killed_before_step(number: int, work: Callable[[], None]) -> bool:
    """Do `work` in a process that is killed when it is about to take step `number`, from 1 on.

    False if it came to its end before; what went wrong there fails the caller.
    """
    _close_connections()
    child = os.fork()
    if child == 0:
        _run(number, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the work went wrong in the other process"
    return False


def _close_connections() -> None:
    # Two processes on one connection would talk into each other's answers.
    connections.close_all()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


def _run(number: int, work: Callable[[], None]) -> None:
    left = number

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    status = 1
    try:
        for name in _CALLS:
            setattr(os, name, _counted(getattr(os, name), step))
        BaseClient._make_api_call = _counted(BaseClient._make_api_call, step)
        with connection.execute_wrapper(lambda execute, *query: _counted(execute, step)(*query)):
            work()
        status = 0
    finally:
        os._exit(status)


def _counted(call: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        step()
        return call(*args, **kwargs)

    return counted
