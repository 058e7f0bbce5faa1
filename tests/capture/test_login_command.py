"""`sortie login` against a real portal, and against what is none."""

import http.server
import json
import ssl
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from recordings.capture import portal as portals
from tests import tus_client
from tests.capture.conftest import OpenTerminal
from tests.capture.user import run
from tests.portal import Portal, password_of
from tests.services import free_ports

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def log_in(home: Path, url: str, name: str = "alice", password: str = "") -> subprocess.CompletedProcess[bytes]:
    given = (password or password_of(name)).encode() + b"\n"
    return run(home, "login", "--username", name, "--password-stdin", url, input=given)


def kept(home: Path) -> Path:
    return home / ".sortie" / "portal.json"


def test_a_token_is_kept_that_opens_the_portal_and_that_nobody_else_can_read(portal: Portal, home: Path) -> None:
    done = log_in(home, portal.url + "/")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(home).parent.stat().st_mode) == 0o700
    content = json.loads(kept(home).read_text())
    assert content["url"] == portal.url
    assert content["username"] == "alice"
    headers = {"Authorization": f"Bearer {content['token']}"}
    assert httpx.get(f"{portal.url}/api/recordings", headers=headers).status_code == 200
    assert password_of("alice") not in kept(home).read_text()


def test_a_person_is_asked_and_told_where_the_token_is(sortie: OpenTerminal, portal: Portal, home: Path) -> None:
    with sortie("login", portal.url) as terminal:
        terminal.wait_for("Username: ")
        terminal.press("bob\r")
        terminal.wait_for(r"Password of bob at 127\.0\.0\.1:\d+: ")
        terminal.press(password_of("bob") + "\r")
        terminal.wait_for(r"logged in to \S+ as bob until \d{4}-\d\d-\d\d \d\d:\d\d\r\n")
        terminal.wait_for(r"the token is in ~/\.sortie/portal\.json\r\n")
        assert terminal.wait() == 0
        assert password_of("bob").encode() not in terminal.shown


def test_a_token_made_for_uploads_is_kept_and_used_for_them(portal: Portal, home: Path) -> None:
    token = portal.manage(
        "create_token", "alice", "--name", "box", "--scope", "upload", "--expires", "never"
    ).strip()
    done = run(home, "login", "-u", "alice", "--token-stdin", portal.url, input=f"{token}\n".encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert json.loads(kept(home).read_text()) == {
        "url": portal.url,
        "username": "alice",
        "token": token,
        "expires": None,
    }
    video = home / f"{token[:12]}.webm"
    video.write_bytes(tus_client.recording(2))
    assert run(home, "upload", str(video)).returncode == 0


def test_a_token_for_something_else_or_for_nothing_is_refused(portal: Portal, home: Path) -> None:
    token = portal.manage("create_token", "alice", "--name", "reader", "--scope", "read").strip()
    for given, told in (
        (token, b"the token may not be used for uploads\n  make one with the scope `upload`\n"),
        ("made-up", b"does not know this login any more\n"),
        ("", b"no token, no login\n"),
    ):
        done = run(home, "login", "-u", "alice", "--token-stdin", portal.url, input=f"{given}\n".encode())
        assert done.returncode == 1
        assert told in done.stderr
        assert not kept(home).exists()


def test_a_new_login_takes_the_place_of_the_old(portal: Portal, home: Path) -> None:
    for name in ("alice", "bob"):
        assert log_in(home, portal.url, name).returncode == 0
        assert json.loads(kept(home).read_text())["username"] == name
        assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600


def test_a_wrong_password_is_told_and_keeps_nothing(portal: Portal, home: Path) -> None:
    done = log_in(home, portal.url, "carol", "wrong")
    assert (done.returncode, done.stderr) == (1, b"sortie: the name or the password is wrong\n")
    assert not kept(home).exists()


def test_too_many_attempts_are_told_with_the_time_to_wait(portal: Portal, home: Path) -> None:
    for _ in range(6):
        done = log_in(home, portal.url, "dave", "wrong")
    assert done.returncode == 1
    assert b"sortie: too many attempts\n  try again in " in done.stderr


def test_a_portal_that_is_not_there(home: Path) -> None:
    [port] = free_ports(1)
    done = log_in(home, f"http://127.0.0.1:{port}")
    assert (done.returncode, done.stderr) == (
        1,
        f"sortie: 127.0.0.1:{port} cannot be reached: Connection refused\n".encode(),
    )
    assert b"cannot be reached" in log_in(home, "https://sortie.invalid").stderr


@contextmanager
def answering(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """An HTTP server that is no portal; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name http.server calls
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def reply(status: int, body: bytes, **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(200, b"<html>hello</html>"), "does not answer as a Sortie portal does\n  is the address right?"),
        (reply(200, b'{"token": "x"}'), "answers, but not as a Sortie portal does\n  is the address right?"),
        (reply(404, b"nothing here"), "answers, but not as a Sortie portal does\n  is the address right?"),
        (reply(503, b'{"detail": "Back at nine."}'), "answers 503 Service Unavailable: Back at nine."),
        (reply(502, b"<html>"), "answers 502 Bad Gateway"),
        (
            reply(301, b"", Location="https://other.example/api/auth/login"),
            "sends to https://other.example\n  log in there, if you trust it",
        ),
    ],
)
def test_what_answers_but_is_no_portal_is_told_apart(home: Path, answer: Answer, told: str) -> None:
    with answering(answer) as url:
        done = log_in(home, url)
    assert done.returncode == 1
    assert done.stderr.decode().endswith(f"{told}\n")
    assert not kept(home).exists()


def test_a_password_follows_no_redirect(home: Path) -> None:
    reached: list[str] = []

    def note(handler: http.server.BaseHTTPRequestHandler) -> None:
        reached.append(handler.path)
        reply(200, b"{}")(handler)

    with answering(note) as other:
        for status in (301, 302, 303, 307, 308):
            with answering(reply(status, b"", Location=f"{other}/api/auth/login")) as url:
                assert log_in(home, url).returncode == 1
    assert reached == []


def test_a_certificate_that_nobody_vouches_for_is_refused(home: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(reply(401, b"{}"), context) as url:
        refused = log_in(home, url)
        trusting = run(home, "login", "-u", "a", "--password-stdin", url, input=b"x\n", SSL_CERT_FILE=certificate)
    assert refused.returncode == 1
    assert b"cannot be verified: self-signed certificate\n  SSL_CERT_FILE names a file" in refused.stderr
    assert trusting.stderr == b"sortie: the name or the password is wrong\n"


def test_speaking_plainly_to_a_host_elsewhere_is_warned_of(home: Path) -> None:
    done = log_in(home, "http://sortie.invalid")
    assert b"sortie: http://sortie.invalid is not encrypted: the password can be read on the way\n" in done.stderr


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://user:pw@x", "https://x/?a=b", ""])
def test_what_is_no_address_is_refused(home: Path, url: str) -> None:
    done = log_in(home, url)
    assert done.returncode == 1
    assert b"is no portal's address" in done.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sortie.example", "https://sortie.example"),
        ("https://sortie.example/", "https://sortie.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://example.com/sortie/", "https://example.com/sortie"),
    ],
)
def test_addresses_are_tidied(typed: str, meant: str) -> None:
    assert portals.address(typed) == meant


def test_without_a_terminal_and_without_a_name_it_says_what_is_missing(home: Path) -> None:
    done = run(home, "login", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert b"--username gives it" in done.stderr


def test_a_kept_login_is_read_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORTIE_HOME", str(home / ".sortie"))
    assert portals.remembered() is None
    portals.remember(portals.Login("https://x", "alice", "token", 5.0))
    login = portals.remembered()
    assert login is not None
    assert (login.url, login.username, login.token, login.expires) == ("https://x", "alice", "token", 5.0)
    kept(home).write_text("{broken")
    assert portals.remembered() is None
