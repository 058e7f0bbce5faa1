"""tus PATCH: a piece goes behind what is there, or nowhere; and what was taken stays."""

import io
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from pytest_django import Settings

from recordings.api import tus as views
from recordings.ingest import finish, resumable, staging
from recordings.ingest.leases import Leases
from recordings.ingest.staging.local import LocalStaging
from recordings.jobs import PassingFault
from recordings.models import Job, Recording, Status, Upload, User
from tests import tus_client
from tests.making import api, let_leases_end, original_of, staged, sweep_after_silence
from tests.test_tus_creation import NO_NUMBER
from tests.tus_client import PIECE, UPLOADS, Tus, id_of

pytestmark = pytest.mark.django_db
DATA = tus_client.recording()


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


def on_disk(address: str) -> bytes:
    upload = Upload.objects.get(pk=id_of(address))
    with staging.current().whole(upload.pk, room=upload.room, final=False) as whole:
        return whole.path.read_bytes()[whole.room :]


def test_piece_by_piece(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    for start, end in pairwise([0, 1, 7, 4096, 4097, 9000, len(DATA)]):
        answer = tus.patch(address, start, DATA[start:end])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(end))
        assert answer.content == b""
        assert tus.offset(address) == end
    assert original_of(Recording.objects.get()) == DATA


@pytest.mark.parametrize(
    "kind", [None, "", "application/octet-stream", "video/webm", "multipart/form-data; boundary=x"]
)
def test_pieces_are_of_one_type(tus: Tus, kind: str | None) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA, Content_Type=kind).status_code == 415
    assert tus.offset(address) == 0


def test_the_type_may_have_parameters(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA[:5], Content_Type=f"{PIECE}; charset=binary").status_code == 204


@pytest.mark.parametrize("at", NO_NUMBER)
def test_an_offset_that_is_no_plain_number_is_refused(tus: Tus, at: str) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, at, DATA).status_code == 400
    assert tus.offset(address) == 0


def test_an_offset_is_needed(tus: Tus) -> None:
    assert tus.patch(tus.begun(len(DATA)), 0, DATA, Upload_Offset=None).status_code == 400


@pytest.mark.parametrize("at", [0, 499, 501, 5000, 10**15 - 1])
def test_another_offset_is_refused_and_both_are_said(tus: Tus, at: int) -> None:
    address = tus.begun()
    tus.patch(address, 0, DATA[:500])
    refused = tus.patch(address, at, b"")
    assert refused.status_code == (409 if at < 10**15 - 1 else 413)
    if refused.status_code == 409:
        assert refused.headers["Upload-Offset"] == "500"
        assert refused.json()["detail"] == f"The piece begins at {at}, but the upload is at 500."
    assert on_disk(address) == DATA[:500]


def test_a_piece_sent_twice_is_kept_once(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA[:500]).status_code == 204
    assert tus.patch(address, 0, DATA[:500]).status_code == 409
    assert on_disk(address) == DATA[:500]


def test_the_last_piece_sent_twice_is_answered_with_the_end(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA)
    again = tus.patch(address, 0, DATA)
    assert (again.status_code, again.headers["Upload-Offset"]) == (409, str(len(DATA)))
    nothing = tus.patch(address, len(DATA), b"")
    assert (nothing.status_code, nothing.headers["Upload-Offset"]) == (204, str(len(DATA)))
    assert tus.patch(address, len(DATA), b"more").status_code == 413
    assert original_of(Recording.objects.get()) == DATA


def test_an_empty_piece_changes_nothing(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:500])
    answer = tus.patch(address, 500, b"")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "500")


@pytest.mark.parametrize(
    "headers", [{"Content_Length": ""}, {"Content_Length": "-1"}, {"Transfer_Encoding": "chunked"}]
)
def test_a_piece_without_a_length_is_refused(tus: Tus, headers: dict[str, str]) -> None:
    """WSGI ends a body in chunks like one that broke off, and servers hand it over empty."""
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA, **headers).status_code == 411
    assert tus.offset(address) == 0


class BrokenStream(io.BytesIO):
    """A body whose sender hangs up: some servers end it, others raise."""

    def __init__(self, data: bytes, error: type[Exception] | None) -> None:
        super().__init__(data)
        self._error = error

    def read(self, size: int | None = -1, /) -> bytes:
        block = super().read(size)
        if not block and self._error:
            raise self._error("the client hung up")
        return block


@pytest.mark.parametrize("error", [None, OSError, ConnectionResetError])
def test_what_came_of_a_piece_that_broke_off_is_kept(tus: Tus, alice: User, error: type[Exception] | None) -> None:
    pk = UUID(id_of(tus.begun(len(DATA))))
    grant = resumable.look(alice, pk)
    assert resumable.append(grant, BrokenStream(DATA[:600], error), at=0, length=5000) == 600
    assert resumable.offset(Upload.objects.get(pk=pk)) == 600


def test_a_short_piece_is_never_a_whole_one(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    broken = tus.patch(address, 0, DATA[:600], Content_Length=str(len(DATA)))
    assert (broken.status_code, broken.json()["detail"]) == (
        400,
        f"600 of {len(DATA)} bytes arrived; send the rest from offset 600.",
    )
    assert tus.offset(address) == 600
    assert Recording.objects.get().status == Status.UPLOADING


def test_more_than_announced_is_refused(tus: Tus) -> None:
    address = tus.begun(1000)
    tus.patch(address, 0, DATA[:600])
    refused = tus.patch(address, 600, DATA[600:1001])
    assert (refused.status_code, refused.json()["detail"]) == (
        413,
        "That is more than was announced for this upload.",
    )
    assert tus.offset(address) == 600


def test_more_than_a_recording_may_have_is_refused_also_without_announcement(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    address = tus.begun()
    data = tus_client.recording(20, size=80_000)
    assert tus.patch(address, 0, data[:1_000_000]).status_code == 204
    refused = tus.patch(address, 1_000_000, data[1_000_000:1_100_000])
    assert (refused.status_code, refused.json()["detail"]) == (413, "Recording too large (max 1 MB)")
    assert tus.offset(address) == 1_000_000
    assert tus.patch(address, 1_000_000, data[1_000_000:1_040_000]).status_code == 204


def test_bytes_that_begin_no_recording_are_refused_with_the_reason(tus: Tus) -> None:
    address = tus.begun(50)
    refused = tus.patch(address, 0, b"GIF89a" + bytes(44))
    assert refused.status_code == 415
    assert tus.offset(address) == 0
    failed = Recording.objects.get()
    assert (failed.status, failed.error) == (Status.FAILED, refused.json()["detail"])


def test_the_right_bytes_may_follow_the_wrong_ones(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, b"GIF89a" + bytes(44))
    assert tus.patch(address, 0, DATA).status_code == 204
    assert Recording.objects.get().status == Status.READY


def test_a_whole_that_is_no_recording_fails_and_goes(tus: Tus) -> None:
    garbage = DATA[:60] + bytes(500)
    address = tus.begun(len(garbage))
    refused = tus.patch(address, 0, garbage)
    assert refused.status_code == 415
    failed = Recording.objects.get()
    assert (failed.status, failed.error) == (Status.FAILED, refused.json()["detail"])
    assert tus.head(address).status_code == 404
    assert staged() == []


def test_a_full_disk_keeps_what_was_taken(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:500])

    def full(*_: object) -> None:
        raise staging.DiskFull

    with monkeypatch.context() as patch:
        patch.setattr(staging.local, "write_at", full)
        refused = tus.patch(address, 500, DATA[500:])
    assert refused.status_code == 507
    assert int(refused.headers["Retry-After"]) > 0
    assert tus.offset(address) == 500
    assert tus.patch(address, 500, DATA[500:]).status_code == 204


def test_staging_that_cannot_be_reached_is_a_reason_to_come_again(
    tus: Tus, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tus.begun(len(DATA))

    def away(*_: object, **__: object) -> None:
        raise staging.StagingUnavailable("The object store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(LocalStaging, "appender", away)
        refused = tus.patch(address, 0, DATA)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert tus.patch(address, 0, DATA).status_code == 204


def test_a_store_that_is_away_does_not_keep_a_client_waiting(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are ours: the recording becomes ready once the store is back."""
    put_away = finish.put_away

    def away(job: Job) -> None:
        raise PassingFault("The object store does not answer.")

    monkeypatch.setattr(finish, "put_away", away)
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA).status_code == 204
    assert tus.offset(address) == len(DATA)
    assert tus.delete(address).status_code == 409
    assert Recording.objects.get().status == Status.UPLOADING
    monkeypatch.setattr(finish, "put_away", put_away)
    let_leases_end()
    sweep_after_silence()
    assert original_of(Recording.objects.get()) == DATA


def failing(*_: object, **__: object) -> Any:
    raise OperationalError("the database is restarting")


def test_the_last_byte_of_a_process_that_died_is_found_by_head(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(len(DATA))
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "complete", failing)
        assert tus.patch(address, 0, DATA).status_code == 503
    assert Upload.objects.get().sealed_at is None
    assert tus.offset(address) == len(DATA)
    sweep_after_silence()
    assert Recording.objects.get().status == Status.READY
    assert tus.offset(address) == len(DATA)


def test_a_database_that_is_away_costs_no_bytes(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA[:100]).status_code == 204
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "look", failing)
        patch.setattr(resumable, "find", failing)
        patch.setattr(resumable, "touch", failing)
        monkeypatch.setattr(views, "_leases", Leases())
        assert tus.patch(address, 100, DATA[100:200]).status_code == 204
        last = tus.patch(address, 200, DATA[200:])
        assert (last.status_code, int(last.headers["Retry-After"]) > 0) == (503, True)
        assert tus.head(address).status_code == 503
    assert tus.offset(address) == 200
    assert tus.patch(address, 200, DATA[200:]).status_code == 204


def test_what_another_process_announced_is_kept_to(tus: Tus, alice: User) -> None:
    """A look that is some seconds old does not know of it yet, but nothing comes of that."""
    address = tus.begun()
    old = resumable.look(alice, UUID(id_of(address)))
    tus.patch(address, 0, DATA[:100], Upload_Length=str(len(DATA)))
    with pytest.raises(resumable.WrongLength):
        resumable.announce(old, len(DATA) + 1)
    assert tus.patch(address, 100, DATA[100:]).status_code == 204
    with pytest.raises(staging.Gone):
        resumable.append(old, io.BytesIO(b"more"), at=len(DATA), length=4)


def test_bytes_behind_the_announced_end_are_not_part_of_the_recording(tus: Tus, alice: User) -> None:
    address = tus.begun()
    old = resumable.look(alice, UUID(id_of(address)))
    resumable.append(old, io.BytesIO(DATA), at=0, length=len(DATA))
    resumable.announce(old, len(DATA))
    resumable.append(old, io.BytesIO(b"more"), at=len(DATA), length=4)
    assert tus.offset(address) == len(DATA)
    sweep_after_silence()
    assert original_of(Recording.objects.get()) == DATA


def test_pieces_for_an_upload_whose_bytes_are_gone(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:100])
    staging.current().remove(UUID(id_of(address)))
    assert tus.patch(address, 100, DATA[100:]).status_code == 404
    assert tus.head(address).status_code == 404
    assert tus.delete(address).status_code == 204


def test_an_unknown_id_has_no_pieces(tus: Tus) -> None:
    assert tus.patch(f"{UPLOADS}/{UUID(int=7)}", 0, DATA).status_code == 404
