"""Terminal recordings by a share link: the screen, and neither what was typed nor where."""

import gzip
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recordings import policies, retention, sharing
from recordings.audit import SORTIE, Actor
from recordings.models import Recording, ShareLink, User
from recordings.policies import Switch
from tests.casting import made
from tests.guests import enters, guest, shared, watch
from tests.making import browser
from tests.playables import body
from tests.portal import Portal
from tests.terminal.build import cast, version_1, version_3

pytestmark = pytest.mark.django_db

WHERE: dict[str, Any] = {
    "command": "ssh deploy@db-7.internal",
    "env": {"SHELL": "/bin/zsh", "USER": "deploy"},
    "sortie": {"session_id": "7f3a", "host": "db-7.internal", "host_id": "9b1c", "user": "deploy"},
}
TELLING = ("db-7", "deploy", "zsh", "7f3a", "9b1c", "1768228222", "hunter2")


@pytest.fixture
def typed_is_kept(alice: User) -> None:
    policies.turn(Switch.KEEP_INPUT, SORTIE, on=True)


def seen(recording: Recording, **headers: str) -> bytes:
    """What a guest's player is given."""
    path, client = shared(recording), guest()
    assert enters(client, path) == 200
    answer = watch(client, path, **headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/x-asciicast"
    assert "no-store" in answer.headers["Cache-Control"]
    return body(answer)


def events(data: bytes) -> list[Any]:
    return [json.loads(line, parse_float=Decimal) for line in data.splitlines()[1:]]


def test_a_guest_is_given_the_screen_and_not_the_host(alice: User) -> None:
    theme = {"fg": "#ffffff", "bg": "#000000", "palette": ":".join(["#111111"] * 8)}
    recording = made(alice, cast(**WHERE, theme=theme, idle_time_limit=2.5, title="On db-7"), title="Failover")
    data = seen(recording)
    header = {"version": 2, "title": "Failover", "width": 80, "height": 24, "theme": theme, "idle_time_limit": 2.5}
    assert json.loads(data.partition(b"\n")[0]) == header
    assert [event[2] for event in events(data)] == ["one\r\n", "two\r\n", "three\r\n"]
    assert not [word for word in TELLING if word in data.decode()]


@pytest.mark.usefixtures("typed_is_kept")
@pytest.mark.parametrize("kind", [cast, version_3])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_was_typed_is_kept_from_guests(kind: Any, pack: Any, alice: User) -> None:
    """Also where policy keeps it; and what comes after it is shown when it was shown."""
    times = (0.5, 0.25, 0.25, 1.25, 2) if kind is version_3 else (0.5, 0.75, 1, 2.25, 4.25)
    said = (("o", "$ "), ("i", "hunter2"), ("i", "\r"), ("o", "ok \\u00e9\r\n"), ("x", "0"))
    typed = [[at, *event] for at, event in zip(times, said, strict=True)]
    recording = made(alice, pack(kind(*typed, **WHERE)), title="x")
    assert b"hunter2" in body(browser(alice).get(f"/recordings/{recording.pk}/media"))
    data = seen(recording)
    assert not [word for word in TELLING if word in data.decode()]
    expected = ["0.5", "1.75", "2"] if kind is version_3 else ["0.5", "2.25", "4.25"]
    assert [event[0] for event in events(data)] == list(map(Decimal, expected))
    assert [event[1:] for event in events(data)] == [["o", "$ "], ["o", "ok \\u00e9\r\n"], ["x", "0"]]


@pytest.mark.usefixtures("typed_is_kept")
def test_comments_and_unknown_events_are_no_way_around_that(alice: User) -> None:
    recording = made(
        alice, version_3([1, "o", "a"], b"# hunter2", [1, "q", "hunter2"], [1, "o", "b"], [1, "m", "here"])
    )
    assert [event[1:] for event in events(seen(recording))] == [["o", "a"], ["o", "b"], ["m", "here"]]


def test_a_long_one_comes_whole_and_compressed_where_that_is_understood(alice: User) -> None:
    shown = [[at / 100, "o", f"line {at} {'é' * 50}\r\n"] for at in range(30_000)]
    recording = made(alice, cast(*shown))
    packed = seen(recording, **{"Accept-Encoding": "gzip"})
    plain = seen(recording)
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 5
    assert [event[2] for event in events(plain)] == [text for _, _, text in shown]


def test_a_file_is_given_only_where_the_link_says_so_and_never_the_original(alice: User) -> None:
    recording = made(alice, version_1([1, "x"], command="ssh db-7"), title="Nightly: backup")
    path, client = shared(recording, can_download=True), guest()
    enters(client, path)
    for query in ("", "?original=1", "?format=cast.gz"):
        answer = client.get(f"{path}/download{query}")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="Nightly_ backup.cast"'
        assert "Content-Encoding" not in answer.headers
        assert b"db-7" not in body(answer)
    other = shared(recording)
    enters(client, other)
    assert client.get(f"{other}/download").status_code == 404


def test_the_page_has_its_player_and_tells_nothing_more(alice: User) -> None:
    recording = made(alice, cast(**WHERE), title="Failover")
    answer = guest().get(shared(recording))
    text = answer.content.decode()
    assert "<cast-player" in text
    assert "wasm-unsafe-eval" in answer["Content-Security-Policy"]
    for hidden in (*TELLING, "alice", str(recording.pk), str(recording.session_id), "/api/", "Download"):
        assert hidden not in text, hidden


@pytest.mark.parametrize("range_", ["bytes=0-3", "bytes=100-", None])
def test_a_link_that_was_revoked_gives_away_nothing_more(range_: str | None, alice: User) -> None:
    recording = made(alice, cast())
    path, client = shared(recording, can_download=True), guest()
    enters(client, path)
    assert body(watch(client, path))
    sharing.revoke(ShareLink.objects.select_related("recording").get(), Actor(alice))
    for part in ("media", "download", "poster", "state"):
        answer = client.get(f"{path}/{part}", headers={"Range": range_} if range_ else {})
        assert (answer.status_code, answer.content) == (404, b"")


def test_what_is_being_sent_breaks_off_when_the_recording_is_deleted(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "LOOK_EVERY", 0.0)
    recording = made(alice, cast(*([at / 100, "o", "x" * 1000] for at in range(1500))))
    path, client = shared(recording), guest()
    enters(client, path)
    blocks = watch(client, path).streaming_content
    next(blocks)
    retention.delete(recording, Actor(alice))
    with pytest.raises(sharing.LinkClosed):
        list(blocks)


@pytest.mark.only("single")
def test_asciinema_plays_the_address_itself(portal: Portal, tmp_path: Path) -> None:
    """Version 2.4 as it is: it follows what the page says of where the cast is."""
    with portal.client("alice") as alice:
        sent = alice.post("/api/recordings", files={"file": cast([0.1, "o", "shared screen\r\n"], **WHERE)})
        link = alice.post(f"/api/recordings/{sent.json()['id']}/shares").json()
    command = [Path(sys.executable).with_name("asciinema"), "cat", link["url"]]
    environment = {"HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"shared screen\r\n"), done.stderr
