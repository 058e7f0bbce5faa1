"""tuspy and tus-js-client, unchanged, through connections that break five times, against the real web process."""

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tusclient.client import TusClient

from tests import tus_client
from tests.clients import node
from tests.portal import Portal
from tests.proxy import FaultyProxy
from tests.webm_samples import looped, samples

MB = 1_000_000
SIZE = 100 * MB
CUTS = [SIZE * share // 10 for share in (1, 3, 4, 7, 9)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 100 MB, all of it frames that Chromium made."""
    path = tmp_path_factory.mktemp("large") / "large.webm"
    looped(samples()["busy"], path, size=SIZE)
    return path


@pytest.fixture
def alice(portal: Portal) -> Iterator[httpx.Client]:
    with portal.client("alice") as client:
        yield client


def newest(client: httpx.Client) -> dict[str, Any]:
    """The recording that was uploaded last, once it is done with."""
    for _ in range(600):
        found: dict[str, Any] = client.get("/api/recordings", params={"limit": 1}).json()[0]
        if found["status"] in ("ready", "failed"):
            break
        time.sleep(0.1)
    return found


def check(client: httpx.Client, path: Path, title: str) -> None:
    """It is ready, under its title, and a download gives the very bytes."""
    recording = newest(client)
    assert (recording["status"], recording["incomplete"], recording["title"]) == ("ready", False, title)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    assert recording["sha256"] == digest
    downloaded = hashlib.sha256()
    address = f"/api/recordings/{recording['id']}/download"
    with client.stream("GET", address, params={"original": "1"}, follow_redirects=True) as answer:
        for block in answer.iter_bytes():
            downloaded.update(block)
    assert downloaded.hexdigest() == digest
    assert client.delete(f"/api/recordings/{recording['id']}").status_code == 204


def token_of(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("chunk", [8 * MB, 200 * MB])
def test_tuspy(portal: Portal, alice: httpx.Client, large: Path, chunk: int) -> None:
    with FaultyProxy(portal.url, cuts=CUTS) as proxy:
        client = TusClient(f"{proxy.endpoint}/api/uploads", {"Authorization": alice.headers["Authorization"]})
        client.uploader(
            str(large), chunk_size=chunk, retries=10, retry_delay=0.1, metadata={"title": "tuspy"}
        ).upload()
        assert proxy.cut == len(CUTS)
    check(alice, large, "tuspy")


@pytest.mark.parametrize(
    "how",
    [{"chunkSize": None}, {"chunkSize": 8 * MB}, {"chunkSize": 8 * MB, "deferred": True}],
    ids=["whole", "chunks", "length-later"],
)
def test_tus_js_client(portal: Portal, alice: httpx.Client, large: Path, how: dict[str, Any]) -> None:
    with FaultyProxy(portal.url, cuts=CUTS) as proxy:
        said = node.upload(
            file=str(large),
            endpoint=f"{proxy.endpoint}/api/uploads",
            token=token_of(alice),
            metadata={"title": "tus-js-client", "filename": large.name},
            **how,
        )
        assert (said.get("error"), proxy.cut) == (None, len(CUTS))
        assert said["retries"] >= len(CUTS)
    check(alice, large, "tus-js-client")


# --- what only bytes on the wire show ----------------------------------------------------------------------------


def raw(portal: Portal, head: list[str], body: bytes = b"", *, hang_up: bool = False) -> bytes:
    """The answer to a request written by hand; with `hang_up` the client goes away after its last byte."""
    address = urlsplit(portal.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        lines = [*head, f"Host: {address.netloc}", "Connection: close", "Tus-Resumable: 1.0.0", "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65536):
            answer += block
    return answer


def test_headers_given_twice_are_refused(portal: Portal, alice: httpx.Client) -> None:
    bearer = f"Authorization: {alice.headers['Authorization']}"
    post = ["POST /api/uploads HTTP/1.1", bearer, "Content-Length: 0"]
    before = len(alice.get("/api/recordings", params={"limit": 500}).json())
    assert b" 400 " in raw(portal, [*post, "Upload-Length: 5", "Upload-Length: 5"])[:20]
    assert b" 400 " in raw(portal, [*post, "Upload-Length: 5", "Upload-Length: 6"])[:20]
    assert b" 400 " in raw(portal, [*post, "Upload-Length: 5,6"])[:20]
    assert len(alice.get("/api/recordings", params={"limit": 500}).json()) == before
    created = raw(portal, [*post, "Upload-Length: 5"])
    assert b" 201 " in created[:20]


def test_a_body_in_chunks_is_refused(portal: Portal, alice: httpx.Client) -> None:
    address = alice.post("/api/uploads", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "5"}).headers[
        "Location"
    ]
    answer = alice.patch(
        address,
        content=iter([b"a", b"b"]),
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": tus_client.PIECE},
    )
    assert answer.status_code == 411


def test_what_a_client_sent_before_it_hung_up_is_kept(portal: Portal, alice: httpx.Client) -> None:
    data = tus_client.recording()
    said = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
    address = alice.post("/api/uploads", headers=said).headers["Location"]
    head = [
        f"PATCH {urlsplit(address).path} HTTP/1.1",
        f"Authorization: {alice.headers['Authorization']}",
        f"Content-Type: {tus_client.PIECE}",
        f"Content-Length: {len(data)}",
        "Upload-Offset: 0",
    ]
    raw(portal, head, data[:5000], hang_up=True)
    time.sleep(0.5)
    told = alice.head(address, headers={"Tus-Resumable": "1.0.0"})
    assert int(told.headers["Upload-Offset"]) == 5000
    answer = alice.patch(
        address,
        content=data[5000:],
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "5000", "Content-Type": tus_client.PIECE},
    )
    assert answer.status_code == 204
    assert newest(alice)["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_client_that_falls_silent_in_a_piece_locks_nobody_out(portal: Portal, alice: httpx.Client) -> None:
    data = tus_client.recording()
    said = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
    address = alice.post("/api/uploads", headers=said).headers["Location"]
    place = urlsplit(address)
    head = [
        f"PATCH {place.path} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: {alice.headers['Authorization']}",
        f"Content-Type: {tus_client.PIECE}",
        f"Content-Length: {len(data)}",
        "Tus-Resumable: 1.0.0",
        "Upload-Offset: 0",
    ]
    with socket.create_connection((place.hostname, place.port), timeout=20) as silent:
        silent.sendall("\r\n".join([*head, "", ""]).encode() + data[:5000])
        time.sleep(0.5)
        began = time.monotonic()
        at = int(alice.head(address, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Offset"])
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(at), "Content-Type": tus_client.PIECE}
        assert alice.patch(address, content=data[at:], headers=headers).status_code == 204
        assert time.monotonic() - began < 3
        assert newest(alice)["sha256"] == hashlib.sha256(data).hexdigest()
        silent.sendall(data[5000:])
        assert b" 409 " in silent.recv(65536)[:20]
