"""Open connections to an SQLite file that no thread is using.

A connection costs half a megabyte, as each reads the schema for itself, and opening one takes longer than what a
request asks of it. Requests are in the database for milliseconds and then may wait for a slow client for minutes: a
few connections are enough for hundreds of them.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakSet

MOST = 16
# Then another one is opened all the same: somebody may hold theirs for good.
WAIT = 1.0  # seconds


class Connection(sqlite3.Connection):
    """One that knows which file it has open: a backup that is put in its place is another."""

    file: tuple[int, int] | None = None


class Pool:
    """Of the database at one path."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        # Those of threads that ended without giving them back drop out of it.
        self._lent: WeakSet[Connection] = WeakSet()
        self._opening = 0

    def take(self, opened: Callable[[], Connection]) -> Connection:
        """An idle connection, or a new one while there are few, or after waiting for one in vain."""
        return self._idle_one() or self._new_one(opened)

    def give(self, connection: Connection) -> None:
        """Take back one that is in no transaction; it is closed if there are enough."""
        with self._changed:
            self._lent.discard(connection)
            kept = len(self._idle) < MOST and connection.file == self._file()
            if kept:
                self._idle.append(connection)
            self._changed.notify()
        if not kept:
            connection.close()

    def lose(self, connection: Connection) -> None:
        """Close one that is not to be used again."""
        with self._changed:
            self._lent.discard(connection)
            self._changed.notify()
        connection.close()

    def close_idle(self) -> None:
        """Close those that nobody uses."""
        with self._changed:
            while self._idle:
                self._idle.pop().close()

    def _idle_one(self) -> Connection | None:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or len(self._lent) + self._opening < MOST, WAIT)
            file = self._file()
            while self._idle:
                # The last one back: those on top are warm, and what is never needed stays at the bottom.
                connection = self._idle.pop()
                if connection.file == file:
                    self._lent.add(connection)
                    return connection
                connection.close()
            self._opening += 1
        return None

    def _new_one(self, opened: Callable[[], Connection]) -> Connection:
        connection = None
        try:
            connection = opened()
            connection.file = self._file()
            return connection
        finally:
            with self._changed:
                self._opening -= 1
                if connection is not None:
                    self._lent.add(connection)
                self._changed.notify()

    def _file(self) -> tuple[int, int] | None:
        try:
            found = Path(self._path).stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


_pools: dict[str, Pool] = {}
_lock = threading.Lock()


def pool_of(path: str) -> Pool:
    """The one that all threads of this process share."""
    with _lock:
        return _pools.setdefault(path, Pool(path))


def _leave_none() -> None:
    """Before a fork: SQLite must not find a connection in a process that did not open it, not even an idle one, for
    the locks on its files stay with the parent."""
    for pool in list(_pools.values()):
        pool.close_idle()


def _begin_anew() -> None:
    """In the forked process, where nobody will let go of what threads of the parent held at that moment."""
    global _pools, _lock
    _pools, _lock = {}, threading.Lock()


os.register_at_fork(before=_leave_none, after_in_child=_begin_anew)
