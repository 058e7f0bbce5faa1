"""Who sends the bytes: a proxy, the object store or the portal itself; in constant memory, or not at all."""

import os
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from pytest_django import Settings

from recordings import storage
from recordings.playback import content_disposition
from recordings.storage import ObjectMissing, RecordingStore, StorageUnavailable
from tests.playables import DATA, SIZE, StoredRecording, ask, body, kept
from tests.services import S3Server, WebServer, free_ports, web_server
from tests.stores import MIB, key


@pytest.fixture
def recording(local_settings: Path, tmp_path: Path) -> StoredRecording:
    return kept(tmp_path)


def test_a_proxy_may_send(settings: Settings, recording: StoredRecording) -> None:
    for prefix in ("/protected", "/protected/"):
        settings.SORTIE_X_ACCEL_REDIRECT = prefix
        for method in ("GET", "HEAD"):
            response = ask(recording, method, Range="bytes=0-1", If_None_Match="*")
            assert response.status_code == 200
            assert response["X-Accel-Redirect"] == f"/protected/{recording.storage_key}"
            assert response["Content-Type"] == "video/webm"
            assert response["Content-Disposition"].startswith("attachment; ")
            assert body(response) == b""
    assert body(ask(recording, original=True)) == DATA


def test_the_object_store_sends(s3_settings: S3Server, settings: Settings, tmp_path: Path) -> None:
    settings.SORTIE_X_ACCEL_REDIRECT = "/only-for-local"
    recording = kept(tmp_path, filename="Café.webm")
    response = ask(recording, Range="bytes=5-6", If_None_Match='"theirs"')
    assert response.status_code == 302
    assert response["Cache-Control"] == "private, no-store"
    assert "X-Amz-Expires=300" in response["Location"]

    whole = httpx.get(response["Location"])
    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["Content-Type"] == "video/webm"
    assert whole.headers["Content-Disposition"] == content_disposition("Café.webm", attachment=True)
    part = httpx.get(response["Location"], headers={"Range": "bytes=5-6"})
    assert (part.status_code, part.content) == (206, DATA[5:7])

    head = ask(recording, "HEAD")
    assert (head.status_code, head["Content-Length"], body(head)) == (200, str(SIZE), b"")
    assert head["ETag"] == whole.headers["ETag"]
    assert head["Accept-Ranges"] == "bytes"


def test_a_proxy_may_have_the_object_store_send(s3_settings: S3Server, settings: Settings, tmp_path: Path) -> None:
    recording = kept(tmp_path)
    signed = urlsplit(ask(recording)["Location"])
    for prefix in ("/objects", "/objects/"):
        settings.SORTIE_X_ACCEL_S3 = prefix
        response = ask(recording, Range="bytes=0-1")
        assert response.status_code == 200
        asked = urlsplit(response["X-Accel-Redirect"])
        assert (asked.netloc, asked.path) == ("", f"/objects{signed.path}")
        assert response["Content-Type"] == "video/webm"
        assert response["Content-Disposition"].startswith("attachment; ")
        there = f"{signed.scheme}://{signed.netloc}{asked.path.removeprefix('/objects')}?{asked.query}"
        assert httpx.get(there).content == DATA
    assert body(ask(recording, "HEAD")) == b""
    assert body(ask(recording, original=True)) == DATA


@pytest.mark.parametrize("original", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_lost_object_is_told(
    recording: StoredRecording, caplog: pytest.LogCaptureFixture, method: str, original: bool
) -> None:
    storage.current_store().delete([recording.storage_key])
    with pytest.raises(ObjectMissing):
        ask(recording, method, original=original)
    assert f"local {recording.storage_key} cannot be served" in caplog.text


@pytest.mark.parametrize(("method", "original"), [("GET", True), ("HEAD", False), ("HEAD", True)])
def test_a_lost_object_is_told_on_s3(s3_settings: S3Server, tmp_path: Path, method: str, original: bool) -> None:
    recording = kept(tmp_path)
    storage.current_store().delete([recording.storage_key])
    with pytest.raises(ObjectMissing):
        ask(recording, method, original=original)


@pytest.mark.parametrize(
    ("method", "original", "headers"),
    [("GET", False, {}), ("GET", False, {"Range": "bytes=-1"}), ("GET", True, {}), ("HEAD", False, {})],
)
def test_a_damaged_object_is_told(
    recording: StoredRecording, local_settings: Path, method: str, original: bool, headers: dict[str, str]
) -> None:
    os.truncate(local_settings / recording.storage_key, SIZE - 1)
    with pytest.raises(ObjectMissing, match=r"not as long|too short"):
        ask(recording, method, original=original, **headers)


def test_facts_that_do_not_add_up_are_told(recording: StoredRecording) -> None:
    recording.original_head = b"x"
    with pytest.raises(ObjectMissing):
        ask(recording, original=True)


def test_an_object_store_that_is_away_is_told(s3_settings: S3Server, settings: Settings, tmp_path: Path) -> None:
    recording = kept(tmp_path)
    settings.SORTIE_RECORDING_S3_ENDPOINT = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(StorageUnavailable):
        ask(recording, original=True)


def test_an_object_that_ends_early_breaks_the_answer(
    local_settings: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = kept(tmp_path, bytes(4 * storage.BLOCK))
    response = ask(recording)
    os.truncate(local_settings / recording.storage_key, 2 * storage.BLOCK)
    with pytest.raises(ObjectMissing):
        body(response)
    assert "broke off while it was sent" in caplog.text


@pytest.fixture
def no_database() -> Iterator[None]:
    """Closing a response ends a request, and Django then looks after connections; here there are none to have."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.mark.usefixtures("no_database")
def test_files_are_closed_when_the_client_goes(store: RecordingStore, tmp_path: Path) -> None:
    data = bytes(3 * storage.BLOCK)
    recording = kept(tmp_path, data)
    ask(recording, original=True).close()
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(50):
        response = ask(recording, original=True)
        assert isinstance(response, StreamingHttpResponse)
        assert len(next(iter(response))) > 0
        response.close()
    assert len(list(Path("/dev/fd").iterdir())) <= before + 1


def test_an_unknown_store_is_no_answer(recording: StoredRecording) -> None:
    recording.storage_backend = "ftp"
    with pytest.raises(ValueError, match="not a recording store"):
        ask(recording)
    recording.storage_backend = "local"
    recording.storage_key = f"{uuid.uuid4()}/../../etc/passwd"
    with pytest.raises(ValueError, match="not a storage key"):
        ask(recording)


# --- Behind the real server -----------------------------------------------------------------------------------

HUGE = 2048 * MIB


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stored object of 2 GiB that takes no room on the disk."""
    root = tmp_path_factory.mktemp("huge")
    path = root / key()
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(HUGE)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def server(huge: Path) -> Iterator[WebServer]:
    environment = {
        "SORTIE_RECORDING_STORAGE_PATH": str(huge.parent.parent),
        "MEDIA_FILE": f"{huge.parent.name}/{huge.name}",
        "MEDIA_SIZE": str(HUGE),
    }
    with web_server("tests.media_site:application", environment) as running:
        yield running


def connect(server: WebServer, path: str = "/media", method: str = "GET", **headers: str) -> HTTPResponse:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


@pytest.mark.parametrize("path", ["/media", "/media?original"])
def test_two_gigabytes_in_constant_memory(server: WebServer, path: str) -> None:
    connect(server, path, Range="bytes=0-9").read()
    before = most = server.memory()
    buffer, received, looks = bytearray(MIB), 0, 0
    response = connect(server, path)
    while got := response.readinto(buffer):
        received += got
        if received > looks * 128 * MIB:
            looks, most = looks + 1, max(most, server.memory())
    assert received == HUGE
    assert looks >= 16
    assert most - before < 24 * MIB
    assert most < 150 * MIB


def test_clients_that_stop_reading_fill_no_memory(server: WebServer) -> None:
    connect(server, Range="bytes=0-9").read()
    before = server.memory()
    responses = [connect(server) for _ in range(8)]
    for response in responses:
        assert len(response.read(1000)) == 1000
    time.sleep(1)
    assert server.memory() - before < 48 * MIB
    assert connect(server, Range="bytes=-5").read() == bytes(5)
    for response in responses:
        response.close()


def test_over_the_wire(server: WebServer) -> None:
    part = connect(server, Range=f"bytes={HUGE - 3}-")
    assert (part.status, part.read()) == (206, bytes(3))
    assert part.headers["Content-Range"] == f"bytes {HUGE - 3}-{HUGE - 1}/{HUGE}"
    head = connect(server, method="HEAD")
    assert (head.status, head.headers["Content-Length"], head.read()) == (200, str(HUGE), b"")
    assert head.headers["Accept-Ranges"] == "bytes"
    unchanged = connect(server, **{"If-None-Match": head.headers["ETag"]})
    assert (unchanged.status, unchanged.read()) == (304, b"")
    outside = connect(server, Range=f"bytes={HUGE}-")
    assert (outside.status, outside.headers["Content-Range"]) == (416, f"bytes */{HUGE}")


def test_an_object_cut_short_is_a_broken_download_not_a_short_one(server: WebServer, huge: Path) -> None:
    response = connect(server)
    response.read(MIB)
    os.truncate(huge, 64 * MIB)
    try:
        with pytest.raises(IncompleteRead):
            response.read()
    finally:
        os.truncate(huge, HUGE)
