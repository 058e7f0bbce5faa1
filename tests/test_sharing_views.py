"""How often a link may be watched: a view is one guest, counted once, and no more get through than may."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from recordings.models import AuditEvent, Recording, ShareLink, ShareVisit, User
from tests.guests import PARTS, enters, guest, pictured, plays, shared, watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(alice: User) -> Recording:
    return pictured(alice)


def test_a_view_is_one_guest_however_often_they_seek_and_reload(recording: Recording) -> None:
    path, client = shared(recording), guest()
    for _ in range(3):
        enters(client, path)
        for start in (0, 1000, 5000):
            assert watch(client, path, Range=f"bytes={start}-").status_code == 206
    assert ShareLink.objects.get().views == 1
    other = guest()
    enters(other, path)
    plays(other, path)
    assert ShareLink.objects.get().views == 2


def test_who_only_looks_at_the_page_is_no_view(recording: Recording) -> None:
    """Chat programs do, to show what a link is about."""
    path = shared(recording, view_limit=1)
    for _ in range(5):
        bot = guest()
        assert bot.get(path).status_code == 200
        assert bot.head(path).status_code == 200
        assert bot.head(f"{path}/media").status_code == 403
    assert ShareLink.objects.get().views == 0


def test_a_used_up_link_still_serves_those_who_used_it(recording: Recording) -> None:
    path, first, second = shared(recording, view_limit=1), guest(), guest()
    enters(first, path)
    enters(second, path)
    assert plays(first, path)
    for part in PARTS:
        assert second.get(f"{path}/{part}").status_code == 404, part
    assert second.get(path).status_code == 404
    assert guest().get(path).status_code == 404
    assert first.get(path).status_code == 200
    assert watch(first, path, Range="bytes=500-").status_code == 206
    assert ShareLink.objects.get().state == "used up"


def test_pictures_are_no_way_around_the_limit(recording: Recording) -> None:
    path = shared(recording, view_limit=1)
    for part in PARTS[1:]:
        client = guest()
        client.get(path)
        client.get(f"{path}/{part}")
    assert ShareLink.objects.get().views == 1
    assert ShareVisit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_limit_holds_against_many_at_the_same_moment(recording: Recording) -> None:
    path = shared(recording, view_limit=3)
    gate = threading.Barrier(8, timeout=60)

    def come(number: int) -> list[bool]:
        client = guest(f"10.0.0.{number}")
        enters(client, path)
        gate.wait()
        try:
            return [plays(client, path) for _ in range(2)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(come, range(8)))
    assert sorted(answers) == [[False, False]] * 5 + [[True, True]] * 3
    assert ShareLink.objects.get().views == 3
    assert AuditEvent.objects.filter(action="view").count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_player_that_asks_twice_at_once_is_one_view(recording: Recording) -> None:
    path = shared(recording, view_limit=1)
    first = guest()
    enters(first, path)
    gate = threading.Barrier(6, timeout=60)

    def ask(_: int) -> bool:
        client = guest()
        client.cookies = first.cookies
        gate.wait()
        try:
            return plays(client, path)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [True] * 6
    assert ShareLink.objects.get().views == 1
