"""Uploads over real connections: refused before the body is sent, broken off in the middle, and two at a time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from recordings.models import Recording, User
from tests.live import Web, Wire, database_url
from tests.making import BOUNDARY, FORM, events, field, file, form, started, token_of, webm
from tests.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

Headers = dict[str, str | int]
TOO_MUCH = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with Web(database_url(), SORTIE_RECORDING_MAX_SIZE_MB="1") as server:
        yield server


class Sender:
    """Alice's program, with one recording to upload."""

    def __init__(self, web: Web, alice: User) -> None:
        self.web = web
        self.recording = started(alice)
        self.path = f"/api/sessions/{self.recording.session_id}/recording/upload"
        self.form = form(field("recording_id", str(self.recording.pk)), file(webm()))
        self.headers: Headers = {"Authorization": f"Bearer {token_of(alice)}", "Content-Type": FORM}

    def begin(self, wire: Wire, headers: Headers, *, bare: bool = False) -> None:
        kind = {"Content-Type": "video/webm"} if bare else {}
        path = f"{self.path}?recording_id={self.recording.pk}" if bare else self.path
        wire.head("POST", path, {**self.headers, **kind, **headers})


@pytest.fixture
def sender(web: Web, alice: User) -> Sender:
    return Sender(web, alice)


def nothing_comes_of_it(sender: Sender) -> None:
    until(lambda: sender.web.staged() == [])
    assert Recording.objects.get(pk=sender.recording.pk).status == "recording"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": 10**10}, 413),
        ({"Content-Length": 10**10, "Content-Type": "video/webm"}, 413),
        ({"Content-Length": 10**14}, 413),
        ({"Content-Length": 10**10, "Expect": "100-continue"}, 413),
        ({"Content-Length": TOO_MUCH}, 413),
        ({}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Transfer-Encoding": "chunked", "Content-Length": 5}, 411),
        ({"Content-Length": "+5"}, 400),
        ({"Content-Length": "-5"}, 400),
        ({"Content-Length": "0x5"}, 400),
        ({"Content-Length": "5\r\nContent-Length: 6"}, 400),
        ({"Content-Length": 10**10, "Content-Type": "image/png"}, 413),
        ({"Content-Length": 5000, "Content-Type": "image/png"}, 415),
        ({"Content-Length": 5000, "Content-Type": "multipart/form-data"}, 400),
    ],
)
def test_a_wrong_head_is_answered_before_any_body(sender: Sender, headers: Headers, status: int) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, headers)
        assert wire.answer()[0] == status
    nothing_comes_of_it(sender)


def test_who_sends_too_much_all_the_same_can_read_why(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": 50_000_000})
        with suppress(ConnectionError):
            for _ in range(200):
                wire.send(bytes(250_000))
        status, _, body = wire.answer()
    assert status == 413
    assert b"Recording too large (max 1 MB)" in body


def test_what_follows_a_refused_head_is_not_taken_for_a_request(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": TOO_MUCH})
        wire.head("GET", "/login", {})
        assert wire.rest().count(b"HTTP/1.1 ") == 1


def test_who_is_refused_is_told_that_the_connection_ends(sender: Sender) -> None:
    """A client that is not sends its next request there, and gets no answer to it."""
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": 500_000, "Content-Type": "image/png"})
        status, headers, _ = wire.answer()
        assert (status, headers["Connection"]) == (415, "close")
        assert wire.rest() == b""


def test_a_connection_serves_on_once_a_body_was_read(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(sender.form)})
        wire.send(sender.form)
        status, headers, _ = wire.answer()
        assert (status, headers["Connection"]) == (200, None)
        wire.head("GET", "/login", {})
        assert wire.answer()[0] == 200


def test_a_client_may_ask_before_it_sends(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(sender.form), "Expect": "100-continue"})
        assert wire.line() == b"HTTP/1.1 100 Continue"
        wire.send(sender.form)
        assert wire.answer()[0] == 200


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("missing", [1, 1000, 200_000])
@pytest.mark.parametrize("polite", [True, False])
def test_a_body_that_breaks_off_is_no_recording(sender: Sender, bare: bool, missing: int, polite: bool) -> None:
    # More than a block, so that some of it is staged before it breaks off.
    data = webm() * 3
    whole = data if bare else form(field("recording_id", str(sender.recording.pk)), file(data))
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(whole)}, bare=bare)
        wire.send(whole[:-missing])
        if polite:
            wire.no_more()
            status, _, body = wire.answer()
            assert status == 400
            assert b"broke off" in body
        else:
            until(sender.web.staged)
            wire.vanish()
    nothing_comes_of_it(sender)


def test_a_form_as_long_as_announced_but_without_an_end_is_none(sender: Sender) -> None:
    whole = sender.form.replace(f"--{BOUNDARY}--".encode(), f"--{BOUNDARY}xx".encode())
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(whole)})
        wire.send(whole)
        assert wire.answer()[0] == 400
    nothing_comes_of_it(sender)


def test_more_than_announced_is_not_part_of_it(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(webm())}, bare=True)
        wire.send(webm() + b"GET /admin HTTP/1.1\r\n\r\n")
        assert wire.answer()[0] == 200
    assert Recording.objects.get().size_bytes == len(webm())


def test_a_slow_body_is_taken_as_it_comes(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(sender.form)})
        third = len(sender.form) // 3
        for at in range(0, len(sender.form), third):
            wire.send(sender.form[at : at + third])
            time.sleep(0.2)
        assert wire.answer()[0] == 200
    assert sender.web.staged() == []


def test_of_many_uploads_at_once_one_counts(sender: Sender) -> None:
    def send(_: int) -> int:
        with sender.web.connected(timeout=60) as wire:
            sender.begin(wire, {"Content-Length": len(sender.form)})
            wire.send(sender.form[:-10])
            time.sleep(0.3)
            wire.send(sender.form[-10:])
            return wire.answer()[0]

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(send, range(6)))
    assert 200 in statuses
    assert statuses <= {200, 202}
    until(lambda: Recording.objects.get().status == "ready")
    assert events(sender.recording).count("upload") == 1
    until(lambda: sender.web.staged() == [])


def test_the_bytes_come_back_as_they_were_sent(sender: Sender) -> None:
    with sender.web.connected() as wire:
        sender.begin(wire, {"Content-Length": len(sender.form)})
        wire.send(sender.form)
        assert wire.answer()[0] == 200
    with sender.web.connected() as wire:
        headers = {name: value for name, value in sender.headers.items() if name == "Authorization"}
        wire.head("GET", f"/api/recordings/{sender.recording.pk}/download?original=1", headers)
        assert wire.answer()[2] == webm()
