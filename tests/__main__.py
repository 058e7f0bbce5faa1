"""`python -m tests [pytest's arguments]`: every test, on one machine's parts and on a cluster's.

They run at the same time, the first of them in two parts, as all of them mostly wait. What one part says is shown
at once, what the others say when they have ended.

As root on Debian it first installs the programs that are missing; elsewhere it says what could not be tested.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.services import postgres_program

CI = os.environ.get("CI") == "true"


@dataclass(frozen=True)
class Program:
    """A program the tests use; `package` is Debian's name for it, `tests` what cannot be tested without it."""

    name: str
    package: str
    tests: str
    find: Callable[[str], str | None] = shutil.which

    @property
    def missing(self) -> bool:
        return self.find(self.name) is None


def _chromium(name: str) -> str | None:
    return shutil.which(os.environ.get("CHROMIUM", f"/usr/bin/{name}"))


def _server(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


_RECORDER = "the terminal recorder, among the programs that people use in it"
DESKTOP = {"Xtigervnc": "tigervnc-standalone-server", "vncpasswd": "tigervnc-tools", "xterm": "xterm"}
PROGRAMS = [
    Program("chromium", "chromium", "pages in a browser, and recordings that a browser made", _chromium),
    *(Program(name, package, "desktops in a browser") for name, package in DESKTOP.items()),
    Program("npm", "npm", "uploads by tus-js-client"),
    Program("ffprobe", "ffmpeg", "what other programs make of our files"),
    Program("curl", "curl", "the commands in README.md"),
    Program("pgrep", "procps", "the portal's processes"),
    Program("sshd", "openssh-server", _RECORDER, _server),
    Program("ssh", "openssh-client", _RECORDER),
    *(Program(name, name, _RECORDER) for name in ("tmux", "vim", "less", "sudo", "git", "rsync", "tar", "openssl")),
    Program("postgres", "postgresql", "the cluster's parts: PostgreSQL, Redis, S3", postgres_program),
    Program("redis-server", "redis-server", "the cluster's parts: PostgreSQL, Redis, S3"),
    Program("nginx", "nginx-light", "what compose.yaml starts, and downloads by nginx", _server),
]
FOR_MANY = {"postgres", "redis-server"}


def main() -> int:
    begun = time.monotonic()
    # Started in the background of a script, it would ignore Ctrl-C, and so would every program the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    missing = _install([program for program in PROGRAMS if program.missing])
    for program in missing:
        print(f"Not tested, as {program.name} is not installed: {program.tests}.", flush=True)
    lanes = [("single", "rest"), ("single", "outside"), ("many", "all")]
    if FOR_MANY & {program.name for program in missing}:
        lanes.pop()
    tally: Counter[str] = Counter()
    failed = CI and bool(missing)
    with ExitStack() as stack:
        # Made by the part that first needs them, for all.
        samples = stack.enter_context(tempfile.TemporaryDirectory(prefix="sortie-webm-"))
        os.environ["SORTIE_TEST_SAMPLES"] = samples
        runs = [stack.enter_context(_Run(*lane, aside=lane != lanes[0])) for lane in lanes]
        for run in runs:
            failed |= not run.succeeded(tally)
    if not tally["passed"]:
        failed = True
    _say(tally, time.monotonic() - begun)
    return int(failed)


def _install(missing: list[Program]) -> list[Program]:
    """What is still missing afterwards."""
    if not missing or os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return missing
    packages = sorted({program.package for program in missing})
    print(f"Installing {', '.join(packages)} ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *command], env=quiet, stdout=subprocess.DEVNULL)
        if done.returncode:
            print(f"apt-get {command[0]} failed.", file=sys.stderr)
    return [program for program in missing if program.missing]


class _Run:
    """Tests under way in a `with` block: this part of a profile. `aside`: what they say is kept until asked for."""

    def __init__(self, profile: str, part: str, *, aside: bool) -> None:
        self._profile, self._part = profile, part
        self._folder = tempfile.TemporaryDirectory(prefix="sortie-test-run-")
        self._counts = Path(self._folder.name) / "counts.json"
        self._said = Path(self._folder.name) / "said" if aside else None

    def __enter__(self) -> Self:
        variables = {
            **os.environ,
            "SORTIE_TEST_PROFILE": self._profile,
            "SORTIE_TEST_PART": self._part,
            "SORTIE_TEST_COUNTS": str(self._counts),
        }
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        if self._said is None:
            print(f"\n--- profile {self._profile}, {self._part}", flush=True)
            self._process = subprocess.Popen(command, env=variables)
        else:
            with self._said.open("wb") as output:
                self._process = subprocess.Popen(command, env=variables, stdout=output, stderr=subprocess.STDOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After Ctrl-C pytest has got it too, and stops its servers.
        self._process.wait()
        self._folder.cleanup()

    def succeeded(self, tally: Counter[str]) -> bool:
        """Whether no test failed, once all have run; adds how many there were to `tally`."""
        status = self._process.wait()
        if self._said is not None:
            print(f"\n--- profile {self._profile}, {self._part}", flush=True)
            sys.stdout.buffer.write(self._said.read_bytes())
            sys.stdout.flush()
        if self._counts.exists():
            tally.update(json.loads(self._counts.read_text()))
        # 5: the arguments chose no test of these.
        return status in (0, 5)


def _say(tally: Counter[str], seconds: float) -> None:
    order = ("failed", "error", "passed", "skipped", "xfailed", "xpassed")
    counts = ", ".join(f"{tally[name]} {name}" for name in order if tally[name]) or "no tests ran"
    print(f"\nAll together:\n{f' {counts} in {seconds:.2f}s ':=^80}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
