"""Ranges, validators and the uploaded bytes, against RFC 9110."""

import re
import secrets
from hashlib import sha256
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.utils.http import http_date
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.playback import media_response
from recordings.sending import ByteRange, Unsatisfiable, parse_range
from recordings.storage import RecordingStore
from tests.playables import COMPLETED, DATA, SIZE, StoredRecording, ask, body, kept

MODIFIED = int(COMPLETED.timestamp())


@pytest.fixture
def recording(local_settings: Path, tmp_path: Path) -> StoredRecording:
    return kept(tmp_path)


# --- Range ----------------------------------------------------------------------------------------------------

WHOLE = None
UNSATISFIABLE = "416"


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (None, 100, WHOLE),
        ("bytes=0-0", 100, (0, 1)),
        ("bytes=0-99", 100, (0, 100)),
        ("bytes=10-19", 100, (10, 10)),
        ("bytes=10-1000", 100, (10, 90)),
        ("bytes=10-", 100, (10, 90)),
        ("bytes=99-", 100, (99, 1)),
        ("bytes=-1", 100, (99, 1)),
        ("bytes=-100", 100, (0, 100)),
        ("bytes=-1000", 100, (0, 100)),
        ("BYTES=1-2", 100, (1, 2)),
        (" bytes= 1-2 ", 100, (1, 2)),
        ("bytes=,1-2,,", 100, (1, 2)),
        ("bytes=000001-0000000000000000000000000000002", 100, (1, 2)),
        ("bytes=1-" + "9" * 5000, 100, (1, 99)),
        ("bytes=-" + "9" * 5000, 100, (0, 100)),
        ("bytes=100-", 100, UNSATISFIABLE),
        ("bytes=100-200", 100, UNSATISFIABLE),
        ("bytes=" + "9" * 5000 + "-", 100, UNSATISFIABLE),
        ("bytes=-0", 100, UNSATISFIABLE),
        ("bytes=0-", 0, UNSATISFIABLE),
        ("bytes=-5", 0, WHOLE),  # satisfiable, yet no Content-Range can say so
        ("bytes=0-1,5-6", 100, WHOLE),
        ("bytes=0-1,500-", 100, WHOLE),
        ("bytes=5-4", 100, WHOLE),
        ("bytes=", 100, WHOLE),
        ("bytes=-", 100, WHOLE),
        ("bytes=--1", 100, WHOLE),
        ("bytes=-1-2", 100, WHOLE),
        ("bytes=1", 100, WHOLE),
        ("bytes=1-2-3", 100, WHOLE),
        ("bytes=a-b", 100, WHOLE),
        ("bytes=+1-2", 100, WHOLE),
        ("bytes=1 - 2", 100, WHOLE),
        ("bytes=0x1-2", 100, WHOLE),
        ("bytes=1.5-2", 100, WHOLE),
        ("bytes=\u0661-\u0662", 100, WHOLE),
        ("bytes 1-2", 100, WHOLE),
        ("items=1-2", 100, WHOLE),
        ("", 100, WHOLE),
        ("1-2", 100, WHOLE),
    ],
)
def test_parse_range(header: str | None, size: int, expected: tuple[int, int] | str | None) -> None:
    if expected == UNSATISFIABLE:
        with pytest.raises(Unsatisfiable):
            parse_range(header, size)
    else:
        assert parse_range(header, size) == (ByteRange(*map(int, expected)) if expected else None)


@given(st.text(st.sampled_from("bytes=0123456789-, \t;\x00é")) | st.text(), st.integers(0, 2**40))
@example("bytes=" + "," * 10_000, 5)
def test_no_range_reaches_outside(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except Unsatisfiable:
        return
    assert found is None or (0 <= found.start < found.stop <= size)


@pytest.mark.parametrize(
    ("header", "status", "content_range", "start", "stop"),
    [
        ("bytes=0-9", 206, f"bytes 0-9/{SIZE}", 0, 10),
        ("bytes=-7", 206, f"bytes {SIZE - 7}-{SIZE - 1}/{SIZE}", SIZE - 7, SIZE),
        ("bytes=1000-", 206, f"bytes 1000-{SIZE - 1}/{SIZE}", 1000, SIZE),
        ("bytes=0-", 206, f"bytes 0-{SIZE - 1}/{SIZE}", 0, SIZE),
        ("bytes=0-1,3-4", 200, None, 0, SIZE),
        ("bytes=nonsense", 200, None, 0, SIZE),
    ],
)
def test_ranges_are_answered(
    recording: StoredRecording, header: str, status: int, content_range: str | None, start: int, stop: int
) -> None:
    response = ask(recording, Range=header)
    assert response.status_code == status
    assert response.get("Content-Range") == content_range
    assert response["Content-Length"] == str(stop - start)
    assert body(response) == DATA[start:stop]


def test_a_range_behind_the_end(recording: StoredRecording) -> None:
    response = ask(recording, Range=f"bytes={SIZE}-")
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert response["Content-Type"] == "application/problem+json"
    assert b'"status": 416' in body(response)


def test_the_whole(recording: StoredRecording) -> None:
    response = ask(recording)
    assert response.status_code == 200
    assert body(response) == DATA
    assert dict(response.items()) == {
        "Content-Length": str(SIZE),
        "Content-Type": "video/webm",
        "Content-Disposition": 'attachment; filename="Tuesday\'s session.webm"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        "ETag": response["ETag"],
        "Last-Modified": "Sun, 01 Mar 2026 12:00:00 GMT",
    }


def test_for_the_player_it_is_inline(recording: StoredRecording) -> None:
    response = media_response(RequestFactory().get("/"), recording, attachment=False)
    assert response["Content-Disposition"].startswith("inline; ")


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-9"}, {"Range": "bytes=99999-"}])
@pytest.mark.parametrize("original", [False, True])
def test_head_tells_of_the_whole(recording: StoredRecording, headers: dict[str, str], original: bool) -> None:
    response = ask(recording, "HEAD", original=original, **headers)
    whole = ask(recording, original=original)
    assert (response.status_code, body(response)) == (200, b"")
    assert dict(response.items()) == dict(whole.items())
    whole.close()


# --- Validators -----------------------------------------------------------------------------------------------

TAG, WEAK, DATE = "its tag", "its tag, weak", http_date(MODIFIED)


def filled(recording: StoredRecording, text: str) -> str:
    tag = ask(recording, "HEAD")["ETag"]
    return {TAG: tag, WEAK: f"W/{tag}"}.get(text, text)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (TAG, 206),
        (DATE, 206),
        (WEAK, 200),
        ('"other"', 200),
        (http_date(MODIFIED - 1), 200),
        (http_date(MODIFIED + 1), 200),
        ("yesterday", 200),
        ("*", 200),
    ],
)
def test_if_range(recording: StoredRecording, condition: str, status: int) -> None:
    response = ask(recording, Range="bytes=5-6", If_Range=filled(recording, condition))
    assert response.status_code == status
    assert body(response) == (DATA[5:7] if status == 206 else DATA)


def test_if_range_keeps_an_unsatisfiable_range_from_counting(recording: StoredRecording) -> None:
    assert ask(recording, Range="bytes=99999-", If_Range='"other"').status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("header", "condition", "status"),
    [
        ("If_None_Match", TAG, 304),
        ("If_None_Match", WEAK, 304),
        ("If_None_Match", "*", 304),
        ("If_None_Match", '"a", "b"', 200),
        ("If_Modified_Since", DATE, 304),
        ("If_Modified_Since", http_date(MODIFIED - 1), 200),
        ("If_Modified_Since", "nonsense", 200),
        ("If_Match", TAG, 200),
        ("If_Match", '"other"', 412),
        ("If_Match", WEAK, 412),
        ("If_Unmodified_Since", DATE, 200),
        ("If_Unmodified_Since", http_date(MODIFIED - 1), 412),
    ],
)
def test_preconditions(recording: StoredRecording, method: str, header: str, condition: str, status: int) -> None:
    response = ask(recording, method, original=False, **{header: filled(recording, condition)})
    assert response.status_code == status
    assert response["ETag"]
    assert response["Cache-Control"] == "private, no-cache"
    if status != 200:
        assert body(response) == b""
    response.close()


def test_a_tag_outweighs_a_date_and_a_range(recording: StoredRecording) -> None:
    tag = filled(recording, TAG)
    assert ask(recording, If_None_Match='"other"', If_Modified_Since=DATE).status_code == 200
    assert ask(recording, If_None_Match=tag, Range="bytes=0-1").status_code == 304


def test_every_version_has_its_own_tag(recording: StoredRecording, tmp_path: Path) -> None:
    again = kept(tmp_path)
    tags = {ask(each, "HEAD", original=o)["ETag"] for each in (recording, again) for o in (False, True)}
    assert len(tags) == 3
    assert f'"{sha256(DATA).hexdigest()}"' in tags
    assert all(re.fullmatch(r'"[0-9a-f-]+"', tag) for tag in tags)


# --- The uploaded bytes ---------------------------------------------------------------------------------------

HEAD_BYTES, BODY, TAIL = b"old head", secrets.token_bytes(600), secrets.token_bytes(40)
NEW_HEAD = secrets.token_bytes(64)


@pytest.mark.parametrize(
    ("stored", "facts", "uploaded"),
    [
        (BODY, {}, BODY),
        (NEW_HEAD + BODY, {"original_head": HEAD_BYTES, "body_start": 64}, HEAD_BYTES + BODY),
        (
            NEW_HEAD + BODY + b"void-cover" + TAIL[9:],
            {"original_head": HEAD_BYTES, "body_start": 64, "cut": 664, "tail_saved": TAIL[:9]},
            HEAD_BYTES + BODY + TAIL[:9] + b"r" + TAIL[9:],
        ),
        (
            NEW_HEAD + BODY,
            {"original_head": HEAD_BYTES, "body_start": 64, "cut": 664, "tail_saved": TAIL[:5]},
            HEAD_BYTES + BODY + TAIL[:5],
        ),
        (BODY, {"cut": 600, "tail_saved": memoryview(TAIL[:3])}, BODY + TAIL[:3]),
    ],
    ids=["as it came", "new head", "tail covered", "tail kept", "tail only"],
)
def test_the_uploaded_bytes_come_back(
    store: RecordingStore, tmp_path: Path, stored: bytes, facts: dict[str, object], uploaded: bytes
) -> None:
    recording = kept(tmp_path, stored, size_bytes=len(uploaded), sha256=sha256(uploaded).hexdigest(), **facts)

    whole = ask(recording, original=True)
    assert whole.status_code == 200
    assert whole["ETag"] == f'"{sha256(uploaded).hexdigest()}"'
    assert body(whole) == uploaded
    edges = [0, 1, 7, 8, 9, len(uploaded) // 2, *range(600, len(uploaded), 3), len(uploaded) - 1]
    for first in edges:
        for last in edges:
            if first <= last < len(uploaded):
                part = ask(recording, original=True, Range=f"bytes={first}-{last}")
                assert part.status_code == 206
                assert body(part) == uploaded[first : last + 1]
    assert ask(recording, original=True, Range=f"bytes={len(uploaded)}-").status_code == 416
