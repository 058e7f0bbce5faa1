"""tus creation: by length, without one, with the first piece; what expires, and how much one user may begin."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from recordings.ingest import resumable, silent, staging
from recordings.models import Recording, Session, Status, Upload, User
from tests import tus_client
from tests.making import api, deleted, ready, staged, started, sweep_after_silence
from tests.tus_client import UPLOADS, Tus, checksum, id_of, metadata

pytestmark = pytest.mark.django_db
DATA = tus_client.recording()
MB = 1024 * 1024

NO_NUMBER = ["-1", "+5", "5,5", "5, 5", "1e3", str(2**63), "1" * 16, "", " ", "0x10", "5.0", "1_000", "five", "٣"]


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


def nothing_is_left() -> bool:
    return not (Upload.objects.exists() or Recording.objects.exists() or Session.objects.exists() or staged())


def test_an_upload_of_known_length(tus: Tus) -> None:
    made = tus.create(len(DATA))
    assert (made.status_code, made.content) == (201, b"")
    upload = Upload.objects.get()
    assert made.headers["Location"] == f"http://testserver{UPLOADS}/{upload.pk}"
    assert (upload.announced, upload.recording.status) == (len(DATA), Status.UPLOADING)
    assert made.headers["Sortie-Recording"] == str(upload.recording_id)
    assert tus.head(made.headers["Location"]).headers["Sortie-Recording"] == str(upload.recording_id)


@pytest.mark.parametrize("length", NO_NUMBER)
def test_a_length_that_is_no_plain_number_creates_nothing(tus: Tus, length: str) -> None:
    refused = tus.create(5, Upload_Length=length)
    assert refused.status_code == 400
    assert "Upload-Length" in refused.json()["detail"]
    assert nothing_is_left()


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload_Length": None},
        {"Upload_Length": "5", "Upload_Defer_Length": "1"},
        {"Upload_Length": None, "Upload_Defer_Length": "0"},
        {"Upload_Length": None, "Upload_Defer_Length": "2"},
        {"Upload_Length": None, "Upload_Defer_Length": ""},
        {"Upload_Length": None, "Upload_Defer_Length": "1,1"},
        {"Upload_Length": "0"},
    ],
)
def test_exactly_one_way_to_say_the_length_and_no_empty_recordings(
    tus: Tus, headers: dict[str, str | None]
) -> None:
    assert tus.create(5, None, **headers).status_code == 400
    assert nothing_is_left()


def test_more_than_a_recording_may_have_is_refused_before_anything_is_created(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    assert tus.create(MB).status_code == 201
    refused = tus.create(MB + 1)
    assert (refused.status_code, refused.json()["detail"]) == (413, "Recording too large (max 1 MB)")
    assert Upload.objects.count() == 1


@pytest.mark.parametrize(
    "raw",
    ["filename not-base64!", "filename dGVzdA", ",", "a YQ==,,b Yg==", "a YQ==,a Yg==", "ä YQ==", "x " * 600],
)
def test_metadata_by_strict_grammar(tus: Tus, raw: str) -> None:
    assert tus.create(5, Upload_Metadata=raw).status_code == 400
    assert nothing_is_left()


def test_metadata_may_have_keys_without_values_and_unknown_ones(tus: Tus) -> None:
    tus.begun(5, Upload_Metadata="is_confidential,filetype dmlkZW8vd2VibQ==,filename ")
    assert Upload.objects.get().name == ""


def test_names_are_for_display_only(tus: Tus) -> None:
    name = "../../etc/\x00passwd\r\nX-Evil: 1‮.webm"
    tus.begun(5, Upload_Metadata=metadata(filename=name))
    assert Upload.objects.get().name == "../../etc/passwd X-Evil: 1.webm"
    assert staged() == [f"{Upload.objects.get().pk}.part"]


def test_an_upload_for_a_recording_in_progress(tus: Tus, alice: User) -> None:
    live = started(alice)
    tus.begun(Upload_Metadata=metadata(recording_id=str(live.pk)))
    upload = Upload.objects.get()
    assert (upload.recording, upload.live) == (live, True)
    assert Recording.objects.get().status == Status.RECORDING


def test_no_upload_for_what_is_not_the_callers(tus: Tus, alice: User, bob: User) -> None:
    for pk in (uuid4(), started(bob).pk, deleted(alice).pk):
        assert tus.create(5, Upload_Metadata=metadata(recording_id=str(pk))).status_code == 404
    assert tus.create(5, Upload_Metadata=metadata(recording_id="7")).status_code == 400
    assert not Upload.objects.exists()
    assert staged() == []


def test_no_upload_for_a_recording_that_has_its_bytes(tus: Tus, alice: User) -> None:
    done = ready(alice, DATA)
    assert tus.create(5, Upload_Metadata=metadata(recording_id=str(done.pk))).status_code == 409
    assert staged() == []


# --- creation-with-upload -----------------------------------------------------------------------------------------


def test_the_first_piece_may_come_along(tus: Tus) -> None:
    made = tus.create(len(DATA), DATA[:3000])
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "3000")
    address = made.headers["Location"]
    assert tus.patch(address, 3000, DATA[3000:]).status_code == 204
    assert Recording.objects.get().status == Status.READY


def test_all_of_it_may_come_along(tus: Tus) -> None:
    made = tus.create(len(DATA), DATA, Upload_Checksum=checksum(DATA))
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, str(len(DATA)))
    assert Recording.objects.get().size_bytes == len(DATA)
    assert staged() == []


def test_an_empty_piece_may_come_along(tus: Tus) -> None:
    made = tus.create(len(DATA), b"")
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "0")


def test_a_piece_of_an_upload_without_length_may_come_along(tus: Tus) -> None:
    made = tus.create(None, DATA[:700])
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "700")
    assert tus.head(made.headers["Location"]).headers["Upload-Defer-Length"] == "1"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"GIF89a, not a recording", {}, 415),
        (DATA, {"Upload_Checksum": checksum(b"else")}, 460),
        (DATA, {"Upload_Checksum": "md5 1B2M2Y8AsgTpgAmY7PhCfg=="}, 400),
        (DATA, {"Upload_Length": "100"}, 413),
        (DATA, {"Upload_Length": "-1"}, 400),
        (DATA, {"Transfer_Encoding": "chunked"}, 411),
    ],
)
def test_nothing_is_left_of_a_creation_whose_body_is_refused(
    tus: Tus, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert tus.create(len(body), body, **headers).status_code == status
    assert nothing_is_left()


def test_a_body_of_another_type_is_no_piece(tus: Tus) -> None:
    made = tus.send("POST", UPLOADS, DATA, Upload_Length=str(len(DATA)), Content_Type="application/octet-stream")
    assert made.status_code == 201
    assert "Upload-Offset" not in made.headers
    assert tus.offset(made.headers["Location"]) == 0


def test_a_disk_that_fills_up_keeps_what_fitted(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer has the address and the true offset, so that the client can go on later."""
    write_at = staging.local.write_at

    def until_full(descriptor: int, data: bytes, position: int) -> None:
        write_at(descriptor, data[:1000], position)
        raise staging.DiskFull

    monkeypatch.setattr(staging.local, "write_at", until_full)
    made = tus.create(len(DATA), DATA)
    assert (made.status_code, made.headers["Upload-Offset"]) == (201, "1000")
    assert tus.patch(made.headers["Location"], 1000, DATA[1000:]).status_code == 507
    monkeypatch.setattr(staging.local, "write_at", write_at)
    at = tus.offset(made.headers["Location"])
    assert at == 2000
    assert tus.patch(made.headers["Location"], at, DATA[at:]).status_code == 204
    assert Recording.objects.get().status == Status.READY


# --- creation-defer-length ----------------------------------------------------------------------------------------


def test_the_length_may_come_later(tus: Tus) -> None:
    address = tus.begun()
    told = tus.head(address)
    assert told.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in told.headers
    assert tus.patch(address, 0, DATA[:800]).status_code == 204
    assert tus.patch(address, 800, DATA[800:900], Upload_Length=str(len(DATA))).status_code == 204
    told = tus.head(address)
    assert told.headers["Upload-Length"] == str(len(DATA))
    assert "Upload-Defer-Length" not in told.headers
    assert tus.patch(address, 900, DATA[900:]).status_code == 204
    assert Recording.objects.get().size_bytes == len(DATA)


def test_the_length_may_come_when_all_is_there(tus: Tus) -> None:
    address = tus.begun()
    tus.patch(address, 0, DATA)
    assert Recording.objects.get().status == Status.UPLOADING
    assert tus.patch(address, len(DATA), b"", Upload_Length=str(len(DATA))).status_code == 204
    assert Recording.objects.get().status == Status.READY


def test_the_length_is_said_once(tus: Tus) -> None:
    address = tus.begun()
    assert tus.patch(address, 0, DATA[:800], Upload_Length="5000").status_code == 204
    assert tus.patch(address, 800, DATA[800:900], Upload_Length="5000").status_code == 204
    for other in ("4999", "5001", *NO_NUMBER):
        assert tus.patch(address, 900, DATA[900:950], Upload_Length=other).status_code == 400
    assert tus.offset(address) == 900
    assert Upload.objects.get().announced == 5000


def test_a_length_given_at_creation_does_not_change_either(tus: Tus) -> None:
    address = tus.begun(5000)
    assert tus.patch(address, 0, DATA[:100], Upload_Length="6000").status_code == 400
    assert (tus.offset(address), Upload.objects.get().announced) == (0, 5000)


@pytest.mark.parametrize("length", ["0", "799"])
def test_a_length_shorter_than_what_is_there_is_refused(tus: Tus, length: str) -> None:
    address = tus.begun()
    tus.patch(address, 0, DATA[:800])
    assert tus.patch(address, 800, DATA[800:], Upload_Length=length).status_code == 400
    assert Upload.objects.get().announced is None
    assert tus.patch(address, 800, DATA[800:], Upload_Length=str(len(DATA))).status_code == 204


def test_a_length_beyond_the_limit_is_refused(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 1
    address = tus.begun()
    assert tus.patch(address, 0, DATA, Upload_Length=str(MB + 1)).status_code == 413
    assert (tus.offset(address), Upload.objects.get().announced) == (0, None)


# --- expiration and quota ---------------------------------------------------------------------------------------


def test_it_is_said_until_when_an_upload_can_be_resumed(tus: Tus) -> None:
    made = tus.create(len(DATA))
    address = made.headers["Location"]
    answers = [made, tus.head(address), tus.patch(address, 0, DATA[:100]), tus.create(len(DATA), DATA[:100])]
    for answer in answers:
        left = parsedate_to_datetime(answer.headers["Upload-Expires"]) - timezone.now()
        assert abs(left - resumable.RESUMABLE_FOR).total_seconds() < 5


def test_an_expired_upload_is_gone(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:100])
    Upload.objects.update(expires_at=timezone.now())
    assert silent.forget_expired(timezone.now()) == 1
    assert tus.head(address).status_code == 404
    assert tus.patch(address, 100, DATA[100:]).status_code == 404
    assert staged() == []


def test_what_an_upload_may_need_is_kept_for_it(tus: Tus, settings: Settings, bob: User) -> None:
    settings.SORTIE_UPLOAD_QUOTA_MB = 3
    first = tus.begun(2 * MB)
    refused = tus.create(MB + 1)
    assert refused.status_code == 507
    assert "3 MB" in refused.json()["detail"]
    assert tus.create(MB).status_code == 201
    assert Tus(api(bob)).create(3 * MB).status_code == 201
    assert tus.delete(first).status_code == 204
    assert tus.create(2 * MB).status_code == 201
    assert Upload.objects.count() == len(staged()) == 3


def test_without_a_length_the_most_is_kept_until_it_is_known(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB, settings.SORTIE_UPLOAD_QUOTA_MB = 2, 3
    address = tus.begun()
    assert tus.create(MB + 1).status_code == 507
    assert tus.patch(address, 0, DATA, Upload_Length=str(len(DATA) + 1)).status_code == 204
    assert tus.create(2 * MB).status_code == 201


def test_a_finished_upload_is_not_counted(tus: Tus, settings: Settings) -> None:
    settings.SORTIE_UPLOAD_QUOTA_MB = 1
    for _ in range(3):
        assert tus.create(MB, DATA, Upload_Length=str(len(DATA))).status_code == 201
    assert Recording.objects.filter(status=Status.READY).count() == 3


def test_one_user_has_a_bounded_number_of_open_uploads(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "MOST_OPEN", 2)
    first = tus.begun(5)
    tus.begun(5)
    refused = tus.create(5)
    assert refused.status_code == 507
    assert "2 uploads" in refused.json()["detail"]
    tus.delete(first)
    assert tus.create(5).status_code == 201


def test_uploads_whose_client_has_gone_do_not_keep_their_user_from_recording(
    tus: Tus, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab that crashed again and again must not be the reason that the next recording is lost."""
    monkeypatch.setattr(resumable, "MOST_OPEN", 2)
    settings.SORTIE_RECORDING_MAX_SIZE_MB, settings.SORTIE_UPLOAD_QUOTA_MB = 1, 2
    for _ in range(6):
        address = tus.begun(Upload_Metadata=metadata(recording_id=str(started(alice).pk)))
        assert tus.patch(address, 0, DATA[:2000]).status_code == 204
        sweep_after_silence()
    assert sum(Upload.objects.values_list("reserved", flat=True)) == 6 * 2000
    assert tus.patch(address, 2000, DATA[2000:2100]).status_code == 204


def test_a_full_disk_creates_nothing(tus: Tus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging.local, "FREE_SPACE_FLOOR", 1 << 62)
    refused = tus.create(len(DATA))
    assert refused.status_code == 507
    assert int(refused.headers["Retry-After"]) > 0
    assert nothing_is_left()


def test_begin_is_quick(tus: Tus, django_assert_max_num_queries: Callable[[int], Any]) -> None:
    with django_assert_max_num_queries(33):
        began = time.monotonic()
        tus.begun(5)
        assert time.monotonic() - began < 2


def test_addresses_cannot_be_guessed(tus: Tus) -> None:
    ids = {id_of(tus.begun(5)) for _ in range(5)}
    assert len(ids) == 5
    assert {each[14] for each in ids} == {"4"}
