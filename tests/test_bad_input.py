"""What should never be sent: each refused in its own plain words, never a failure of ours, nothing left behind."""

import json
from email.message import Message
from itertools import product
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from recordings.models import AuditEvent, Recording, User
from tests import webm_builder as build
from tests.making import (
    FORM,
    api,
    browser,
    field,
    file,
    form,
    original_of,
    post,
    post_form,
    session_of,
    staged,
    started,
    stored,
    upload,
    webm,
)
from tests.webm_samples import LIVE_CLUSTER, samples

pytestmark = pytest.mark.django_db

FRAME = build.block(1, 0)
CLUSTER = build.cluster(0, FRAME)
TEN_YEARS_MS = 315_360_000_000

NOT_WEBM = {
    "empty": (b"", "empty"),
    "HTML": (b"<!doctype html><script>alert(1)</script>", "HTML"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(500), "PNG"),
    "ffconcat": (b"ffconcat version 1.0\nfile /etc/passwd\n", "list of files"),
    "HLS": (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n", "HLS"),
    "SDP": (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "SDP"),
    "MP4": (b"\x00\x00\x00\x20ftypisom" + bytes(500), "MP4"),
    "gzip": (b"\x1f\x8b\x08" + bytes(500), "gzip"),
    "four bytes": (b"\x1a\x45\xdf\xa3", "header"),
    "zeros": (bytes(100_000), "not a WebM"),
    "Matroska": (build.ebml_header("matroska") + CLUSTER, "Matroska"),
}
WORTHLESS = {
    "only a header": (build.webm(), 415, "breaks off"),
    "no frames": (build.webm(build.cluster(0)), 415, "no frames"),
    "another codec": (build.webm(CLUSTER, tracks=build.video_track(codec="V_MPEG4/ISO/AVC")), 415, "codec"),
    "ten years": (build.webm(CLUSTER, build.cluster(TEN_YEARS_MS, FRAME)), 422, "87,600 hours"),
    "8192x8192": (build.webm(CLUSTER, tracks=build.video_track(width=8192, height=8192)), 422, "8,192 x 8,192"),
    "300 tracks": (
        build.webm(CLUSTER, tracks=b"".join(build.audio_track(number) for number in range(1, 301))),
        422,
        "300 tracks",
    ),
    "500 levels": (
        build.webm(CLUSTER, before_clusters=build.element("1254c367", build.nested(500))),
        422,
        "16 levels",
    ),
    "50,000 elements": (build.webm(CLUSTER, before_clusters=build.element("ec") * 50_000), 422, "10,000 elements"),
}


def sent(client: Client, recording: Recording, data: bytes, way: str) -> Any:
    if way == "form":
        return upload(client, recording, data)
    address = f"/api/sessions/{recording.session_id}/recording/upload?recording_id={recording.pk}"
    return post(client, address, data, "video/webm")


def is_problem(answer: Any, status: int, words: str) -> bool:
    """The answer is a problem document with a sentence for a person, which has `words` in it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    sentence = answer.json()["detail"]
    assert words in sentence
    assert 10 < len(sentence) < 250
    return True


@pytest.mark.parametrize("way", ["form", "bare"])
@pytest.mark.parametrize(("data", "words"), NOT_WEBM.values(), ids=NOT_WEBM)
def test_what_is_no_webm_is_named_and_waited_for_again(alice: User, way: str, data: bytes, words: str) -> None:
    recording, client = started(alice), api(alice)
    assert is_problem(sent(client, recording, data, way), 415, words)
    assert staged() == stored() == []
    assert Recording.objects.get().status == "recording"
    assert upload(client, recording).json() == {"status": "ready"}


@pytest.mark.parametrize(("data", "status", "words"), WORTHLESS.values(), ids=WORTHLESS)
def test_a_worthless_recording_has_failed_and_says_why(alice: User, data: bytes, status: int, words: str) -> None:
    recording, client = started(alice), api(alice)
    assert is_problem(upload(client, recording, data), status, words)
    assert staged() == stored() == []
    shown = client.get(f"/api/recordings/{recording.pk}").json()
    assert shown["status"] == "failed"
    assert words in shown["error"]
    assert client.get(f"/api/recordings/{recording.pk}/download").status_code == 409
    assert upload(client, recording).json() == {"status": "ready"}


def test_every_refusal_has_its_own_sentence(alice: User) -> None:
    client = api(alice)
    bodies = [data for data, _ in NOT_WEBM.values()] + [data for data, _, _ in WORTHLESS.values()]
    sentences = [upload(client, started(alice), data).json()["detail"] for data in bodies]
    repeated = {sentence for sentence in sentences if sentences.count(sentence) > 1}
    assert not repeated


@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_half_a_recording_is_kept_and_called_incomplete(alice: User, part: float) -> None:
    # In the middle of a frame: the first of a cluster is a whole picture.
    half = webm()[: webm().rindex(LIVE_CLUSTER, 0, int(len(webm()) * part)) + 300]
    recording, client = started(alice), api(alice)
    assert upload(client, recording, half).json() == {"status": "ready"}
    shown = client.get(f"/api/recordings/{recording.pk}").json()
    assert (shown["status"], shown["incomplete"], shown["size_bytes"]) == ("ready", True, len(half))
    assert "breaks off" in shown["error"]
    assert 0 < shown["duration_seconds"] < 5.5
    recording.refresh_from_db()
    assert original_of(recording) == half


@pytest.mark.parametrize("name", ["h264", "mp4"])
def test_what_else_a_browser_records_is_named(alice: User, name: str) -> None:
    data = samples()[name].read_bytes()
    assert is_problem(upload(api(alice), started(alice), data), 415, "WebM")


def test_script_behind_a_webm_is_served_as_video(alice: User) -> None:
    recording, client = started(alice), api(alice)
    upload(client, recording, webm() + b"<script>alert(1)</script>")
    recording.refresh_from_db()
    for address in (f"/api/recordings/{recording.pk}/download?original=1", f"/recordings/{recording.pk}/media"):
        answer = (client if "api" in address else browser(alice)).head(address)
        if answer.status_code == 200:
            assert answer["Content-Type"] == "video/webm"
            assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"<script>" in original_of(recording)


# --- text -----------------------------------------------------------------------------------------------------

NUL, HIGH, LOW, PAIR_REVERSED = "a\x00b", "a\ud800b", "a\udc00b", "\udc00\ud800"
UNFIT = {"NUL": NUL, "high surrogate": HIGH, "low surrogate": LOW, "reversed pair": PAIR_REVERSED}


def posted(client: Client, method: str, address: str, body: Any) -> Any:
    return client.generic(method, address, json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("text", UNFIT.values(), ids=UNFIT)
def test_unfit_text_is_refused_in_every_field_of_json(alice: User, ada: User, text: str) -> None:
    recording = started(alice)
    at, session = f"/api/recordings/{recording.pk}", f"/api/sessions/{recording.session_id}"
    for method, address, body in [
        ("PATCH", at, {"title": text}),
        ("PATCH", at, {"notes": text}),
        ("PATCH", at, {"tags": [text]}),
        ("POST", f"{at}/markers", {"at_seconds": 1, "label": text}),
        ("POST", f"{at}/markers", {"at_seconds": text}),
        ("POST", "/api/sessions", {"app_id": text}),
        ("POST", "/api/sessions", {"app_id": "x", "title": text}),
        ("POST", "/api/sessions", {"app_id": "x", "target": text}),
        ("POST", "/api/sessions", {"app_id": "x", "kind": text}),
        ("POST", "/api/sessions", {"app_id": "x", "status": text}),
        ("POST", "/api/sessions", {"app_id": "x", "user_id": text}),
        ("POST", f"{session}/recording/stop", {"recording_id": text}),
        ("POST", "/api/auth/login", {"username": text, "password": "x"}),
        ("POST", "/api/auth/login", {"username": "alice", "password": text}),
        ("PUT", "/api/admin/settings", {"recording_auto_record": text}),
        ("PUT", "/api/admin/settings", {text: "true"}),
    ]:
        assert is_problem(posted(api(ada), method, address, body), 400, ""), (address, body)
    recording.refresh_from_db()
    assert (recording.title, recording.notes, recording.tags.count()) == ("", "", 0)


@pytest.mark.parametrize("text", UNFIT.values(), ids=UNFIT)
def test_unfit_keys_are_ignored_like_any_that_are_not_known(alice: User, text: str) -> None:
    recording, client = started(alice), api(alice)
    answer = posted(client, "PATCH", f"/api/recordings/{recording.pk}", {text: text, "title": "x"})
    assert (answer.status_code, answer.json()["title"]) == (200, "x")


@pytest.mark.parametrize(
    "quoted", ["%00", "%ED%A0%80", "%FF", "%", "%u0000", "\\ud800", "%C0%80", "+" * 3000, "%0d%0a"]
)
def test_query_strings_are_no_way_to_make_us_fail(alice: User, quoted: str) -> None:
    programs, person = api(alice), browser(alice)
    names = ("q", "status", "kind", "session", "since", "until", "cursor", "limit", "everyone", "next", quoted)
    for client, address in product([programs, person], ["/api/recordings", "/api/sessions", "/", "/library/rows"]):
        for name in names:
            assert client.get(f"{address}?{name}={quoted}").status_code < 500, (address, name)
    for name in ("id", "next"):
        assert person.get(f"/recordings/delete?{name}={quoted}").status_code < 500
        assert person.get(f"/login?{name}={quoted}").status_code < 500


@pytest.mark.parametrize("text", [b"a%00b", b"%ED%A0%80", b"%FF", "ü".encode("latin-1")])
def test_login_fields_of_the_page_are_no_way_either(alice: User, text: bytes) -> None:
    client = browser(None)
    for body in (b"username=" + text + b"&password=x", b"username=alice&password=" + text):
        answer = post(client, "/login", body, "application/x-www-form-urlencoded")
        assert answer.status_code == 200
    names = AuditEvent.objects.filter(action="login_failed").values_list("actor_name", flat=True)
    assert all("\x00" not in name and name.isprintable() for name in names)


@pytest.mark.parametrize("value", [b"a\x00b", b"\xed\xa0\x80", b"\xff\xfe", b"", b"x" * 100_000])
def test_fields_of_a_form_are_no_way_either(alice: User, value: bytes) -> None:
    recording, client = started(alice), api(alice)
    assert is_problem(
        post_form(client, recording.session_id, form(field("recording_id", value), file(webm()))), 400, ""
    )
    extra = form(field("duration", value), field("recording_id", str(recording.pk)), file(webm()))
    assert post_form(client, recording.session_id, extra).json() == {"status": "ready"}
    assert staged() == []


NAMES = {
    "a folder above": (b"../../../etc/passwd", "passwd"),
    "a Windows path": (rb"C:\Users\me\screen.webm", "screen.webm"),
    "a header": (b'x.webm\\"\\r\\nSet-Cookie: a=b', None),
    "a line": (b"a\r\n b.webm", None),
    "NUL": (b"a\x00b.webm", "ab.webm"),
    "no UTF-8": (b"\xff\xfe.webm", None),
    "a surrogate": (b"\xed\xa0\x80.webm", None),
    "right to left": ("exe\u202emp4.webm".encode(), "exemp4.webm"),
    "long": (b"n" * 900 + b".webm", None),
    "an entity": (b"&lt;b&gt;.webm", "<b>.webm"),
    "quotes": (b"it's.webm", "it's.webm"),
}


@pytest.mark.parametrize(("name", "kept"), NAMES.values(), ids=NAMES)
def test_a_file_name_is_only_ever_text(alice: User, name: bytes, kept: str | None) -> None:
    recording, client = started(alice), api(alice)
    whole = form(field("recording_id", str(recording.pk)), file(webm(), name))
    answer = post_form(client, recording.session_id, whole)
    if kept is None and answer.status_code == 400:
        assert staged() == stored() == []
        return
    assert answer.json() == {"status": "ready"}
    recording.refresh_from_db()
    assert kept in (None, recording.upload_name)
    assert recording.upload_name.isprintable()
    assert len(recording.upload_name) <= 255
    assert [key.split("/")[0] for key in stored()] == [str(recording.pk)]
    assert recording.filename == "firefox.webm"


@pytest.mark.parametrize("name", [".", "..", "", "/", "\\"])
def test_a_file_without_a_name_is_no_file(alice: User, name: str) -> None:
    recording = started(alice)
    whole = form(field("recording_id", str(recording.pk)), file(webm(), name.encode()))
    assert is_problem(post_form(api(alice), recording.session_id, whole), 400, "`file`")
    assert staged() == []


@pytest.mark.parametrize(
    "title",
    [
        "a\r\nSet-Cookie: x=y",
        "../../etc/passwd",
        'quo"te',
        "\u202egnp.exe",
        "ünï 🎬",
        "a;b=c",
        "%0d%0a",
        "x" * 200,
        " ",
    ],
)
def test_a_title_is_safe_in_headers_and_pages(alice: User, title: str) -> None:
    recording, client = started(alice), api(alice)
    upload(client, recording)
    assert client.patch(f"/api/recordings/{recording.pk}", {"title": title}, format="json").status_code == 200
    answer = client.head(f"/api/recordings/{recording.pk}/download?original=1")
    assert "Set-Cookie" not in answer.headers
    header = Message()
    header["Content-Disposition"] = answer["Content-Disposition"]
    filename = header.get_filename() or ""
    assert filename.endswith(".webm")
    assert not set(filename) & set('\r\n/\\"\u202e')
    page = browser(alice).get(f"/recordings/{recording.pk}").content.decode()
    assert "\u202e" not in page


@pytest.mark.parametrize(
    ("field_name", "value", "words"),
    [
        ("title", "x" * 10_000, "200 characters"),
        ("notes", "x" * 10_001, "10000 characters"),
        ("tags", ["x" * 51], "50 characters"),
        ("tags", [str(number) for number in range(21)], "20 elements"),
        ("title", None, "null"),
        ("title", {"a": 1}, "string"),
        ("tags", "a,b", "list"),
        ("tags", [["a"]], "string"),
    ],
)
def test_too_much_text_is_refused(alice: User, field_name: str, value: Any, words: str) -> None:
    address = f"/api/recordings/{started(alice).pk}"
    assert is_problem(posted(api(alice), "PATCH", address, {field_name: value}), 400, words)


@pytest.mark.parametrize("text", ["\u200b", "\u202e\u2066", "   ", "\ue000"])
def test_a_session_has_a_name_that_can_be_seen(alice: User, text: str) -> None:
    assert is_problem(posted(api(alice), "POST", "/api/sessions", {"app_id": text}), 400, "blank")
    shown = posted(
        api(alice), "POST", "/api/sessions", {"app_id": "x", "kind": "screen", "title": text, "target": f"a{text}b"}
    ).json()
    assert (shown["title"], shown["target"].isprintable()) == ("", True)


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (b"{", 400),
    "no UTF-8": (b'{"app_id": "\xff"}', 400),
    "deep lists": (b"[" * 200_000, 400),
    "deep objects": (b'{"a":' * 100_000, 400),
    "a long number": (b'{"app_id": ' + b"9" * 5000 + b"}", 400),
    "no number": (b'{"app_id": NaN}', 400),
    "a list": (b"[]", 400),
    "null": (b"null", 400),
    "text": (b'"app_id"', 400),
    "two at once": (b'{"app_id": "x"}{"app_id": "y"}', 400),
    "two megabytes": (b'{"app_id": "' + b"x" * 2_000_000 + b'"}', 413),
    "UTF-16": ('{"app_id": "x"}'.encode("utf-16"), 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("address", ["/api/sessions", "/api/auth/login"])
def test_a_wrong_body_is_refused(alice: User, address: str, body: bytes, status: int) -> None:
    client = api(alice) if address == "/api/sessions" else APIClient(raise_request_exception=False)
    answer = post(client, address, body, "application/json")
    assert is_problem(answer, status, "")


@pytest.mark.parametrize("charset", ["hex", "rot13", "undefined", "idna", "utf-16", "bogus", "\xff"])
def test_a_strange_charset_is_no_way_to_make_us_fail(alice: User, charset: str) -> None:
    recording, client = started(alice), api(alice)
    answer = post(client, "/api/sessions", b'{"app_id": "x"}', f"application/json; charset={charset}")
    assert answer.status_code in (201, 400)
    whole = form(field("recording_id", str(recording.pk)), file(webm()))
    address = f"/api/sessions/{recording.session_id}/recording/upload"
    assert post(client, address, whole, f"{FORM}; charset={charset}").status_code in (200, 400)
    assert session_of(alice).app_id == "firefox"
