"""`make run`: what a first, a second and a mistaken start do and say."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.services import free_ports
from tests.waiting import until

pytestmark = pytest.mark.only("single")

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN = 100.0  # a busy machine takes a minute


class Started:
    """The program behind `make run`, in a process group of its own as a terminal would start it."""

    def __init__(self, data: Path, port: int, **settings: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        environment = {
            "HOME": str(data.parents[1]),
            "PATH": os.environ["PATH"],
            "PORT": str(port),
            "SORTIE_DATA": str(data),
            **settings,
        }
        self.log = data.parents[1] / f"log-{time.monotonic_ns()}"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sortie.quickstart"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # Whoever runs the tests by `nohup` ignores it, and so would this, as it should.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until_it_serves(self) -> "Started":
        deadline = time.monotonic() + START_WITHIN
        while "Ctrl-C stops it." not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)
        return self

    def end(self, sent: signal.Signals = signal.SIGINT, *, to_all: bool = True) -> int:
        """Its exit status after a signal to the whole group, or to the first process alone."""
        group = self.process.pid
        if self.process.poll() is None:
            (os.killpg if to_all else os.kill)(group, sent)
        status = self.process.wait(timeout=60)
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        return status


@pytest.fixture
def port() -> int:
    [free] = free_ports(1)
    return free


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "new" / "var"


@pytest.fixture
def tidy() -> Iterator[list[Started]]:
    """Programs that must not outlive the test."""
    started: list[Started] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)


def value(said: str, label: str) -> str:
    found = re.search(rf"^ *{label} +(.+)$", said, re.MULTILINE)
    assert found, said
    return found[1]


def refusal(data: Path, port: int, **settings: str) -> str:
    """What a start says that cannot succeed."""
    failed = Started(data, port, **settings)
    assert failed.process.wait(timeout=START_WITHIN) == 1
    assert "Traceback" not in failed.said
    return failed.said


def test_first_start_second_start_and_a_move(data: Path, port: int, tidy: list[Started]) -> None:
    first = Started(data, port).until_it_serves()
    tidy.append(first)
    assert value(first.said, "address") == first.url
    assert value(first.said, "record something:") == f"{first.url}/record"
    name, password = value(first.said, "admin"), value(first.said, "password").split()[0]
    assert (name, len(password)) == ("admin", 19)

    for path, mode in ((data, 0o700), (data / "settings.env", 0o600), (data / "sortie.sqlite3", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode, path

    with httpx.Client(base_url=first.url, timeout=60) as browser:
        form = browser.get("/login")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token
        fields = {"username": name, "password": password, "csrfmiddlewaretoken": token[1]}
        assert browser.post("/login", data=fields).headers["location"] == "/"
        assert browser.get("/").status_code == browser.get("/record").status_code == 200
    with api(first.url, name, password) as client:
        session = client.post("/api/sessions", json={"app_id": "kept"}).json()
        assert client.post(f"/api/sessions/{session['id']}/recording/start").status_code == 201
    assert first.end(signal.SIGINT) == 0
    assert first.said.endswith("\nSortie has stopped.\n")
    assert password not in (data / "settings.env").read_text()

    moved = data.parent / "moved here"
    shutil.move(data, moved)
    second = Started(moved, port).until_it_serves()
    tidy.append(second)
    assert password not in second.said
    assert "manage.py changepassword admin" in value(second.said, "password")
    with api(second.url, name, password) as client:
        assert [found["app_id"] for found in client.get("/api/sessions").json()] == ["kept"]
    assert second.end(signal.SIGTERM, to_all=False) == 0
    assert not data.exists(), "nothing may remember where the folder was"


def api(url: str, name: str, password: str) -> httpx.Client:
    answer = httpx.post(f"{url}/api/auth/login", json={"username": name, "password": password}, timeout=60)
    token = answer.raise_for_status().json()["access_token"]
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_a_given_password_is_used_and_not_shown(data: Path, port: int, tidy: list[Started]) -> None:
    given = {"SORTIE_ADMIN_USERNAME": "grace", "SORTIE_ADMIN_PASSWORD": "$unny nanoseconds"}
    started = Started(data, port, **given).until_it_serves()
    tidy.append(started)
    assert value(started.said, "admin") == "grace"
    assert given["SORTIE_ADMIN_PASSWORD"] not in started.said
    api(started.url, "grace", given["SORTIE_ADMIN_PASSWORD"]).close()
    # As when the terminal is closed.
    assert started.end(signal.SIGHUP) == 0


def test_the_terminals_signals_are_for_the_first_process(data: Path, port: int, tidy: list[Started]) -> None:
    started = Started(data, port).until_it_serves()
    tidy.append(started)
    until(lambda: live_processes(started), "the live process and its worker")
    for process in live_processes(started):
        blocked = int(re.search(r"SigBlk:\s*([0-9a-f]+)", (process / "status").read_text())[1], 16)  # type: ignore[index]
        assert all(blocked & 1 << (number - 1) for number in (signal.SIGINT, signal.SIGHUP))


def live_processes(started: Started) -> list[Path]:
    """Those of the live process, once it serves: its own and its worker's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if os.getsid(int(process.name)) == started.process.pid and b"--with-parent" in arguments:
                found.append(process)
    return found if len(found) == 2 else []


def test_the_end_of_the_first_process_is_the_end_of_all(data: Path, port: int, tidy: list[Started]) -> None:
    started = Started(data, port).until_it_serves()
    tidy.append(started)
    started.process.kill()
    started.process.wait()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            os.killpg(started.process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("A process was left.")


def test_a_database_of_an_earlier_version_is_brought_up_to_date(data: Path, port: int, tidy: list[Started]) -> None:
    def manage(*arguments: str) -> str:
        variables = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "k" * 40,
            "SORTIE_DATA": str(data),
            "SORTIE_IN_PROCESS_WORKER": "true",
        }
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True).stdout

    manage("migrate", "recordings", "0001", "-v0")
    assert "[ ]" in manage("showmigrations", "recordings")
    tidy.append(Started(data, port).until_it_serves())
    assert "[ ]" not in manage("showmigrations", "recordings")


def test_a_port_in_use_is_named_before_anything_is_changed(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(data, port)
    assert f"Port {port} of 127.0.0.1 cannot be used: Address already in use." in said
    assert f"PORT={port + 2} make run" in said
    assert not (data / "sortie.sqlite3").exists()


def test_a_folder_that_cannot_be_made(data: Path, tmp_path: Path, port: int) -> None:
    (tmp_path / "file").touch()
    said = refusal(data, port, SORTIE_DATA=str(tmp_path / "file" / "var"))
    assert f"SORTIE_DATA: {tmp_path / 'file'} is not a folder; choose another path." in said


def test_wrong_settings(data: Path) -> None:
    said = refusal(data, 99_999, SORTIE_RECORDING_MAX_SIZE_MB="much")
    assert "- PORT: 99999 is too large; it must be at most 65535." in said
    assert "- SORTIE_RECORDING_MAX_SIZE_MB: 'much' is not a whole number; the default is 500." in said


def test_a_password_that_anybody_would_guess(data: Path, port: int) -> None:
    said = refusal(data, port, SORTIE_ADMIN_PASSWORD="password")
    assert said == ("SORTIE_ADMIN_USERNAME or SORTIE_ADMIN_PASSWORD cannot be used. This password is too common.\n")


def test_a_database_that_is_none(data: Path, port: int) -> None:
    data.mkdir(parents=True)
    (data / "sortie.sqlite3").write_text("this is no database, but it is long enough to be mistaken for one " * 20)
    assert refusal(data, port) == "The database cannot be used: file is not a database\n"


def test_a_folder_of_recordings_that_cannot_be_used(data: Path, port: int) -> None:
    data.mkdir(parents=True)
    (data / "recordings").touch()
    said = refusal(data, port)
    assert "SORTIE_RECORDING_STORAGE_PATH" in said
