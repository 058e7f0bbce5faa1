"""The portal of the browser tests: real processes, more people, and recordings in every state."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests import portal as portals
from tests.portal import ROOT, password_of

__all__ = ["MANY", "Portal", "password_of", "running"]

MANY = 70


@dataclass(frozen=True)
class Portal:
    """Where it listens, and how to do there what no browser can."""

    started: portals.Portal

    @property
    def url(self) -> str:
        return self.started.url

    @property
    def live_port(self) -> int:
        """Where the WebSockets are."""
        return int(self.started.variables["SORTIE_LIVE_PORT"])

    def kill(self) -> None:
        """All of its processes at once, as a power cut would end them."""
        for process in self.started.processes.values():
            process.kill()

    def start(self) -> None:
        """Once more, after `kill`."""
        for process in self.started.processes.values():
            process.start_if_ended()

    def stock(self, command: str, *arguments: str, **facts: Any) -> Any:
        """Run a command of `tests.browser.stock`, with `facts` as its last argument; what it prints."""
        last = [json.dumps(facts)] if facts else []
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.stock", command, *arguments, *last],
            env=self.started.variables,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(done.stdout)


@contextmanager
def running(**settings: str) -> Iterator[Portal]:
    """A portal with `settings` in its environment, stocked."""
    with portals.running_live(**{"SORTIE_RECORDING_MAX_SIZE_MB": "3", **settings}) as started:
        portal = Portal(started)
        portal.stock("people")
        yield portal
