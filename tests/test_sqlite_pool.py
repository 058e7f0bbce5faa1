"""Connections to an SQLite file that threads share."""

import gc
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections, transaction
from django.db.utils import OperationalError

from sortie.sqlite3 import pool
from sortie.sqlite3.base import DatabaseWrapper
from sortie.sqlite3.pool import Connection, Pool

pytestmark = [pytest.mark.only("single"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "some.sqlite3"
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
    return made


@pytest.fixture
def database(path: Path) -> Iterator[DatabaseWrapper]:
    """A thread's own access to it, as Django gives one to each."""
    made = wrapper(path)
    yield made
    made.close()


def wrapper(path: Path) -> DatabaseWrapper:
    settings = {**connections["default"].settings_dict, "NAME": str(path)}
    return DatabaseWrapper(settings, "default")


def count(database: DatabaseWrapper) -> int:
    with database.cursor() as cursor:
        [(found,)] = cursor.execute("SELECT count(*) FROM t").fetchall()
    return int(found)


def test_what_one_thread_has_closed_another_goes_on_with(path: Path, database: DatabaseWrapper) -> None:
    count(database)
    mine = database.connection
    database.close()

    def other() -> bool:
        there = wrapper(path)
        count(there)
        same = there.connection is mine
        there.close()
        return same

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(other).result()


def test_none_is_shared_while_it_is_used(path: Path, database: DatabaseWrapper) -> None:
    count(database)
    there = wrapper(path)
    count(there)
    assert there.connection is not database.connection
    there.close()


def test_settings_of_a_connection_stay(database: DatabaseWrapper) -> None:
    for _ in range(2):
        with database.cursor() as cursor:
            assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
            assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)
        database.close()


def test_what_is_left_in_a_transaction_is_undone_and_closed(path: Path, database: DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("INSERT INTO t VALUES (1)")
    mine = database.connection
    database.close()
    assert count(database) == 0
    assert database.connection is not mine


def test_one_with_which_something_went_wrong_is_not_given_to_others(database: DatabaseWrapper) -> None:
    with pytest.raises(OperationalError), database.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    mine = database.connection
    database.close()
    count(database)
    assert database.connection is not mine


def test_a_database_that_was_put_in_its_place_is_seen(
    path: Path, database: DatabaseWrapper, tmp_path: Path
) -> None:
    assert count(database) == 0
    database.close()
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE t (n INTEGER)")
        connection.execute("INSERT INTO t VALUES (1)")
    other.replace(path)
    assert count(database) == 1


def opened(path: Path) -> Connection:
    return sqlite3.connect(path, factory=Connection, check_same_thread=False)


def test_there_are_few_of_them_however_many_ask(path: Path) -> None:
    shared = Pool(str(path))
    together = threading.Barrier(4 * pool.MOST)
    open_now: set[int] = set()

    def use(_: int) -> None:
        together.wait()
        connection = shared.take(lambda: opened(path))
        open_now.add(id(connection))
        connection.execute("SELECT count(*) FROM t").fetchone()
        shared.give(connection)

    with ThreadPoolExecutor(4 * pool.MOST) as threads:
        list(threads.map(use, range(4 * pool.MOST)))
    assert len(open_now) <= pool.MOST


def test_nobody_waits_for_ever_for_those_who_keep_theirs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAIT", 0.05)
    shared = Pool(str(path))
    kept = [shared.take(lambda: opened(path)) for _ in range(pool.MOST + 2)]
    assert len(set(map(id, kept))) == pool.MOST + 2


def test_what_a_thread_took_to_its_grave_does_not_count(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAIT", 0)
    shared = Pool(str(path))
    for _ in range(3 * pool.MOST):
        shared.take(lambda: opened(path))
    gc.collect()  # they refer to themselves
    monkeypatch.setattr(pool, "WAIT", 60)
    begun = time.monotonic()
    shared.take(lambda: opened(path))
    assert time.monotonic() - begun < pool.WAIT


def test_a_fork_takes_none_along(path: Path, database: DatabaseWrapper) -> None:
    """SQLite's locks stay with the parent: what it opened must not even lie idle in the child."""
    count(database)
    database.close()
    child = os.fork()
    if child == 0:
        try:
            inherited = [fd.resolve() for fd in Path("/proc/self/fd").iterdir()]
            os._exit(0 if path not in inherited and count(database) == 0 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert count(database) == 0


def test_the_portal_uses_it() -> None:
    assert isinstance(connections["default"], DatabaseWrapper)
    with transaction.atomic():
        assert connections["default"].in_atomic_block
