"""Events on their way into the file: rendered to text, turned into lines, and stopped at the size limit."""

from recordings.capture.asciicast import EXIT, INPUT, OUTPUT, Utf8Stream, event_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from recordings.capture.cast_file import CastFile
    from recordings.capture.writer import Group

    class Renderer(Protocol):
        """What turns captured bytes into the text of events."""

        def events(self, code: str, data: bytes | bytearray) -> Iterable[tuple[str, bytes]]: ...

        def end(self) -> Iterable[tuple[str, bytes]]: ...


DEFAULT_LIMIT = 50 * 1024 * 1024
# Kept free for the notice and the exit status.
RESERVE_BYTES = 256
NOTICE = b"\x1b[0m\r\n[recording truncated]\r\n"


class Transcript:
    """The sink of one recording. `started` is `time.monotonic()` at zero seconds, `limit` bytes of lines (0: none).

    At the limit the events end with a notice and `truncated` is set; nothing fails, later events are not written.
    """

    def __init__(
        self,
        file: "CastFile",
        renderer: "Renderer",
        *,
        started: float,
        payload: int,
        limit: int,
        sync: bool = False,
    ) -> None:
        self.payload = payload
        self.truncated = False
        self.last = 0.0
        self._file = file
        self._renderer = renderer
        self._started = started
        self._limit = limit
        self._sync = sync

    def write(self, group: "Group") -> None:
        """Write what one group comes to. Raises OSError."""
        self.add(group.moment, self._renderer.events(group.code, group.data))
        if self._sync:
            self._file.flush()
            self._file.sync()

    def flush(self) -> None:
        """Let readers see everything so far. Raises OSError."""
        self._file.flush()

    def end(self, moment: float, status: int) -> None:
        """Write what was held back, and the exit status. Raises OSError."""
        self.add(moment, self._renderer.end())
        self._write_line(event_line(self._seconds(moment), EXIT, b"%d" % status))

    def add(self, moment: float, events: "Iterable[tuple[str, bytes]]") -> None:
        """Write events that are rendered already. Raises OSError."""
        for code, text in events:
            if text and not self.truncated:
                self._within_limit(event_line(self._seconds(moment), code, text), moment)

    def _within_limit(self, line: bytes, moment: float) -> None:
        if self._limit and self.payload + len(line) > self._limit - RESERVE_BYTES:
            self.truncated = True
            line = event_line(self._seconds(moment), OUTPUT, NOTICE)
        self._write_line(line)

    def _write_line(self, line: bytes) -> None:
        self._file.write(line)
        self.payload += len(line)

    def _seconds(self, moment: float) -> float:
        """Never less than the last one: readers take the differences."""
        self.last = max(self.last, moment - self._started)
        return self.last


class TerminalText:
    """Renders a terminal: what it showed is written as it is, what was typed likewise."""

    def __init__(self) -> None:
        self._streams = {OUTPUT: Utf8Stream(), INPUT: Utf8Stream()}

    def events(self, code: str, data: bytes | bytearray) -> "Iterable[tuple[str, bytes]]":
        """One event, of whole characters."""
        stream = self._streams.get(code)
        return [(code, stream.take(data) if stream else bytes(data))]

    def end(self) -> "Iterable[tuple[str, bytes]]":
        """What an unfinished character comes to."""
        return [(code, stream.end()) for code, stream in self._streams.items()]
