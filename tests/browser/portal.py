"""A whole portal for the browser to look at: its own database, folders and port, and people who may sign in."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services import free_ports, wait_until

ROOT = Path(__file__).resolve().parents[2]
MANY = 70


def password_of(name: str) -> str:
    return f"{name}-and-a-long-password"


@dataclass(frozen=True)
class Portal:
    """Where it listens, and how to do there what no browser can."""

    url: str
    data: Path
    environment: Mapping[str, str]

    def stock(self, *command: str) -> Any:
        """Run a command of `tests.browser.stock` on the portal's own database; what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.stock", *command],
            env={**os.environ, **self.environment},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(done.stdout)


@contextmanager
def running(**changes: str) -> Iterator[Portal]:
    """A portal started as `make run` starts it, with `changes` to its settings, and stocked with recordings."""
    [port] = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="sortie-browser-", ignore_cleanup_errors=True) as folder:
        environment = {
            "DJANGO_SETTINGS_MODULE": "sortie.settings",
            "SORTIE_DATA": folder,
            "SORTIE_RECORDING_STORAGE_PATH": "recordings",
            "SORTIE_RECORDING_MAX_SIZE_MB": "3",
            "SORTIE_IN_PROCESS_WORKER": "true",
            "SORTIE_ADMIN_USERNAME": "ada",
            "SORTIE_ADMIN_PASSWORD": password_of("ada"),
            "PORT": str(port),
            **changes,
        }
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "sortie.quickstart"],
                env={**os.environ, **environment},
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
        portal = Portal(f"http://127.0.0.1:{port}", Path(folder), environment)
        try:
            wait_until(lambda: b"Ctrl-C" in log.read_bytes(), process, log)
            portal.stock("people")
            yield portal
        finally:
            process.terminate()
            process.wait()
