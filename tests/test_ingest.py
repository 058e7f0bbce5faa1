"""From the start of a recording to its bytes on disk: states, forms, limits, and nothing left behind."""

from hashlib import sha256

import pytest
from django.utils import timezone

from recordings.audit import Actor
from recordings.ingest import simple, start
from recordings.models import Recording, SessionStatus, Status, Upload, User, WrongStatusError
from recordings.models.recording import MAY_BECOME
from tests.making import (
    BOUNDARY,
    api,
    arrived,
    events,
    field,
    file,
    form,
    original_of,
    post,
    post_form,
    ready,
    session_of,
    staged,
    started,
    stored,
    upload,
    webm,
)

pytestmark = pytest.mark.django_db

MIB = 1024 * 1024


# --- states ---------------------------------------------------------------------------------------------------

READY_FACTS = {"completed_at": timezone.now(), "storage_key": "k", "sha256": "s", "size_bytes": 1}


@pytest.mark.parametrize("to", Status)
@pytest.mark.parametrize("now", Status)
def test_a_status_becomes_what_it_may_and_nothing_else(alice: User, now: Status, to: Status) -> None:
    recording = started(alice)
    Recording.objects.filter(pk=recording.pk).update(status=now, title="before", **READY_FACTS)
    if to in MAY_BECOME[now]:
        recording.advance(to, title="after")
        assert (recording.status, recording.title) == (to, "after")
    else:
        with pytest.raises(WrongStatusError):
            recording.advance(to, title="after")
    recording.refresh_from_db()
    assert (recording.status == to and recording.title == "after") == (to in MAY_BECOME[now])


def test_ready_is_final() -> None:
    assert MAY_BECOME[Status.READY] == set()
    assert Status.RECORDING not in set().union(*MAY_BECOME.values())


def test_of_two_that_change_a_status_one_is_too_late(alice: User) -> None:
    recording = started(alice)
    seen_by_another = Recording.objects.get(pk=recording.pk)
    recording.advance(Status.FAILED)
    recording.advance(Status.UPLOADING)
    recording.advance(Status.READY, **READY_FACTS)
    assert seen_by_another.status == "recording"
    with pytest.raises(WrongStatusError):
        seen_by_another.advance(Status.FAILED, error="late")
    assert Recording.objects.get(pk=recording.pk).error == ""


@pytest.mark.parametrize("status", [SessionStatus.PENDING, SessionStatus.STOPPED])
def test_only_a_running_session_is_recorded(alice: User, status: SessionStatus) -> None:
    session = session_of(alice, status=status)
    answer = api(alice).post(f"/api/sessions/{session.pk}/recording/start")
    assert (answer.status_code, answer.json()["title"]) == (409, "Conflict")
    assert not Recording.objects.exists()


def test_two_starts_are_two_recordings_and_both_outlive_the_session(alice: User) -> None:
    session, client = session_of(alice), api(alice)
    address = f"/api/sessions/{session.pk}"
    first, second = (client.post(f"{address}/recording/start").json()["recording_id"] for _ in range(2))
    assert first != second
    assert client.post(f"{address}/stop").json()["status"] == "stopped"
    stopped = client.post(f"{address}/recording/stop", {"recording_id": first}, format="json")
    assert stopped.json() == {"status": "uploading"}
    for pk in (first, second):
        assert upload(client, Recording.objects.get(pk=pk)).json() == {"status": "ready"}
    assert sorted(events(Recording.objects.get(pk=first))) == ["start", "stop", "upload"]
    assert sorted(events(Recording.objects.get(pk=second))) == ["start", "upload"]


def test_stopping_twice_or_too_late_changes_nothing(alice: User) -> None:
    by, recording = Actor(alice), started(alice)
    assert start.stop(recording, by).status == "uploading"
    lease = Recording.objects.get().lease_until
    assert start.stop(recording, by).status == "uploading"
    assert Recording.objects.get().lease_until == lease
    assert events(recording) == ["start", "stop"]
    simple.complete(recording, arrived(webm()), by)
    assert start.stop(recording, by).status == "ready"
    assert events(recording) == ["start", "stop", "upload"]


@pytest.mark.django_db(transaction=True)
def test_a_failed_recording_whose_bytes_are_kept_is_not_stopped_into_limbo(alice: User) -> None:
    by, recording = Actor(alice), started(alice)
    kept = arrived(webm())
    Upload.objects.create(
        id=kept.upload_id, recording=recording, room=kept.room, length=kept.length, sealed_at=timezone.now()
    )
    recording.advance(Status.FAILED, error="worn out")
    assert start.stop(recording, by).status == "failed"
    assert upload(api(alice), recording).json() == {"status": "ready"}
    assert staged() == []


def test_a_second_upload_of_a_ready_recording_changes_nothing(alice: User) -> None:
    recording, client = ready(alice), api(alice)
    before, objects = Recording.objects.values().get(), stored()
    answer = upload(client, recording, webm() + b"more")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    assert Recording.objects.values().get() == before
    assert stored() == objects
    assert staged() == []
    assert events(recording).count("upload") == 1
    assert original_of(recording) == webm()


def test_better_bytes_make_a_failed_recording_ready(alice: User) -> None:
    recording, client = started(alice), api(alice)
    recording.advance(Status.FAILED, error="Nothing came.", incomplete=True)
    assert upload(client, recording).json() == {"status": "ready"}
    recording.refresh_from_db()
    assert (recording.error, recording.incomplete) == ("", False)


def test_facts_are_those_of_the_bytes(alice: User) -> None:
    recording, client = started(alice), api(alice)
    lies = [field("duration", "99999"), field("sha256", "0" * 64), field("size_bytes", "1")]
    whole = form(*lies, field("recording_id", str(recording.pk)), file(webm()))
    assert post_form(client, recording.session_id, whole).status_code == 200
    recording.refresh_from_db()
    assert recording.size_bytes == len(webm())
    assert recording.sha256 == sha256(webm()).hexdigest()
    assert 3_000 < (recording.duration_ms or 0) < 7_000
    assert (recording.width, recording.height, recording.codecs) == (640, 360, "VP8, Opus")
    assert original_of(recording) == webm()


# --- forms ----------------------------------------------------------------------------------------------------

ID = "{id}"
GOOD: dict[str, list[bytes]] = {
    "fields first": [field("recording_id", ID), field("duration", "5"), file(b"@")],
    "fields after the file": [file(b"@"), field("duration", "5"), field("recording_id", ID)],
    "a field that is no number": [field("recording_id", ID), field("duration", "soon"), file(b"@")],
    "unknown fields": [field("x", "y" * 1000), field("recording_id", ID), file(b"@"), field("", "")],
    "text before and after": [b"before\r\n", field("recording_id", ID), file(b"@")],
}
BAD: dict[str, tuple[list[bytes], str]] = {
    "nothing": ([], "recording_id"),
    "no recording_id": ([file(b"@")], "recording_id"),
    "an empty recording_id": ([field("recording_id", ""), file(b"@")], "recording_id"),
    "no such form of id": ([field("recording_id", "1"), file(b"@")], "UUID"),
    "no file": ([field("recording_id", ID)], "no field `file`"),
    "the file as a field": ([field("recording_id", ID), field("file", "@")], "no field `file`"),
    "the file by another name": (
        [field("recording_id", ID), file(b"@").replace(b'name="file"', b'name="video"')],
        "no field `file`",
    ),
    "two files": ([field("recording_id", ID), file(b"@"), file(b"@")], "one file at a time"),
    "base64 that is none": (
        [file(b"abc").replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1)],
        "base64",
    ),
    "a header without end": ([file(b"@", name=b"x" * 3000)], "header"),
}


def filled(parts: list[bytes], recording: Recording) -> bytes:
    data = form(*parts).replace(b"{id}", str(recording.pk).encode())
    return data.replace(b"@", webm()) if data.count(b"@") < 4 else data


@pytest.mark.parametrize("parts", GOOD.values(), ids=GOOD)
def test_forms_are_read_in_any_order(alice: User, parts: list[bytes]) -> None:
    recording = started(alice)
    answer = post_form(api(alice), recording.session_id, filled(parts, recording))
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
    recording.refresh_from_db()
    assert original_of(recording) == webm()


@pytest.mark.parametrize(("parts", "words"), BAD.values(), ids=BAD)
def test_a_wrong_form_is_explained_and_leaves_nothing(alice: User, parts: list[bytes], words: str) -> None:
    recording = started(alice)
    answer = post_form(api(alice), recording.session_id, filled(parts, recording))
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert staged() == stored() == []
    assert Recording.objects.get().status == "recording"


def test_a_form_that_is_too_much_is_refused(alice: User) -> None:
    recording = started(alice)
    for fields, status in (([field("x", "1")] * 300, 400), ([field("recording_id", "1" * 2 * MIB)], 413)):
        answer = post_form(api(alice), recording.session_id, form(*fields, file(webm())))
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        assert staged() == []


def test_a_form_without_its_end_is_no_recording(alice: User) -> None:
    recording = started(alice)
    whole = form(field("recording_id", str(recording.pk)), file(webm()))
    end = f"--{BOUNDARY}--\r\n".encode()
    for cut in (whole.removesuffix(end), whole.removesuffix(end)[:-2], whole[: -len(end) // 2], whole[:-4000]):
        answer = post_form(api(alice), recording.session_id, cut)
        assert answer.status_code == 400, answer.content
        assert "broke off" in answer.json()["detail"]
        assert staged() == stored() == []
    assert Recording.objects.get().status == "recording"


@pytest.mark.parametrize("content_type", ["video/webm", "application/octet-stream", "video/webm;codecs=vp8"])
def test_the_bare_file_is_taken_as_well(alice: User, content_type: str) -> None:
    recording = started(alice)
    address = f"/api/sessions/{recording.session_id}/recording/upload?recording_id={recording.pk}"
    answer = post(api(alice), address, webm(), content_type)
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
