"""Terminal recordings on their way in: by form, bare and by tus; what is known of them, and what is not kept."""

import gzip
import json
from hashlib import sha256
from typing import Any

import pytest
from pytest_django import Settings

from recordings import policies
from recordings.audit import SORTIE
from recordings.models import AuditEvent, Recording, Session, Status, User
from recordings.policies import Switch
from tests.casting import LIST, SIDECAR, original_of_cast, sent, taken
from tests.making import (
    FORM,
    api,
    browser,
    events,
    field,
    file,
    form,
    playable_of,
    post,
    staged,
    stored,
)
from tests.terminal.build import HEADER, bomb, cast, lines, version_1, version_3

pytestmark = pytest.mark.django_db

TYPED = cast([0.5, "o", "$ "], [0.7, "i", "hunter2\r"], [1.0, "o", "\r\nok\r\n"])

UPLOADS = {
    "version 1": version_1([0.5, "one\r\n"], [0.75, "two\r\n"], [60, "three\r\n"]),
    "version 2": cast(),
    "version 3": version_3([0.5, "o", "one\r\n"], [0.75, "o", "two\r\n"], [60, "o", "three\r\n"]),
    "compressed": gzip.compress(cast()),
    "compressed in parts": gzip.compress(cast()[:100]) + gzip.compress(cast()[100:]),
    "blank lines": cast().replace(b"\n", b"\n\n"),
}


@pytest.mark.parametrize("name", UPLOADS)
def test_it_is_ready_and_comes_back_bit_for_bit(name: str, alice: User) -> None:
    data = UPLOADS[name]
    answer = sent(alice, data)
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["Location"] == f"{LIST}/{told['id']}"
    assert (told["status"], told["kind"], told["format"]) == ("ready", "terminal", "cast")
    assert (told["size_bytes"], told["sha256"]) == (len(data), sha256(data).hexdigest())
    assert (told["duration_seconds"], told["width"], told["height"]) == (61.25, 80, 24)
    assert told["terminal"]["events"] == {"o": 3}
    recording = Recording.objects.get()
    assert original_of_cast(recording) == data
    assert staged() == []
    assert len(stored()) == 1
    assert sorted(events(recording)) == ["start", "stop", "upload"]


@pytest.mark.parametrize(
    "content_type", ["application/x-asciicast", "application/gzip", "application/octet-stream"]
)
def test_a_bare_body_is_enough(content_type: str, alice: User) -> None:
    data = gzip.compress(cast())
    answer = post(api(alice), f"{LIST}?title=Nightly%20backup", data, content_type)
    assert (answer.status_code, answer.json()["title"]) == (201, "Nightly backup")
    assert original_of_cast(Recording.objects.get()) == data


def test_header_and_sidecar_say_who_where_and_what(alice: User) -> None:
    about = {"host": "db1.example", "user": "root", "session_id": "s-1", "agent": "sortie/0.1.0"}
    data = cast(
        *([0.1, "o", "x"], [2.0, "r", "132x50"], [2.5, "m", "here"], [3.0, "x", "3"], [3.0, "q", "?"]),
        title="Nightly",
        command="make backup",
        env={"SHELL": "/bin/zsh"},
        sortie=about,
    )
    recording = taken(alice, data, sidecar=json.dumps(SIDECAR))
    terminal = recording.terminal
    said = (terminal.host, terminal.login, terminal.host_id, terminal.reference, terminal.agent)
    assert said == ("db1.example", "root", "9b1c", "s-1", "sortie/0.1.0")
    assert (terminal.command, terminal.shell, terminal.command_count) == ("make backup", "/bin/zsh", 3)
    assert terminal.exit_status == 3
    assert terminal.events == {"o": 1, "r": 1, "m": 1, "x": 1, "other": 1}
    assert (terminal.most_columns, terminal.most_rows) == (132, 50)
    assert terminal.recorded_at is not None
    assert terminal.recorded_at.timestamp() == HEADER["timestamp"]
    assert (recording.title, recording.session.target, recording.session.kind) == (
        "Nightly",
        "db1.example",
        "terminal",
    )
    assert list(recording.markers.values_list("at_ms", "label")) == [(2500, "here")]
    assert recording.duration_ms == 3000


def test_without_a_header_the_sidecar_is_believed(alice: User) -> None:
    terminal = taken(
        alice, lines({"version": 2, "width": 80, "height": 24}, [1, "o", "x"]), sidecar=json.dumps(SIDECAR)
    )
    assert terminal.terminal.login == "deploy"
    assert terminal.terminal.recorded_at is not None
    assert terminal.terminal.recorded_at.isoformat() == "2026-03-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ({"title": "From the header"}, "Given", "Given"),
        ({"title": "From the header", "command": "ls"}, "", "From the header"),
        ({"command": "ls -l"}, "", "ls -l"),
        ({"sortie": {"user": "root", "host": "db1"}}, "", "root@db1"),
        ({}, "", "demo"),
    ],
)
def test_what_it_is_called(header: dict[str, Any], given: str, expected: str, alice: User) -> None:
    recording = taken(alice, cast(**header), title=given)
    assert (recording.name, Session.objects.get().title) == (expected, expected)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"truncated": True}, "size limit"),
        ({"dropped_events": 1200}, "1,200 events"),
        ({"incomplete": True}, "end of the session"),
    ],
)
def test_what_its_recorder_knows_to_be_missing_is_told(said: dict[str, Any], expected: str, alice: User) -> None:
    recording = taken(alice, cast(), sidecar=json.dumps(SIDECAR | said))
    assert (recording.status, recording.incomplete) == (Status.READY, True)
    assert expected in recording.error


NONSENSE: dict[str, Any] = {
    "other types": {"user": 5, "host_id": ["x"], "command_count": "3", "dropped_events": -1, "truncated": "yes"},
    "too large": {"command_count": 2**40, "dropped_events": 10**30, "session_id": "x" * 4000},
    "odd characters": {"user": "a\0b\ud800\u202e", "start_time": "yesterday"},
    "times that are none": {"start_time": "9999-12-31T23:59:59-23:59"},
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_sidecar_that_makes_no_sense_does_no_harm(name: str, alice: User) -> None:
    recording = taken(alice, cast(), sidecar=json.dumps(NONSENSE[name]))
    assert (recording.status, recording.incomplete, recording.terminal.command_count) == ("ready", False, None)


@pytest.mark.parametrize("sidecar", ["[]", "5", "{", "[" * 100_000, '{"a": "' + "x" * 20_000 + '"}', '"text"'])
def test_a_sidecar_that_is_no_object_is_refused_and_nothing_is_kept(sidecar: str, alice: User) -> None:
    answer = sent(alice, cast(), sidecar=sidecar)
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad Request")
    assert not Recording.objects.exists()
    assert staged() == []


def odd(data: bytes) -> bytes:
    """With halves of a surrogate pair, as JSON may have them."""
    return data.replace(b"HALF", rb"\ud800")


STRANGE: dict[str, bytes] = {
    "texts of odd characters": odd(cast(title="a\0b", command="HALF", env={"USER": "\u202e", "SHELL": "\0"})),
    "labels": odd(cast([1, "m", "\0HALF"], [2, "o", "\0HALF"])),
    "an exit status beyond all": cast([1, "o", "x"], [2, "x", "-9999999999"]),
    "a time long ago": cast(timestamp=253_402_300_799),
    "codes of odd characters": odd(cast([1, "\0", "x"], [1, "HALF", "x"], [2, "o", "x"])),
    "times backwards": cast([5, "o", "x"], [1, "o", "y"]),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_strange_is_taken_and_can_be_listed(name: str, alice: User) -> None:
    recording = taken(alice, STRANGE[name])
    assert recording.status == Status.READY
    assert original_of_cast(recording) == STRANGE[name]
    assert api(alice).get(LIST).json()[0]["id"] == str(recording.pk)


# --- what is no recording -------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 415, "empty"),
    "a page": (b"<!doctype html><p>hello", 415, "HTML"),
    "a video": (b"\x1aE\xdf\xa3" + bytes(100), 415, "WebM"),
    "other JSON": (b'{"hello": 1}\n', 415, "no version"),
    "version 5": (cast(version=5), 415, "version 1, 2 and 3"),
    "a wrong line": (cast([1, "o", "x"], [2, "o"], [3, "o", "z"]), 422, "line 3"),
    "no size": (cast(width=-1), 422, "line 1"),
    "no events": (lines(HEADER), 422, "no events"),
    "too large a terminal": (cast(width=10**9), 422, "terminal"),
    "a bomb": (gzip.compress(cast()) + bomb(1 << 30), 422, "too long"),
    "zeros": (bytes(5000), 415, "not a terminal recording"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_reason(name: str, alice: User) -> None:
    data, status, reason = REFUSED[name]
    answer = sent(alice, data)
    assert answer.status_code == status, answer.content
    assert reason in answer.json()["detail"]
    assert staged() == []
    assert stored() == []
    assert set(Recording.objects.values_list("status", flat=True)) <= {Status.FAILED}


def test_the_number_of_a_wrong_line_is_told_to_programs(alice: User) -> None:
    assert sent(alice, cast([1, "o", "x"], b"oops", [3, "o", "z"])).json()["line"] == 3


@pytest.mark.parametrize("packed", [False, True])
def test_one_that_is_cut_off_is_taken_up_to_its_last_whole_event(packed: bool, alice: User) -> None:
    data = gzip.compress(cast())[:-12] if packed else cast()[:-10]
    recording = taken(alice, data)
    assert (recording.status, recording.incomplete) == (Status.READY, True)
    assert "breaks off" in recording.error
    assert original_of_cast(recording) == data


def test_other_bodies_are_not_read(alice: User) -> None:
    assert post(api(alice), LIST, cast(), "text/plain").status_code == 415
    assert post(api(alice), LIST, form(field("title", "x")), FORM).status_code == 400
    assert post(api(alice), LIST, form(field("title", "x" * 201), file(cast())), FORM).status_code == 400
    assert staged() == []


def test_it_takes_somebody_who_is_signed_in() -> None:
    assert post(browser(None), LIST, cast(), "application/x-asciicast").status_code == 401


def test_larger_than_allowed_is_refused(alice: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    answer = sent(alice, cast([1, "o", "x" * 1_200_000]))
    assert (answer.status_code, answer.json()["detail"]) == (413, "Recording too large (max 1 MB)")


# --- what was typed -------------------------------------------------------------------------------------------


def test_what_was_typed_is_left_out_for_good_unless_policy_keeps_it(alice: User) -> None:
    recording = taken(alice, TYPED)
    kept = original_of_cast(recording)
    assert b"hunter2" not in kept
    assert [json.loads(line)[1] for line in kept.splitlines()[1:]] == ["o", "o"]
    assert recording.terminal.input_removed
    assert recording.terminal.original_sha256 == sha256(kept).hexdigest()
    assert (recording.size_bytes, recording.sha256) == (len(TYPED), sha256(TYPED).hexdigest())
    assert recording.incomplete is False
    assert AuditEvent.objects.get(action="upload").detail["input_removed"] is True
    for key in stored():
        assert b"hunter2" not in gzip.decompress(_object(recording, key))


def test_what_was_typed_is_kept_where_policy_says_so(alice: User) -> None:
    policies.turn(Switch.KEEP_INPUT, SORTIE, on=True)
    recording = taken(alice, TYPED)
    assert original_of_cast(recording) == TYPED
    assert not recording.terminal.input_removed
    policies.turn(Switch.KEEP_INPUT, SORTIE, on=False)
    assert b"hunter2" not in original_of_cast(taken(alice, TYPED))


def _object(recording: Recording, key: str) -> bytes:
    assert recording.storage_key == key
    return playable_of(recording)
