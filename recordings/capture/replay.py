"""Playing a recording in the terminal on its own schedule."""

import os
import select
import signal
import sys
import termios
import time

from recordings.capture import terminal
from recordings.capture.screen import Screen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

PAUSE, STEP = b" ", b"."


def scheduled(
    events: "Iterable[tuple[float, str, str]]", speed: float, idle_limit: float | None
) -> "Iterator[tuple[float, str]]":
    """Output events with the time each is due, in seconds of playing. Speed 0: all at once."""
    due = before = 0.0
    for seconds, code, text in events:
        gap = max(0.0, seconds - before)
        before = max(before, seconds)
        due += min(gap, idle_limit) if idle_limit is not None else gap
        if code == "o":
            yield (due / speed if speed else 0.0), text


class Player:
    """Plays to `stdout`. If both are terminals, `stdin` gives keys: space pauses, `.` goes on by one event."""

    def __init__(self, *, stdin: int = 0, stdout: int = 1) -> None:
        self._stdout = stdout
        self._terminal = stdin
        self._keys = stdin if os.isatty(stdin) and os.isatty(stdout) else -1
        self._screen = Screen()
        self._began = 0.0
        self._paused_at: float | None = None
        self._fresh_line = True

    def play(self, events: "Iterable[tuple[float, str]]") -> None:
        """Play to the end. Raises KeyboardInterrupt on Ctrl-C; the terminal is left as it was in any case."""
        before = self._take_terminal()
        try:
            self._began = time.monotonic()
            for due, text in events:
                self._wait_until(due)
                self._write(self._screen.show(text))
        finally:
            self._write(self._screen.reset() + ("" if self._fresh_line else "\r\n"))
            if before is not None:
                # Flushed: whatever was typed, or sent by the terminal, was not meant for the shell.
                terminal.set_modes(self._terminal, termios.TCSAFLUSH, before)

    def _take_terminal(self) -> "list[Any] | None":
        """Raw but for Ctrl-C: output as recorded already has its carriage returns, and keys are ours."""
        before = terminal.attributes(self._keys) if self._keys >= 0 else None
        if before is None:
            return None
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        modes = terminal.raw(before)
        modes[terminal.LFLAG] |= termios.ISIG
        modes[terminal.CC][termios.VSUSP] = modes[terminal.CC][termios.VQUIT] = b"\0"
        terminal.set_modes(self._keys, termios.TCSADRAIN, modes)
        return before

    def _wait_until(self, due: float) -> None:
        while True:
            left = max(0.0, self._began + due - time.monotonic())
            key = self._key(left if self._paused_at is None else None)
            if key == PAUSE:
                self._toggle_pause()
            elif self._paused_at is None:
                if not left:
                    return
            elif key == STEP:
                self._began = self._paused_at = time.monotonic()
                self._began -= due
                return

    def _toggle_pause(self) -> None:
        now = time.monotonic()
        if self._paused_at is None:
            self._paused_at = now
        else:
            self._began += now - self._paused_at
            self._paused_at = None

    def _key(self, seconds: float | None) -> bytes:
        """The next key, or b"" after `seconds`; None waits for one."""
        if self._keys < 0:
            time.sleep(seconds or 0)
            return b""
        if not select.select([self._keys], [], [], seconds)[0]:
            return b""
        key = os.read(self._keys, 1)
        if not key:
            # The terminal is gone, and with it whoever could end a pause.
            self._keys, self._paused_at = -1, None
        return key

    def _write(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        if data:
            self._fresh_line = data.endswith((b"\n", b"\r"))
        while data:
            try:
                data = data[os.write(self._stdout, data) :]
            except BlockingIOError:
                # Somebody who shares this terminal or pipe has set it so.
                select.select([], [self._stdout], [])


def _leave(number: int, frame: object) -> None:
    sys.exit(128 + number)
