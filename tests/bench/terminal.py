"""A terminal that reads as fast as it can, to run recorders in and to measure what they cost."""

import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COLUMNS, ROWS = 120, 40
# How often to look at a process's memory.
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Usage:
    """Seconds by the clock and of processor (with all that it ran), peak resident MB of the program itself."""

    seconds: float
    cpu: float
    peak_mb: float
    shown: int
    status: int


def start(command: list[str], environment: Mapping[str, str]) -> tuple[int, int]:
    """Run a program in a new terminal; returns its pid and the terminal's master side."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    pid = os.fork()
    if pid == 0:
        try:
            os.close(master)
            os.login_tty(slave)
            os.execvpe(command[0], command, environment)
        finally:
            os._exit(127)
    os.close(slave)
    return pid, master


def run(command: list[str], environment: Mapping[str, str]) -> Usage:
    """Run a program to its end, taking in all it shows."""
    begun = time.perf_counter()
    pid, master = start(command, environment)
    shown, peak, look_at = 0, 0.0, 0.0
    while data := _read(master):
        shown += len(data)
        now = time.perf_counter()
        if now > look_at:
            look_at = now + LOOK_SECONDS
            peak = max(peak, _peak_mb(pid))
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - begun
    os.close(master)
    return Usage(seconds, used.ru_utime + used.ru_stime, peak, shown, os.waitstatus_to_exitcode(status))


def echoes(command: list[str], environment: Mapping[str, str], *, count: int, apart: float) -> list[float]:
    """Press `count` keys, `apart` seconds one from the other, and wait for each to be shown: milliseconds.

    The command shows `go` when it is ready, and lets its terminal echo.
    """
    pid, master = start(command, environment)
    shown = b""
    while b"go" not in shown:
        shown += _read(master)
    time.sleep(0.5)
    taken = []
    for _ in range(count):
        while select.select([master], [], [], apart)[0]:
            os.read(master, 4096)
        begun = time.perf_counter()
        os.write(master, b"x")
        os.read(master, 1)
        taken.append((time.perf_counter() - begun) * 1000)
    os.write(master, b"\r\x04")
    while _read(master):
        continue
    os.waitpid(pid, 0)
    os.close(master)
    return taken


def _read(master: int) -> bytes:
    """The next piece, b"" when the terminal is closed."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


def _peak_mb(pid: int) -> float:
    """Highest resident memory of a program so far. What wait4 tells of it would count the memory of its parent."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0
