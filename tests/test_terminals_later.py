"""Terminal recordings that come in pieces, are put away later, or are not taken at all."""

import gzip
import json

import pytest
from pytest_django import Settings

from recordings import tasks
from recordings.ingest import kinds
from recordings.models import Kind, Recording, Session, Status, Terminal, User
from tests.casting import LIST, SIDECAR, original_of_cast, sent, taken
from tests.making import (
    api,
    let_leases_end,
    post,
    staged,
    stored,
    sweep_after_silence,
)
from tests.terminal.build import cast
from tests.tus_client import Tus, metadata

pytestmark = pytest.mark.django_db


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "terminal", "filename": "a.json", "title": "", "sidecar": json.dumps(SIDECAR)},
        {"filename": "demo.cast"},
        {"filename": "demo.CAST.GZ"},
        {"name": "demo.cast"},
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_resumable_upload_says_of_what_kind_it_is(said: dict[str, str], packed: bool, tus: Tus) -> None:
    data = gzip.compress(cast()) if packed else cast()
    address = tus.begun(len(data), Upload_Metadata=metadata(**said))
    assert tus.patch(address, 0, data[:40]).status_code == 204
    assert tus.patch(address, 40, data[40:]).status_code == 204
    recording = Recording.objects.get()
    assert (recording.kind, recording.status) == (Kind.TERMINAL, Status.READY)
    assert original_of_cast(recording) == data
    assert recording.terminal.login == ("deploy" if "sidecar" in said else "")


def test_what_begins_like_something_else_is_refused_at_once(tus: Tus) -> None:
    video = tus.begun(100, Upload_Metadata=metadata(kind="terminal"))
    assert tus.patch(video, 0, b"\x1aE\xdf\xa3" + bytes(96)).status_code == 415
    assert Recording.objects.get().status == Status.FAILED
    assert tus.create(len(cast()), cast(), Upload_Metadata=metadata(kind="video")).status_code == 415


@pytest.mark.parametrize("said", [{"kind": "sound"}, {"kind": "terminal", "sidecar": "[]"}])
def test_metadata_that_makes_no_sense_is_refused(said: dict[str, str], tus: Tus) -> None:
    assert tus.create(10, Upload_Metadata=metadata(**said)).status_code == 400
    assert not Recording.objects.exists()


def test_a_recording_takes_bytes_of_its_own_kind_only(tus: Tus) -> None:
    failed = tus.begun(100, Upload_Metadata=metadata(kind="terminal"))
    tus.patch(failed, 0, bytes(100))
    recording = str(Recording.objects.get().pk)
    assert tus.create(10, Upload_Metadata=metadata(recording_id=recording)).status_code == 409
    again = tus.create(len(cast()), cast(), Upload_Metadata=metadata(recording_id=recording, kind="terminal"))
    assert again.status_code == 201
    assert Recording.objects.get().status == Status.READY


def test_what_has_arrived_of_a_silent_upload_is_shown_and_the_rest_takes_its_place(tus: Tus, alice: User) -> None:
    data = cast(*([i / 10, "o", f"line {i}\r\n"] for i in range(200)), [20, "m", "end"], sortie={"host": "db1"})
    address = tus.begun(len(data), Upload_Metadata=metadata(kind="terminal"))
    tus.patch(address, 0, data[:1000])
    sweep_after_silence()
    part = Recording.objects.get()
    assert (part.status, part.incomplete, part.terminal.host) == (Status.READY, True, "db1")
    assert 0 < part.terminal.events["o"] < 200
    tus.patch(address, 1000, data[1000:])
    whole = Recording.objects.get()
    assert (whole.incomplete, whole.terminal.events) == (False, {"o": 200, "m": 1})
    assert original_of_cast(whole) == data
    assert [marker.label for marker in whole.markers.all()] == ["end"]
    assert [key for key in stored() if key.endswith(".gz")] == [whole.storage_key]


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if all that is longer than a hundred bytes took long to read."""
    monkeypatch.setattr(kinds, "LARGEST_READ_AT_ONCE", 100)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("way", ["form", "tus"])
def test_large_ones_are_safe_at_once_and_ready_later(way: str, alice: User, tus: Tus) -> None:
    if way == "form":
        assert sent(alice, cast()).json()["status"] == "uploading"
    else:
        assert tus.create(len(cast()), cast(), Upload_Metadata=metadata(kind="terminal")).status_code == 201
    assert Recording.objects.get().status == Status.UPLOADING
    tasks.sweep()
    assert Recording.objects.get().status == Status.READY
    assert original_of_cast(Recording.objects.get()) == cast()
    assert staged() == []


def test_what_takes_longer_than_it_looks_is_left_to_a_worker(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "LONGEST_READ_AT_ONCE", -1.0)
    data = gzip.compress(cast())
    recording = taken(alice, data)
    assert recording.status == Status.UPLOADING
    let_leases_end()
    tasks.sweep()
    recording.refresh_from_db()
    assert recording.status == Status.READY
    assert original_of_cast(recording) == data


@pytest.mark.usefixtures("small_steps")
def test_large_ones_that_are_damaged_fail_later_with_the_reason(alice: User) -> None:
    assert sent(alice, cast([1, "o", "x" * 100], [2, "o"], [3, "o", "y"])).status_code == 201
    tasks.sweep()
    failed = Recording.objects.get()
    assert (failed.status, failed.name) == (Status.FAILED, "demo.cast")
    assert "line 3" in failed.error
    assert not Terminal.objects.exists()


# --- switched off ---------------------------------------------------------------------------------------------


def test_a_kind_that_is_switched_off_is_not_taken(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_TERMINAL_RECORDING_ENABLED = False
    refused = tus.create(10, Upload_Metadata=metadata(kind="terminal"))
    assert (refused.status_code, refused.json()["detail"]) == (415, "Terminal recordings are switched off here.")
    assert tus.create(10).status_code == 201
    settings.SORTIE_VIDEO_RECORDING_ENABLED = False
    assert tus.create(10).status_code == 415


@pytest.mark.urls("tests.urls_without_terminals")
def test_its_route_is_not_there_where_terminals_are_switched_off(alice: User) -> None:
    assert post(api(alice), LIST, cast(), "application/x-asciicast").status_code == 405
    assert api(alice).get(LIST).json() == []


def test_terminals_are_kept_ninety_days_unless_said_otherwise(alice: User, settings: Settings) -> None:
    recording = taken(alice, cast())
    assert recording.completed_at is not None
    assert recording.expires_at is not None
    assert (recording.expires_at - recording.completed_at).days == 90
    settings.SORTIE_TERMINAL_RETENTION_DAYS = 0
    assert recording.expires_at is None
    assert Session.objects.get().status == "stopped"
