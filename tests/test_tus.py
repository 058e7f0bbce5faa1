"""tus 1.0, core: versions, what an upload says of itself, how it ends.

https://tus.io/protocols/resumable-upload; each test is one of its MUST and SHOULD lines, or where we are stricter.
"""

from uuid import uuid4

import pytest
from pytest_django import Settings

from recordings import retention
from recordings.audit import Actor
from recordings.models import Recording, Status, Upload, User
from tests.making import api, browser, events, original_of, staged
from tests.tus_client import UPLOADS, Tus, id_of, metadata, recording

pytestmark = pytest.mark.django_db
DATA = recording()


@pytest.fixture
def tus(alice: User) -> Tus:
    return Tus(api(alice))


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0", "1.0.0,1.0.0"])
def test_another_version_is_refused_and_ours_is_told(tus: Tus, method: str, version: str | None) -> None:
    refused = tus.send(method, UPLOADS, Upload_Length="10", Tus_Resumable=version)
    assert refused.status_code == 412
    assert refused.headers["Tus-Version"] == "1.0.0"
    assert not Upload.objects.exists()


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_another_version_changes_nothing_of_an_upload(tus: Tus, method: str) -> None:
    address = tus.begun(len(DATA))
    headers = {"Tus_Resumable": "2.0.0", "Upload_Offset": "0", "Content_Type": "application/offset+octet-stream"}
    assert tus.send(method, address, DATA, **headers).status_code == 412
    assert tus.offset(address) == 0


def test_every_answer_names_the_version_and_is_not_to_be_cached(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    answers = [
        tus.create(5),
        tus.create(),
        tus.create(-1),
        tus.head(address),
        tus.patch(address, 0, DATA[:100]),
        tus.patch(address, 0, DATA[:100]),
        tus.send("GET", address),
        tus.head(f"{UPLOADS}/{uuid4()}"),
        tus.delete(address),
    ]
    assert [a.status_code for a in answers] == [201, 201, 400, 200, 204, 409, 405, 404, 204]
    for answer in answers:
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("version", [None, "9.9.9"])
def test_abilities_are_told_to_anybody_whatever_version_they_speak(version: str | None, settings: Settings) -> None:
    settings.SORTIE_RECORDING_MAX_SIZE_MB = 7
    told = Tus(browser(None)).send("OPTIONS", UPLOADS, Tus_Resumable=version)
    assert told.status_code == 204
    assert told.headers["Tus-Version"] == "1.0.0"
    assert told.headers["Tus-Max-Size"] == str(7 * 1024 * 1024)
    assert told.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert "video" in told.headers["Sortie-Kinds"].split(",")
    assert set(told.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "expiration",
        "checksum",
        "termination",
    }


def test_head_says_offset_and_length_also_of_an_empty_upload(tus: Tus) -> None:
    told = tus.head(tus.begun(len(DATA)))
    assert told.status_code == 200
    assert (told.headers["Upload-Offset"], told.headers["Upload-Length"]) == ("0", str(len(DATA)))
    assert "Upload-Defer-Length" not in told.headers
    assert told.content == b""


def test_head_gives_the_metadata_back_as_it_came(tus: Tus) -> None:
    said = metadata(filename="screen.webm", title="Träumerei") + ",flag,is_confidential "
    assert tus.head(tus.begun(5, Upload_Metadata=said)).headers["Upload-Metadata"] == said


def test_head_of_a_complete_upload_says_that_all_is_there(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA).status_code == 204
    told = tus.head(address)
    assert told.status_code == 200
    assert told.headers["Upload-Offset"] == told.headers["Upload-Length"] == str(len(DATA))
    assert staged() == []


def test_an_upload_makes_a_recording(tus: Tus, alice: User) -> None:
    tus.patch(tus.begun(len(DATA), Upload_Metadata=metadata(filename="a.webm", title="Tuesday")), 0, DATA)
    made = Recording.objects.get()
    assert (made.status, made.incomplete, made.error) == (Status.READY, False, "")
    assert (made.owner, made.title, made.upload_name) == (alice, "Tuesday", "a.webm")
    assert (made.size_bytes, made.duration_ms) == (len(DATA), 8000)
    assert original_of(made) == DATA
    assert events(made) == ["start", "stop", "upload"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_other_methods_are_refused_and_the_known_ones_told(tus: Tus, method: str) -> None:
    refused = tus.send(method, tus.begun(5))
    assert refused.status_code == 405
    assert refused.headers["Allow"] == "DELETE, HEAD, OPTIONS, PATCH"


def test_the_collection_knows_post_and_options(tus: Tus) -> None:
    refused = tus.send("GET", UPLOADS)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "OPTIONS, POST")


def test_the_method_cannot_be_overridden_by_a_header(tus: Tus) -> None:
    """The protocol would have it; browsers have not needed it for years, and filters by method rely on it."""
    address = tus.begun(len(DATA))
    assert tus.head(address, X_HTTP_Method_Override="DELETE").status_code == 200
    posted = tus.send("POST", address, X_HTTP_Method_Override="DELETE")
    assert posted.status_code == 405
    assert tus.offset(address) == 0


def test_unknown_uploads_are_not_found(tus: Tus) -> None:
    address = f"{UPLOADS}/{uuid4()}"
    assert tus.head(address).status_code == 404
    assert tus.patch(address, 0, DATA).status_code == 404
    assert tus.delete(address).status_code == 404
    assert tus.head(f"{UPLOADS}/not-an-id").status_code == 404


def test_a_terminated_upload_is_gone_and_its_recording_has_failed(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:500])
    ended = tus.delete(address)
    assert (ended.status_code, ended.content) == (204, b"")
    assert tus.head(address).status_code == 404
    assert tus.patch(address, 500, DATA[500:]).status_code == 404
    assert tus.delete(address).status_code == 404
    assert staged() == []
    failed = Recording.objects.get()
    assert (failed.status, failed.error) == (Status.FAILED, "The upload was cancelled.")
    assert events(failed)[-1] == "fail"


def test_terminating_a_complete_upload_leaves_its_recording_alone(tus: Tus) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA)
    assert tus.delete(address).status_code == 204
    assert tus.head(address).status_code == 404
    assert original_of(Recording.objects.get()) == DATA


def test_terminating_one_of_two_uploads_leaves_the_recording_to_the_other(tus: Tus) -> None:
    first = tus.begun(len(DATA))
    pk = str(Recording.objects.get().pk)
    second = tus.begun(len(DATA), Upload_Metadata=metadata(recording_id=pk))
    assert tus.delete(first).status_code == 204
    assert Recording.objects.get().status == Status.UPLOADING
    assert tus.patch(second, 0, DATA).status_code == 204
    assert Recording.objects.get().status == Status.READY


def test_uploads_of_a_deleted_recording_are_not_there_until_it_is_restored(tus: Tus, alice: User) -> None:
    address = tus.begun(len(DATA))
    tus.patch(address, 0, DATA[:100])
    recording = Recording.objects.get()
    retention.delete(recording, Actor(alice))
    assert tus.head(address).status_code == 404
    assert tus.delete(address).status_code == 404
    assert retention.restore(recording, Actor(alice))
    assert tus.offset(address) == 100


def test_a_recording_deleted_between_two_pieces_is_not_completed(tus: Tus, alice: User) -> None:
    address = tus.begun(len(DATA))
    assert tus.patch(address, 0, DATA[:100]).status_code == 204
    retention.delete(Recording.objects.get(), Actor(alice))
    assert tus.patch(address, 100, DATA[100:]).status_code == 404
    assert Upload.objects.get(pk=id_of(address)).sealed_at is None
