"""A Sortie of its own to measure: started as `make run` starts the web process, with data in a temporary folder."""

import http.client
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from tests.bench.processes import children_by_size, on_cores
from tests.services import free_ports, wait_until
from tests.waiting import until

MAX_SIZE_MB = 4096
_SIGN_IN = """
import json
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from recordings import tokens
from recordings.audit import SORTIE
from recordings.models import User

def signed_in(name):
    user = User.objects.create_user(name)
    session = SessionStore()
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {"token": tokens.create_for_login(user, SORTIE, agent="bench")[0], "cookie": session.session_key}

print(json.dumps([signed_in(name) for name in NAMES]))
"""


@dataclass(frozen=True)
class SignedIn:
    """A user of a portal, by a token of the API and by the cookie of a browser."""

    token: str
    cookie: str

    @property
    def bearer(self) -> str:
        return f"Authorization: Bearer {self.token}\r\n"

    @property
    def browser(self) -> str:
        return f"Cookie: sortie={self.cookie}\r\n"


@dataclass(frozen=True)
class Portal:
    """A running one: where it listens, the processes that serve, its folder, and who is signed in."""

    port: int
    workers: tuple[int, ...]
    folder: Path
    user: SignedIn

    @property
    def worker(self) -> int:
        return self.workers[0]

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, by: SignedIn | None = None
    ) -> Any:
        """Call the API. Raises RuntimeError for an answer that is no success."""
        return json.loads(self._call(method, path, body, by)[1] or "null")

    def offset(self, upload: str, *, by: SignedIn) -> int:
        """How much of an upload is there."""
        return int(self._call("HEAD", upload, None, by)[0]["Upload-Offset"])

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None, by: SignedIn | None
    ) -> tuple[Message, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {
                "Authorization": f"Bearer {(by or self.user).token}",
                "Content-Type": "application/json",
                "Tus-Resumable": "1.0.0",
            }
            connection.request(method, path, json.dumps(body or {}), headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return response.headers, text

    def new_recording(self, by: SignedIn | None = None) -> tuple[str, str]:
        """Start and stop one: the ids of its session and of the recording, which waits for its upload."""
        session = self.ask("POST", "/api/sessions", {"app_id": "bench"}, by=by)["id"]
        recording = self.ask("POST", f"/api/sessions/{session}/recording/start", by=by)["recording_id"]
        self.ask("POST", f"/api/sessions/{session}/recording/stop", {"recording_id": recording}, by=by)
        return session, recording

    def is_idle(self) -> bool:
        """Whether no job is being done or waits for its first attempt."""
        with closing(sqlite3.connect(f"file:{self.folder / 'sortie.sqlite3'}?mode=ro", uri=True)) as database:
            [(jobs,)] = database.execute(
                "SELECT count(*) FROM recordings_job WHERE attempts = 0 OR lease_until IS NOT NULL"
            )
        return not jobs

    @property
    def stored(self) -> Path:
        return self.folder / "recordings"

    def forget_files(self) -> None:
        """Free the disk of what was uploaded, whatever the rows say, once nothing is being made of it."""
        until(self.is_idle, "the end of background work", within=300)
        for place in (self.stored, self.folder / "staging"):
            for entry in place.iterdir() if place.exists() else ():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


@contextmanager
def portal(folder: Path) -> Iterator[Portal]:
    """Set up a portal in the empty `folder` and serve from it."""
    user = set_up(folder)
    with served(folder, user) as running:
        yield running


def set_up(folder: Path) -> SignedIn:
    """Make the database, the static files, and a user."""
    manage(folder, "migrate")
    manage(folder, "collectstatic", "--noinput")
    [user] = sign_in(folder, "bench")
    return user


def sign_in(folder: Path, *names: str) -> list[SignedIn]:
    """Make users of these names."""
    made = manage(folder, "shell", "-c", f"NAMES = {names!r}\n{_SIGN_IN}")
    return [SignedIn(**each) for each in json.loads(made)]


@contextmanager
def served(folder: Path, user: SignedIn, *, cores: Collection[int] = (), **settings: str) -> Iterator[Portal]:
    """Serve what was set up in `folder`, with further `settings` in the environment, and on these cores if any."""
    [port] = free_ports(1)
    environment = environment_for(folder) | {"PORT": str(port)} | settings
    log = folder / f"log-{port}"
    with log.open("wb") as output, on_cores(cores):
        process = subprocess.Popen(
            [sys.executable, "-m", "sortie.web"], env=environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: _answers(port), process, log)
        yield Portal(port, children_by_size(process.pid), folder, user)
    finally:
        process.terminate()
        process.wait()


def manage(folder: Path, *arguments: str) -> str:
    """Run a management command for the portal in `folder`; what it printed."""
    command = [sys.executable, "manage.py", *arguments, "-v0"]
    done = subprocess.run(command, env=environment_for(folder), check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def environment_for(folder: Path) -> dict[str, str]:
    """The environment of a portal with its data in `folder`."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "sortie.settings",
        "SECRET_KEY": "only-for-benches-0123456789-0123456789-0123456789",
        "SORTIE_DATA": str(folder),
        "SORTIE_RECORDING_STORAGE_PATH": str(folder / "recordings"),
        "SORTIE_RECORDING_MAX_SIZE_MB": str(MAX_SIZE_MB),
        "SORTIE_UPLOAD_QUOTA_MB": "1000000000",
        "SORTIE_VIDEO_RECORDING_ENABLED": "true",
        "SORTIE_TERMINAL_RECORDING_ENABLED": "true",
        "SORTIE_HTTPS": "false",
        "SORTIE_IN_PROCESS_WORKER": "true",
    }


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/login")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
