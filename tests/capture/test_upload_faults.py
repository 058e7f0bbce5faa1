"""Uploads where things go wrong that a healthy portal does not do on demand, and what is said of a recording."""

import base64
import gzip
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from recordings.capture import sending
from tests.capture.sending import keep_login, ledger
from tests.capture.tus_stub import Fault, TusStub
from tests.capture.user import run

SIZE = 3_000_000


@pytest.fixture
def stub(home: Path) -> Iterator[TusStub]:
    with TusStub() as started:
        keep_login(home, started.url)
        yield started


@pytest.fixture
def cast(home: Path) -> Path:
    """A cast of some 3 MB."""
    path = home / "long.cast"
    line = json.dumps([1.0, "o", "x" * 9_980]) + "\n"
    path.write_text('{"version": 2, "width": 80, "height": 24, "title": "Łódź"}\n' + line * (SIZE // len(line)))
    return path


def sent(stub: TusStub, path: Path) -> bool:
    return stub.contents == [path.read_bytes()]


def test_what_the_portal_is_told_of_a_shell(stub: TusStub, home: Path) -> None:
    run(home, "rec", "--title", "żółw 日本", "--", "echo", "hi")
    [path] = (home / ".sortie" / "recordings").glob("*/*.cast")
    done = run(home, "upload", path.stem.rpartition("_")[2])
    upload = stub.only()
    assert done.stdout.decode() == f"{stub.url}/recordings/{upload.recording}\n"
    assert sent(stub, path)
    beside = json.loads(path.with_suffix(".meta.json").read_text())
    assert upload.sidecar == beside
    assert {name: value for name, value in upload.metadata.items() if name != "sidecar"} == {
        "kind": "terminal",
        "content_type": "application/x-asciicast",
        "filename": path.name,
        "title": "żółw 日本",
    }


def test_what_the_portal_is_told_of_single_commands(stub: TusStub, home: Path) -> None:
    run(home, "exec", "--session", "deploy-7", "localhost", "--", "echo one")
    run(home, "exec", "--session", "deploy-7", "--end", "localhost", "--", "echo two")
    assert run(home, "upload", "--title", "INC-4711", "deploy-7").returncode == 0
    upload = stub.only()
    assert upload.metadata["filename"] == "deploy-7.cast.gz"
    assert upload.metadata["title"] == "INC-4711"
    assert upload.sidecar["command_count"] == 2
    assert b"echo two" in gzip.decompress(bytes(upload.content))


def test_a_cast_of_another_recorder_has_no_sidecar(stub: TusStub, home: Path, cast: Path) -> None:
    assert run(home, "upload", str(cast)).returncode == 0
    assert set(stub.only().metadata) == {"kind", "content_type", "filename", "title"}
    assert stub.only().metadata["title"] == "Łódź"


def test_there_is_room_for_what_matters_however_much_is_known(stub: TusStub, home: Path) -> None:
    path = home / ("n" * 200 + ".cast")
    path.write_text(
        json.dumps({"version": 2, "width": 80, "height": 24, "title": "ü" * 5000}) + '\n[1.0, "o", "x"]\n'
    )
    facts = {"session_id": "s", "user": "ops", "command_count": 3, "more": "x" * 2000}
    path.with_suffix(".meta.json").write_text(json.dumps(facts))
    assert run(home, "upload", str(path)).returncode == 0
    said = stub.only()
    assert said.sidecar == {"session_id": "s", "user": "ops", "command_count": 3}
    assert said.metadata["filename"] == path.name
    raw = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.metadata.items())
    assert len(raw) <= 1024


def test_a_portal_that_takes_no_terminals_is_told_apart_before_anything_is_begun(home: Path, cast: Path) -> None:
    with TusStub(kinds="video") as stub:
        keep_login(home, stub.url)
        done = run(home, "upload", str(cast))
    host = stub.url.removeprefix("http://")
    assert (done.returncode, done.stderr.decode()) == (
        1,
        f"sortie: {host} takes no terminal recordings\n"
        "  they are switched off there, or it is older than this sortie\n",
    )
    assert set(stub.requests) == {"OPTIONS /api/uploads"}
    # It may be switched on: nothing is written down.
    assert ledger(home) == []


@pytest.mark.parametrize("done", [False, True], ids=["request", "answer"])
@pytest.mark.parametrize("method", ["OPTIONS", "HEAD", "PATCH"])
def test_a_connection_lost_at_any_point_costs_nothing(
    stub: TusStub, home: Path, cast: Path, method: str, done: bool
) -> None:
    # Nobody asks where an upload is before something has gone wrong.
    before = [Fault("PATCH")] if method == "HEAD" else []
    stub.faults += [*before, Fault(method, done=done)]
    assert run(home, "upload", str(cast)).returncode == 0
    assert sent(stub, cast)
    assert not stub.faults


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503, 504, 507, 460])
def test_trouble_that_passes_is_waited_for(stub: TusStub, home: Path, cast: Path, status: int) -> None:
    stub.faults += [Fault("PATCH", status, {"Tus-Resumable": "1.0.0", "Retry-After": "0"}) for _ in range(2)]
    assert run(home, "upload", str(cast)).returncode == 0
    assert sent(stub, cast)
    assert not stub.faults


def test_trouble_that_does_not_pass_is_told_with_what_the_portal_says(
    stub: TusStub, home: Path, cast: Path
) -> None:
    problem = b'{"detail": "You have 50 uploads under way; finish or cancel some of them first."}'
    stub.faults += [Fault("POST", 507, {"Tus-Resumable": "1.0.0", "Retry-After": "30"}, problem)]
    done = run(home, "upload", "--patience", "5", str(cast))
    assert done.returncode == 4
    assert b"507 Insufficient Storage: You have 50 uploads under way" in done.stderr


def test_a_portal_that_moved_on_without_us_is_followed(stub: TusStub, home: Path, cast: Path) -> None:
    # The piece arrived, its answer did not, and the next one is refused for being where the portal is no more.
    stub.faults += [Fault("PATCH", 409, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(1024 * 1024)}, done=True)]
    assert run(home, "upload", str(cast)).returncode == 0
    assert sent(stub, cast)


def test_a_proxy_that_takes_only_small_bodies_gets_small_ones(stub: TusStub, home: Path, cast: Path) -> None:
    stub.largest_body = 200_000
    assert run(home, "upload", str(cast)).returncode == 0
    assert sent(stub, cast)
    stub.largest_body = sending.SMALLEST_PIECE - 1
    done = run(home, "upload", "--again", str(cast))
    assert done.returncode == 1
    assert b"takes no bodies of 64 KB\n  its proxy has to let larger ones through\n" in done.stderr


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault("POST", 401), "does not know this login any more\n  log in again: sortie login http://127.0.0.1:"),
        (Fault("POST", 403, body=b'{"detail": "Not you."}'), "answers 403 Forbidden: Not you.\n"),
        (Fault("POST", 404), "takes no recordings\n  recording is switched off there, or it is no Sortie portal\n"),
        (Fault("POST", 415, body=b'{"detail": "No terminals."}'), "does not take it: No terminals.\n"),
        (Fault("PATCH", 422, body=b'{"detail": "No events."}'), "does not take it: No events.\n"),
        (Fault("POST", 200, body=b"<html>Please pay"), "answers, but not as a Sortie portal does\n"),
        (
            Fault("POST", 301, {"Location": "https://other.example/api/uploads"}),
            "sends to https://other.example\n  log in there, if you trust it: sortie login https://other.example\n",
        ),
        (
            Fault("POST", 413, {"Tus-Resumable": "1.0.0"}, b'{"detail": "Too large (max 1 MB)"}'),
            "does not take so much: Too large (max 1 MB)\n  SORTIE_RECORDING_MAX_SIZE_MB is its limit\n",
        ),
    ],
    ids=lambda value: f"{value.method}-{value.status}" if isinstance(value, Fault) else "",
)
def test_refusals_are_told_at_once_with_what_to_do(
    stub: TusStub, home: Path, cast: Path, fault: Fault, told: str
) -> None:
    stub.faults += [fault]
    done = run(home, "upload", str(cast))
    assert done.returncode == 1
    assert told in done.stderr.decode()
    assert done.stderr.startswith(b"sortie: ")


def test_the_token_goes_to_nobody_but_the_portal(stub: TusStub, home: Path, cast: Path) -> None:
    # The stub says that the upload is at http://internal.invalid.
    assert run(home, "upload", str(cast)).returncode == 0
    assert all(request.split()[1].startswith("/api/uploads") for request in stub.requests)


def test_a_portal_below_a_path(home: Path, cast: Path) -> None:
    with TusStub() as stub:
        keep_login(home, f"{stub.url}/sortie")
        assert run(home, "upload", str(cast)).returncode == 0
    assert sent(stub, cast)
    assert all(request.split()[1].startswith("/sortie/api/uploads") for request in stub.requests)


def test_one_that_failed_at_the_portal_while_nobody_listened(stub: TusStub, home: Path, cast: Path) -> None:
    stub.faults += [Fault("PATCH"), Fault("HEAD", 200, complete(cast))]
    stub.recordings = FailedRecordings()
    done = run(home, "upload", str(cast))
    assert done.returncode == 1
    assert b"does not take it: It has no events." in done.stderr


def complete(path: Path) -> dict[str, str]:
    return {"Tus-Resumable": "1.0.0", "Upload-Offset": str(path.stat().st_size)}


class FailedRecordings(dict[str, dict[str, str]]):
    """Every recording has failed."""

    def get(self, key: str, default: object = None) -> dict[str, str]:
        return {"id": key, "status": "failed", "error": "It has no events."}


# What is between us and the portal


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", "/dev/stdout"]
    done = subprocess.run([*command, *names], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + done.stdout)
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_over_tls_and_only_to_whom_somebody_vouches_for(home: Path, cast: Path, certificate: Path) -> None:
    with TusStub(context=tls(certificate)) as stub:
        keep_login(home, stub.url)
        refused = run(home, "upload", str(cast))
        done = run(home, "upload", str(cast), SSL_CERT_FILE=certificate)
    assert refused.returncode == 1
    assert b"cannot be verified: self-signed certificate\n  SSL_CERT_FILE names a file" in refused.stderr
    assert done.returncode == 0
    assert sent(stub, cast)


@contextmanager
def http_proxy(seen: list[str]) -> Iterator[int]:
    """An HTTP proxy: `CONNECT`, and whole addresses. Gives its port; `seen` gets every request's head."""
    listener = socket.create_server(("127.0.0.1", 0))

    def passed(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        seen.append(head.decode("latin-1"))
        method, target, _ = head.split(b" ", 2)
        name = target.removeprefix(b"http://").partition(b"/")[0]
        server = socket.create_connection(("127.0.0.1", int(name.rpartition(b":")[2])))
        if method == b"CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server.sendall(head.replace(b"http://" + name, b"", 1))
        threading.Thread(target=passed, args=(client, server), daemon=True).start()
        passed(server, client)
        client.close()
        server.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_through_a_proxy_that_wants_a_password(home: Path, cast: Path, certificate: Path) -> None:
    seen: list[str] = []
    with TusStub(context=tls(certificate)) as stub, http_proxy(seen) as port:
        keep_login(home, stub.url)
        proxy = f"http://us%40er:pass@127.0.0.1:{port}"
        done = run(home, "upload", str(cast), SSL_CERT_FILE=certificate, HTTPS_PROXY=proxy)
    assert done.returncode == 0
    assert sent(stub, cast)
    [head] = seen
    assert head.startswith(f"CONNECT {stub.url.removeprefix('https://')} HTTP/1.")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'us@er:pass').decode()}\r\n" in head
    assert "Bearer" not in head


def test_through_a_proxy_without_tls(stub: TusStub, home: Path, cast: Path) -> None:
    seen: list[str] = []
    with http_proxy(seen) as port:
        done = run(home, "upload", str(cast), HTTP_PROXY=f"127.0.0.1:{port}")
        assert done.returncode == 0
        assert seen[0].startswith(f"OPTIONS {stub.url}/api/uploads HTTP/1.1\r\n")
        count = len(seen)
        assert (
            run(home, "upload", "--again", str(cast), HTTP_PROXY=f"127.0.0.1:{port}", NO_PROXY="*").returncode == 0
        )
        assert len(seen) == count
    assert len(stub.contents) == 2
