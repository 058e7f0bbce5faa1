"""Clients that are alive: written down for all who were heard of meanwhile, holding nobody up."""

import threading
from collections.abc import Collection
from uuid import uuid4

import pytest
from django.db import OperationalError

from recordings import connections
from recordings.ingest import resumable
from recordings.ingest.grants import Grant
from recordings.ingest.leases import Leases
from recordings.models import Kind
from tests.waiting import PATIENCE

pytestmark = pytest.mark.only("single")


class Book:
    """In place of the database: takes what is written, as long as `open` is set, and fails when told to."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()
        self.error: Exception | None = None
        self.written: list[set[Grant]] = []

    def touch(self, grants: Collection[Grant]) -> None:
        self.asked.set()
        assert self.open.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        self.written.append(set(grants))


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Book:
    made = Book()
    monkeypatch.setattr(resumable, "touch", made.touch)
    monkeypatch.setattr(connections, "give_back", lambda: None)
    return made


@pytest.fixture
def leases() -> Leases:
    return Leases()


def grant(*, live: bool = True) -> Grant:
    return Grant(uuid4(), uuid4(), None, 0, None, 100, live, Kind.VIDEO, None)


def test_a_client_is_noted_once_in_a_while(book: Book, leases: Leases) -> None:
    book.open.set()
    one, other = grant(), grant(live=False)
    for _ in range(3):
        leases.heard(one)
        leases.heard(other)
    assert book.written == [{one}, {other}]


def test_those_who_come_meanwhile_wait_for_nobody(book: Book, leases: Leases) -> None:
    first, *others = (grant() for _ in range(20))
    writer = threading.Thread(target=leases.heard, args=[first])
    writer.start()
    assert book.asked.wait(PATIENCE)
    for other in others:
        leases.heard(other)
    assert book.written == []
    book.open.set()
    writer.join(PATIENCE)
    assert book.written == [{first}, set(others)]


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("wrong")])
def test_what_could_not_be_written_is_tried_again(book: Book, leases: Leases, error: Exception) -> None:
    book.open.set()
    book.error = error
    one = grant()
    if isinstance(error, OperationalError):
        leases.heard(one)
    else:
        with pytest.raises(RuntimeError):
            leases.heard(one)
    book.error = None
    leases.heard(one)
    assert book.written == [{one}]
