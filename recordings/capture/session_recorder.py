"""The recorder as a library: for a program that has a terminal session passing through it, such as an SSH proxy.

Recording must never be the reason why such a program fails: no method raises, and what goes wrong is logged.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recordings.capture import home, sidecar
from recordings.capture.asciicast import INPUT, OUTPUT, RESIZE, Utf8Stream, event_line, header_line
from recordings.capture.cast_file import CastFile
from recordings.capture.typed import TypedInput

logger = logging.getLogger(__name__)
ABOUT = ("host", "host_id", "user")


@dataclass(frozen=True)
class RecordingConfig:
    """Whether to record, and the folder to record to."""

    enabled: bool = True
    output_dir: str | os.PathLike[str] = "/data/recordings"


class SessionRecorder:
    """Records one session to `<session_id>.cast`, and `metadata` to `<session_id>.json`, in the folder configured.

    Every event is in the file when the method returns. `record_input` is for those who want what is typed: what
    answers a password prompt in the output is left out all the same. May be used from several threads.
    """

    def __init__(
        self,
        config: RecordingConfig,
        session_id: str,
        width: int = 80,
        height: int = 24,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self.session_id = session_id
        self._config = config
        self._size = (width, height)
        self._metadata: dict[str, Any] = {}
        with self._guarded(recording=False):
            self._metadata = dict(metadata or {})
        self._file: CastFile | None = None
        self._started = 0.0
        self._typed = TypedInput()
        self._streams = {OUTPUT: Utf8Stream(), INPUT: Utf8Stream()}

    @property
    def active(self) -> bool:
        """Whether events are being written."""
        return self._file is not None

    def start(self) -> None:
        """Create the file. An existing one is never written over: then nothing is recorded."""
        with self._guarded():
            if not self._config.enabled or self._file is not None:
                return
            path = self._path(".cast")
            home.make_folder(str(path.parent))
            file = CastFile.create(str(path))
            self._file = file
            self._started = time.monotonic()
            about = {name: str(self._metadata[name]) for name in ABOUT if name in self._metadata}
            custom = {"session_id": self.session_id, **about, "agent": home.AGENT}
            more = {"title": str(self._metadata.get("title", "")), "sortie": custom}
            file.write(header_line(*self._size, int(time.time()), more))

    def record_output(self, data: bytes) -> None:
        """What the user was shown."""
        with self._guarded():
            if self._file is not None:
                self._typed.shown(data)
                self._event(OUTPUT, self._streams[OUTPUT].take(data))

    def record_input(self, data: bytes) -> None:
        """What the user typed, but for the answers to password prompts and what the terminal sent by itself."""
        with self._guarded():
            if self._file is not None:
                self._event(INPUT, self._streams[INPUT].take(self._typed.take(data, hidden=False)))

    def record_resize(self, width: int, height: int) -> None:
        """The terminal has a new size."""
        with self._guarded():
            self._event(RESIZE, b"%dx%d" % (width, height))

    def stop(self) -> None:
        """End the recording. May be called twice, or without `start`."""
        with self._guarded():
            if self._file is None:
                return
            for code, stream in self._streams.items():
                self._event(code, stream.end())
            file, self._file = self._file, None
            try:
                file.sync()
            finally:
                file.close()

    def write_metadata(self) -> None:
        """Write the metadata beside the recording; values that JSON does not know are written as text."""
        with self._guarded(recording=False):
            if not self._config.enabled:
                return
            path = self._path(".json")
            home.make_folder(str(path.parent))
            sidecar.write(str(path), self._metadata)

    @contextmanager
    def _guarded(self, *, recording: bool = True) -> Iterator[None]:
        """Logs what goes wrong. An error in the `recording` is its end; the session goes on."""
        with self._lock:
            try:
                yield
            except Exception:
                logger.exception("Recording of session %s failed", self.session_id)
                if recording:
                    self._give_up()

    def _event(self, code: str, text: bytes) -> None:
        if self._file is not None and text:
            self._file.write(event_line(time.monotonic() - self._started, code, text))

    def _path(self, suffix: str) -> Path:
        """Raises ValueError if the session's ID could lead out of the folder."""
        if not home.is_session_id(self.session_id):
            raise ValueError(f"not a session ID: {self.session_id!r}")
        return Path(self._config.output_dir) / f"{self.session_id}{suffix}"

    def _give_up(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                logger.exception("Closing the recording of session %s failed", self.session_id)
