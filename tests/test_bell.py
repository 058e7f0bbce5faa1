"""Ringing for a worker: heard by a broker that is there, and no trouble of ours where there is none."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import redis
from celery import Celery
from django.db import transaction

from recordings import jobs, tasks
from recordings.models import Job, JobKind, User
from tests.making import started
from tests.services import Redis, free_ports

FINISH = JobKind.FINISH


class Undone(Exception):
    pass


@contextmanager
def broker_saying(reply: bytes | None) -> Iterator[str]:
    """A Redis that answers everything with `reply`, or never."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        with suppress(OSError), client:
            while client.recv(65536):
                if reply is not None:
                    client.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
    listener.close()


def use_broker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    app = Celery("bell", broker=url, set_as_current=False)
    app.conf.broker_transport_options = {"socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
    monkeypatch.setattr(jobs, "current_app", app)


@pytest.mark.parametrize(
    "reply",
    [
        b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-NOAUTH Authentication required.\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MISCONF Redis is configured to save RDB snapshots\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        None,
    ],
)
def test_a_broker_in_trouble_is_no_trouble_of_ours(monkeypatch: pytest.MonkeyPatch, reply: bytes | None) -> None:
    with broker_saying(reply) as url:
        use_broker(monkeypatch, url)
        begun = time.monotonic()
        jobs.ring()
        assert time.monotonic() - begun < 5


def test_nor_is_one_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for port in free_ports(2):
        use_broker(monkeypatch, f"redis://127.0.0.1:{port}/0")
        begun = time.monotonic()
        jobs.ring()
        assert time.monotonic() - begun < 5


def test_ringing_is_heard_by_a_broker_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with Redis() as server:
        use_broker(monkeypatch, server.url)
        jobs.ring()
        with redis.Redis.from_url(server.url) as client:
            [message] = client.lrange("celery", 0, -1)
    assert json.loads(message)["headers"]["task"] == tasks.wake.name
    assert len(message) < 2000


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_when_the_job_can_be_seen_and_not_before(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(jobs, "ring", lambda: rung.append(Job.objects.exists()))
    with suppress(Undone), transaction.atomic():
        jobs.enqueue(FINISH, started(alice))
        raise Undone
    assert rung == []
    with transaction.atomic():
        jobs.enqueue(FINISH, started(alice))
        assert rung == []
    assert rung == [True]
