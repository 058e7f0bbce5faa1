"""A line on a terminal that says how far something is: so much of so much, how fast, and how long still."""

import collections
import os
import sys
import time

from recordings.capture import display

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

# People read no faster, and a terminal over a slow line has better things to do.
REDRAW_SECONDS = 0.1
# The rate is that of the last seconds: it should neither jump nor remember a pause for ever.
RATE_SECONDS = 5.0
FULL, EMPTY = "█", "░"
PLAIN_FULL, PLAIN_EMPTY = "#", "."
LONGEST_BAR, SHORTEST_BAR = 30, 5


class Bar:
    """Draws on standard error, if that is a terminal, and takes the line away at the end."""

    def __init__(self, file: "TextIO | None" = None) -> None:
        self._file = sys.stderr if file is None else file
        self._shown = self._file is not None and self._file.isatty() and os.environ.get("TERM") != "dumb"
        unicode = self._shown and (self._file.encoding or "").lower().startswith("utf")
        self._full, self._empty = (FULL, EMPTY) if unicode else (PLAIN_FULL, PLAIN_EMPTY)
        self._name = ""
        self._size = 0
        self._count = 0
        self._drawn = float("-inf")
        self._seen: collections.deque[tuple[float, int]] = collections.deque()

    def begin(self, name: str, size: int) -> None:
        """`size` in bytes."""
        self._name, self._size, self._count = name, size, 0
        self._seen.clear()
        self._drawn = float("-inf")

    def at(self, count: int) -> None:
        """So many bytes are there."""
        now = time.monotonic()
        if count < self._count or not self._seen:
            # What had been there before is not of this rate, and what has to go again was not done.
            self._seen.clear()
            self._seen.append((now, count))
        self._count = count
        if now - self._drawn >= REDRAW_SECONDS or count == self._size:
            self._seen.append((now, count))
            while now - self._seen[0][0] > RATE_SECONDS and len(self._seen) > 2:
                self._seen.popleft()
            self._draw(self._state())
            self._drawn = now

    def waits(self, reason: str, seconds: float) -> None:
        """It goes on after so many seconds."""
        self._seen.clear()
        self._draw(f"{self._name}  {reason}; again in {max(1, round(seconds))} s")

    def end(self) -> None:
        """Take the line away."""
        self._draw("")

    def _state(self) -> str:
        done = self._count / self._size if self._size else 1.0
        rate = self._rate()
        left = f"{display.duration((self._size - self._count) / rate)} left" if rate else "-:-- left"
        speed = f"{display.size(round(rate))}/s" if rate else "- MB/s"
        text = f" {done:4.0%}  {display.size(self._count)} of {display.size(self._size)}  {speed}  {left}"
        room = self._columns() - display.width(self._name) - display.width(text) - 3
        if room < SHORTEST_BAR:
            return self._name + text
        length = min(room, LONGEST_BAR)
        full = round(done * length)
        return f"{self._name}  {self._full * full}{self._empty * (length - full)}{text}"

    def _rate(self) -> float:
        """Bytes a second."""
        (before, had), (now, has) = self._seen[0], self._seen[-1]
        return (has - had) / (now - before) if now > before else 0.0

    def _draw(self, text: str) -> None:
        if not self._shown:
            return
        # A terminal that is narrower must not be given two lines, of which only one could be taken away.
        self._file.write(f"\r{text[: self._columns() - 1]}\x1b[K")
        self._file.flush()

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._file.fileno()).columns or 80
        except OSError:
            return 80
