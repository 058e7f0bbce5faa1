"""A file on its way to a portal: what it is, what is in it, and what is said of it."""

import hashlib
import json
import os

from recordings.capture import sidecar, tus
from recordings.capture.cast_file import is_locked
from recordings.capture.reading import Cast, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recordings.capture.library import Entry

TERMINAL, VIDEO = "terminal", "video"
CONTENT_TYPES = {TERMINAL: "application/x-asciicast", VIDEO: "video/webm"}
# https://www.rfc-editor.org/rfc/rfc8794#section-11.2.1
EBML_MAGIC = b"\x1a\x45\xdf\xa3"
BLOCK_BYTES = 1024 * 1024
LONGEST_TITLE = 200
# What a sidecar is for. More than this goes along as long as there is room for it.
FACTS = (
    *("session_id", "host", "host_id", "user", "shell", "start_time", "end_time", "command_count", "duration_ms"),
    *("size_bytes", "payload_bytes", "truncated", "dropped_events", "incomplete"),
)


class NotFinished(Exception):
    """Somebody is still writing it. The text says who."""


class NoRecording(Exception):
    """The file is none that a portal takes. The text says why."""


class Changed(Exception):
    """The file is not what it was when it was opened."""


class Parcel:
    """An open file with its SHA-256; `modified` is the time of its last write, in ns. Close it after use."""

    def __init__(self, entry: "Entry", title: str = "") -> None:
        """Raises NotFinished, NoRecording and OSError."""
        if is_locked(entry.path):
            raise NotFinished(f"{entry.session_id} is being recorded")
        if is_open(entry):
            raise NotFinished(f"session {entry.session_id} has not ended")
        self.entry = entry
        self.path = entry.path
        self._title = title
        self._own_title = ""
        self._file = open(entry.path, "rb")  # noqa: SIM115 - closed by `close`
        try:
            status = os.fstat(self._file.fileno())
            self.size, self.modified = status.st_size, status.st_mtime_ns
            self.kind = self._kind()
            self.sha256 = self._digest()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, at: int, length: int) -> bytes:
        """`length` bytes from `at`, fewer only at the end. Raises Changed if they are not there, and OSError."""
        data = os.pread(self._file.fileno(), length, at)
        if len(data) != min(length, self.size - at):
            raise Changed
        return data

    def check(self) -> None:
        """Raises Changed if somebody has written to the file."""
        status = os.fstat(self._file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.size, self.modified):
            raise Changed

    def metadata(self) -> str:
        """What the portal is told, as Upload-Metadata: what matters most first, as there is little room."""
        title = self._title or self._own_title
        everything, facts = self._sidecar()
        pairs = [("kind", self.kind), ("content_type", CONTENT_TYPES[self.kind])]
        names = [("filename", os.path.basename(self.path)), ("title", title[:LONGEST_TITLE])]
        full = tus.metadata(*pairs, ("sidecar", everything), *names)
        if everything == facts or all(f"{key} " in full for key, value in [*names, ("sidecar", facts)] if value):
            return full
        return tus.metadata(*pairs, ("sidecar", facts), *names)

    def _sidecar(self) -> tuple[str, str]:
        """What lies beside the file, as JSON: all of it, and what matters of it; "" if there is nothing to read."""
        for path in self.entry.sidecars if self.kind == TERMINAL else []:
            try:
                with open(path, encoding="utf-8") as file:
                    content = json.load(file)
            except (OSError, ValueError):
                continue
            if isinstance(content, dict) and not path.endswith(".open.json"):
                known = {name: content[name] for name in FACTS if name in content}
                return compact(content), compact(known) if path.endswith(sidecar.SUFFIX) else compact(content)
        return "", ""

    def _kind(self) -> str:
        if self._file.read(len(EBML_MAGIC)) == EBML_MAGIC:
            return VIDEO
        self._file.seek(0)
        try:
            self._own_title = str(Cast(self._file).header.get("title") or "")
        except Unreadable as error:
            raise NoRecording(f"{self.path} is no recording of a terminal or screen: {error}") from error
        return TERMINAL

    def _digest(self) -> str:
        digest = hashlib.sha256()
        self._file.seek(0)
        while block := self._file.read(BLOCK_BYTES):
            digest.update(block)
        self.check()
        return digest.hexdigest()


def is_open(entry: "Entry") -> bool:
    """Whether it is the recording of a session that may take more commands."""
    return os.path.exists(entry.base + ".open.json") and not os.path.exists(entry.base + sidecar.SUFFIX)


def compact(content: dict[str, object]) -> str:
    """JSON without spaces."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
