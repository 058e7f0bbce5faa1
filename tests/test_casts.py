"""Terminal recordings on their way out: to players, as files, as exactly what was uploaded; ranges and damage."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from recordings import policies
from recordings.audit import SORTIE
from recordings.models import Recording, User
from recordings.policies import Switch
from recordings.sending import accepts_gzip
from tests.casting import made
from tests.making import api, browser, events
from tests.playables import body
from tests.terminal.build import cast, version_1, version_3

pytestmark = pytest.mark.django_db
LONG = cast(*([i / 10, "o", f"line {i} of many\r\n"] for i in range(2000)))


def fetched(user: User, recording: Recording, query: str = "", **headers: str) -> Any:
    return api(user).get(f"/api/recordings/{recording.pk}/download{query}", headers=headers)


def watched(user: User, recording: Recording, **headers: str) -> Any:
    return browser(user).get(f"/recordings/{recording.pk}/media", headers=headers)


def test_a_download_is_a_plain_cast(alice: User) -> None:
    recording = made(alice, gzip.compress(LONG), title="Nightly: backup")
    answer = fetched(alice, recording)
    assert (answer.status_code, body(answer)) == (200, LONG)
    assert answer.headers["Content-Type"] == "application/x-asciicast"
    assert answer.headers["Content-Length"] == str(len(LONG))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Nightly_ backup.cast"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in answer.headers
    assert events(recording)[-1] == "download"


def test_it_comes_compressed_if_asked_for_so(alice: User) -> None:
    answer = fetched(alice, made(alice, LONG, title="Nightly"), "?format=cast.gz")
    assert gzip.decompress(body(answer)) == LONG
    assert answer.headers["Content-Type"] == "application/gzip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Nightly.cast.gz"'


def test_a_form_that_there_is_not_is_refused(alice: User) -> None:
    answer = fetched(alice, made(alice, LONG), "?format=mp3")
    assert answer.status_code == 400
    assert "cast.gz" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (LONG, "cast"),
        (gzip.compress(LONG), "cast.gz"),
        (gzip.compress(LONG) + gzip.compress(b""), "cast.gz"),
        (version_1([1, "x"]), "cast"),
    ],
)
def test_the_original_is_what_was_uploaded(data: bytes, name: str, alice: User) -> None:
    answer = fetched(alice, made(alice, data, title="x"), "?original=1")
    assert body(answer) == data
    assert answer.headers["Content-Disposition"] == f'attachment; filename="x.{name}"'
    assert answer.headers["Content-Length"] == str(len(data))


def test_the_original_is_what_was_kept_where_typed_input_was_left_out(alice: User) -> None:
    typed = cast([0.5, "o", "$ "], [0.7, "i", "hunter2\r"])
    removed = made(alice, gzip.compress(typed), title="x")
    answer = fetched(alice, removed, "?original=1")
    text = body(answer)
    assert b"hunter2" not in text
    assert answer.headers["Content-Length"] == str(len(text))
    assert answer.headers["ETag"] == f'"{removed.terminal.original_sha256}"'
    policies.turn(Switch.KEEP_INPUT, SORTIE, on=True)
    packed = gzip.compress(typed)  # which has the time in it
    assert body(fetched(alice, made(alice, packed), "?original=1")) == packed


@pytest.mark.parametrize("query", ["", "?format=cast.gz", "?original=1"])
def test_ranges_are_cut_out_of_what_is_given_out(query: str, alice: User) -> None:
    recording = made(alice, LONG)
    whole = body(fetched(alice, recording, query))
    size = len(whole)
    for first, last in ((0, 0), (0, 99), (size // 2, size // 2 + 1000), (size - 5, size + 5)):
        answer = fetched(alice, recording, query, Range=f"bytes={first}-{last}")
        assert (answer.status_code, body(answer)) == (206, whole[first : last + 1])
        assert answer.headers["Content-Range"] == f"bytes {first}-{min(last, size - 1)}/{size}"
    assert fetched(alice, recording, query, Range=f"bytes={size}-").status_code == 416
    head = api(alice).head(f"/api/recordings/{recording.pk}/download{query}")
    assert (head.headers["Content-Length"], body(head)) == (str(size), b"")


def test_each_form_is_told_from_the_others_and_found_unchanged(alice: User) -> None:
    recording = made(alice, LONG)
    tags = [fetched(alice, recording, query).headers["ETag"] for query in ("", "?format=cast.gz", "?original=1")]
    assert len(set(tags)) == 3
    assert fetched(alice, recording, **{"If-None-Match": tags[0]}).status_code == 304


def test_a_player_gets_it_compressed_if_it_can_read_that(alice: User) -> None:
    recording = made(alice, version_3([1, "o", "x"]))
    packed = watched(alice, recording, **{"Accept-Encoding": "gzip, deflate, br"})
    plain = watched(alice, recording, **{"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body(packed)) == body(plain) == version_3([1, "o", "x"])
    for answer in (packed, plain):
        assert answer.headers["Vary"].startswith("Accept-Encoding")
        assert answer.headers["Content-Type"] == "application/x-asciicast"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Content-Disposition"].startswith("inline")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert events(recording)[-1] == "view"


def test_a_player_gets_something_clean_of_what_was_odd(alice: User) -> None:
    recording = made(alice, cast([1, "o", "x"]).replace(b"\n", b"\n\n") + b"[2, ")
    assert body(watched(alice, recording)).splitlines()[1:] == [b'[1.000000,"o","x"]']


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("x-gzip; q=1.0", True),
        ("GZIP", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("nogzip", False),
        ("*", False),
    ],
)
def test_what_a_client_can_read(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected


# --- damage ---------------------------------------------------------------------------------------------------


def _object(recording: Recording) -> Path:
    return Path(settings.SORTIE_RECORDING_STORAGE_PATH) / recording.storage_key


@pytest.mark.only("single")
@pytest.mark.parametrize("query", ["", "?format=cast.gz", "?original=1"])
def test_an_object_that_is_lost_is_told(query: str, alice: User) -> None:
    recording = made(alice, LONG)
    _object(recording).unlink()
    answer = fetched(alice, recording, query)
    assert answer.status_code == 404
    assert "missing from the store" in answer.json()["detail"]


@pytest.mark.only("single")
def test_an_object_that_was_changed_is_not_given_out_as_if_it_were_whole(alice: User) -> None:
    recording = made(alice, LONG)
    stored = _object(recording)
    stored.chmod(0o600)
    stored.write_bytes(bytes(len(stored.read_bytes())))
    assert fetched(alice, recording).status_code == 404
    stored.write_bytes(gzip.compress(b"short"))
    head = api(alice).head(f"/api/recordings/{recording.pk}/download")
    assert head.status_code == 404
