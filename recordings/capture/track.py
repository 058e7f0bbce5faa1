"""A recording's file while it is being written: transcript, writer and file together, ended once."""

from recordings.capture.transcript import Transcript
from recordings.capture.writer import COALESCE_SECONDS, Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.capture.cast_file import CastFile
    from recordings.capture.transcript import Renderer

# How long the end of a recording waits for a disk that takes nothing at all; for ever, where recording is required.
PATIENCE_SECONDS = 5.0
ENDLESS_SECONDS = 1e6


class Options:
    """How to record. `limit` in bytes (0: none); `durable`: each event on disk before the next;
    `required`: nothing may go unrecorded, whatever it costs the command.
    """

    __slots__ = ("durable", "limit", "required")

    def __init__(self, *, limit: int, durable: bool = False, required: bool = False) -> None:
        self.limit = limit
        self.durable = durable
        self.required = required


class Track:
    """Takes events through `put` once `start` was called. `started` is `time.monotonic()` at second zero."""

    def __init__(
        self,
        file: "CastFile",
        renderer: "Renderer",
        options: Options,
        *,
        started: float,
        payload: int = 0,
        on_error: "Callable[[], None] | None" = None,
    ) -> None:
        self.transcript = Transcript(
            file, renderer, started=started, payload=payload, limit=options.limit, sync=options.durable
        )
        self.error: Exception | None = None
        self.dropped_events = 0
        self._file = file
        self._patience = ENDLESS_SECONDS if options.required else PATIENCE_SECONDS
        self._writer = Writer(
            self.transcript,
            coalesce=0.0 if options.durable else COALESCE_SECONDS,
            patient=options.required,
            on_error=on_error,
        )
        self.put = self._writer.put
        self.start = self._writer.start

    @property
    def failed(self) -> bool:
        """Whether writing has ended with an error."""
        return self._writer.error is not None

    def end(self, last_words: "Callable[[], None]") -> bool:
        """Write what is queued, then `last_words()`, which may raise OSError, and put it all on disk.

        False if the disk takes nothing: then the writer may still be at it, and the file is not ours to touch.
        """
        if not self._writer.close(self._patience):
            self.error = TimeoutError("the disk takes nothing")
            return False
        self.error = self._writer.error
        self.dropped_events = self._writer.dropped_events
        try:
            if self.error is None:
                last_words()
            self._file.finish()
            self._file.sync()
        except OSError as failure:
            self.error = self.error or failure
        return True

    def problem(self) -> str:
        """What went wrong, "" if nothing did."""
        if self.error is not None:
            reason = getattr(self.error, "strerror", None) or str(self.error)
            return f"{reason}; the first {self.transcript.last:.0f} s were kept"
        if self.dropped_events:
            return f"the disk was too slow: {self.dropped_events} events were not kept"
        return ""

    def faults(self) -> dict[str, object]:
        """What the sidecar says of it."""
        return {
            "truncated": self.transcript.truncated,
            "dropped_events": self.dropped_events,
            "incomplete": self.error is not None,
        }
