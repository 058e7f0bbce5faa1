"""Signals as bytes on a pipe, so that a poll loop sees them in order and nothing runs in between."""

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Passed on to the command; whoever sends one means the command.
FORWARDED = (
    *(signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT),
    *(signal.SIGUSR1, signal.SIGUSR2),
)
# Python ignores these, and would hand that on to the command.
PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)
# Not a signal: what `wake` puts on the pipe.
WOKEN = 0


class Signals:
    """Catches `caught` between `catch` and `release`; `fd` is readable when there is something in `take`."""

    def __init__(self, caught: "Iterable[signal.Signals]") -> None:
        # What was ignored when we started, as under nohup, stays ignored, for us and for the command.
        self._caught = [
            number for number in caught if number not in FORWARDED or signal.getsignal(number) is not signal.SIG_IGN
        ]
        self._before: list[tuple[signal.Signals, object]] = []
        self._mask: set[int] = set()
        self.fd, self._write = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write, False)

    def catch(self) -> None:
        """Begin to catch. Blocks them all until `unblock`, so that a fork in between is not disturbed."""
        self._mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, self._caught))
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = [(number, signal.signal(number, _note)) for number in self._caught]

    def unblock(self) -> None:
        """Let them come, in the parent."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._caught)

    def restore_in_child(self) -> None:
        """Put everything back as the command would have found it without us."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before:
            signal.signal(number, signal.SIG_IGN if handler is signal.SIG_IGN else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def release(self) -> None:
        """Catch no more."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._before:
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        os.close(self.fd)
        os.close(self._write)

    def wake(self) -> None:
        """Make `fd` readable, from any thread."""
        os.write(self._write, bytes([WOKEN]))

    def take(self) -> bytes:
        """The numbers of what came since the last call."""
        try:
            return os.read(self.fd, 1024)
        except BlockingIOError:
            return b""


def _note(number: int, frame: object) -> None:
    """The wakeup pipe has it already; a handler must be there for Python to write to the pipe."""


def stop_ignoring() -> None:
    """Undo what Python does at its start, before another program takes this process over."""
    for number in PYTHON_IGNORES:
        signal.signal(number, signal.SIG_DFL)


def send(pid: int, number: int, *, group: bool = False) -> None:
    """Send a signal to a process or its group; one that is gone, or has become somebody else's, needs none."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
