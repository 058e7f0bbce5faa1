"""The portal of the browser tests: real processes, more people, and recordings in every state."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import portal as portals
from tests.portal import ROOT, password_of

__all__ = ["MANY", "Portal", "password_of", "running"]

MANY = 70


def password_of(name: str) -> str:
    return f"{name}-and-a-long-password"


class Portal:
    """One that is started as `make run` starts it: where it listens, and how to do there what no browser can."""

    def __init__(self, folder: Path, **changes: str) -> None:
        port, live = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.data = folder
        self.environment: Mapping[str, str] = {
            "DJANGO_SETTINGS_MODULE": "sortie.settings",
            "SORTIE_DATA": str(folder),
            "SORTIE_RECORDING_STORAGE_PATH": "recordings",
            "SORTIE_RECORDING_MAX_SIZE_MB": "3",
            "SORTIE_IN_PROCESS_WORKER": "true",
            "SORTIE_ADMIN_USERNAME": "ada",
            "SORTIE_ADMIN_PASSWORD": password_of("ada"),
            "PORT": str(port),
            "SORTIE_LIVE_PORT": str(live),
            **changes,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        log = self.data / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sortie.quickstart"],
                env={**os.environ, **self.environment},
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(lambda: b"Ctrl-C" in log.read_bytes(), self._process, log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def kill(self) -> None:
        """All of its processes at once, as a power cut would end them."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stock(self, command: str, *arguments: str, **facts: Any) -> Any:
        """Run a command of `tests.browser.stock`, with `facts` as its last argument; what it prints."""
        last = [json.dumps(facts)] if facts else []
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.stock", command, *arguments, *last],
            env=self.variables,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout)


@contextmanager
def running(**changes: str) -> Iterator[Portal]:
    """A portal with `changes` to its settings, stocked with recordings."""
    with tempfile.TemporaryDirectory(prefix="sortie-browser-", ignore_cleanup_errors=True) as folder:
        portal = Portal(Path(folder), **changes)
        try:
            portal.start()
            portal.stock("people")
            yield portal
        finally:
            portal.stop()
