"""A person at a terminal, for tests: a real pseudo-terminal in which a program runs, typed at and looked at."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SORTIE = [sys.executable, "-m", "recordings.capture"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a user of this machine has, with recordings under `home`, and nothing that tests set up for Django."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "SORTIE_HOME": str(home / ".sortie"),
        "PYTHONPATH": str(ROOT),
        "HISTFILE": "/dev/null",
        "PS1": "ready$ ",
        **more,
    }


def run(home: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    """`sortie ARGUMENTS...` without any terminal; keyword arguments in capitals are environment variables."""
    variables = {name: str(more.pop(name)) for name in list(more) if name.isupper()}
    options: dict[str, Any] = {"cwd": ROOT, "timeout": 60, "check": False}
    if "input" not in more:
        options["stdin"] = subprocess.DEVNULL
    if "stdout" not in more:
        options["capture_output"] = True
    return subprocess.run([*SORTIE, *arguments], env=environment(home, **variables), **options | more)


class Terminal:
    """A terminal of `columns` by `rows` in which `command` runs as the leader of its session."""

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str],
        *,
        columns: int = 100,
        rows: int = 30,
        pixels: tuple[int, int] = (0, 0),
        modes: list[Any] | None = None,
        redirect: Mapping[int, int] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.shown = b""
        self.status: int | None = None
        self._seen = 0
        self.master, self.slave = os.openpty()
        self.resize(columns, rows, pixels)
        if modes is not None:
            termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.master)
                # One more descriptor of the terminal stays open in the test, so that its modes can be looked at.
                os.login_tty(os.dup(self.slave))
                os.close(self.slave)
                start_with_no_signal_ignored()
                for number, fd in (redirect or {}).items():
                    os.dup2(fd, number)
                os.closerange(3, 1024)
                if cwd:
                    os.chdir(cwd)
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(99)

    def resize(self, columns: int, rows: int, pixels: tuple[int, int] = (0, 0)) -> None:
        """As when the window is dragged."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))

    def modes(self) -> list[Any]:
        """The terminal's modes as they are now."""
        return termios.tcgetattr(self.slave)

    def press(self, text: str | bytes) -> None:
        """Press keys. Fails if the terminal takes no more of them."""
        data = text.encode() if isinstance(text, str) else text
        deadline = time.monotonic() + PATIENCE
        while data:
            assert time.monotonic() < deadline, f"{len(data)} keys were not taken"
            # A person does not stop seeing while typing.
            self.look(0)
            if select.select([], [self.master], [], 0.05)[1]:
                data = data[os.write(self.master, data[:1024]) :]

    def look(self, seconds: float) -> bool:
        """Take in what is shown within `seconds`. False if the terminal is closed."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data
        return bool(data)

    def wait_for(self, pattern: str | bytes, seconds: float = PATIENCE) -> re.Match[bytes]:
        """Until this is shown, after what was waited for before. Fails with all that was shown."""
        wanted = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        deadline = time.monotonic() + seconds
        while (found := wanted.search(self.shown, self._seen)) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} was not shown after {self._seen}: {self.shown[-3000:]!r}")
            self.look(0.05)
        self._seen = found.end()
        return found

    def wait(self, seconds: float = PATIENCE) -> int:
        """Until the program has ended, as a shell tells it. Fails if it does not."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            self.look(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            elif time.monotonic() > deadline:
                raise AssertionError(f"it has not ended: {self.shown[-3000:]!r}")
        while select.select([self.master], [], [], 0)[0] and self.look(0):
            continue
        return self.status

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the program a signal."""
        os.kill(self.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is None:
            self.kill()
            os.waitpid(self.pid, 0)
        os.close(self.slave)
        os.close(self.master)


def start_with_no_signal_ignored() -> None:
    """As terminals and login programs do: tests in the background of a script ignore Ctrl-C and Ctrl-Backslash."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
