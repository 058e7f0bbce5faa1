"""What went to a portal from here, so that nothing goes twice: files by what is in them, whatever they are called.

uploads/sent.jsonl      a line for each file that a portal took, or refused for good
uploads/SHA256.json     an upload under way: where it goes on
uploads/SHA256.lock     held by the process that sends this file
"""

import contextlib
import fcntl
import json
import os
import time

from recordings.capture import home, sidecar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from recordings.capture.parcel import Parcel
    from recordings.capture.portal import Login


class Record:
    """One file at one portal. `sent` is seconds since 1970; `refused` says why it was not taken, "" if it was."""

    def __init__(self, sha256: str, *, recording: str = "", sent: float = 0.0, refused: str = "") -> None:
        self.sha256 = sha256
        self.recording = recording
        self.sent = sent
        self.refused = refused


class Busy(Exception):
    """Another process is sending this file."""


class Ledger:
    """The records of one login, read from the file and added to it. Other processes may add to it at any time."""

    def __init__(self, login: "Login") -> None:
        self._login = login
        self._path = os.path.join(folder(), "sent.jsonl")
        self._read = 0
        self._records: dict[str, Record] = {}
        self._contents: dict[str, tuple[int, int, str]] = {}

    def find(self, sha256: str) -> Record | None:
        """What became of the file with this content. Raises OSError."""
        self._refresh()
        return self._records.get(sha256)

    def content_of(self, path: str) -> str:
        """The SHA-256 of a file that is as it was when it was sent, "" if that is not known. Raises OSError."""
        self._refresh()
        status = os.stat(path)
        size, modified, sha256 = self._contents.get(os.path.abspath(path), (-1, -1, ""))
        return sha256 if (size, modified) == (status.st_size, status.st_mtime_ns) else ""

    def saw(self, parcel: "Parcel") -> None:
        """Know this file's content again, until the end of this process."""
        self._contents[os.path.abspath(parcel.path)] = (parcel.size, parcel.modified, parcel.sha256)

    def add(self, parcel: "Parcel", *, recording: str = "", refused: str = "") -> None:
        """Write down what became of a file, on the disk itself. Raises OSError."""
        line = {
            "sha256": parcel.sha256,
            "size_bytes": parcel.size,
            "portal": self._login.url,
            "username": self._login.username,
            "recording": recording,
            "refused": refused,
            "time": sidecar.timestamp(time.time()),
            "path": os.path.abspath(parcel.path),
            "mtime_ns": parcel.modified,
        }
        home.make_folder(folder())
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(fd, "r+b", buffering=0) as file:
            fcntl.flock(fd, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            # A line that a crash cut short must not take this one with it.
            cut = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            file.write((b"\n" if cut else b"") + json.dumps(line).encode() + b"\n")
            os.fsync(fd)

    def _refresh(self) -> None:
        """Read what was added since the last time."""
        try:
            with open(self._path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size == self._read:
                    return
                file.seek(self._read if size > self._read else 0)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read = (self._read if size > self._read else 0) + len(whole)
        for line in whole.splitlines():
            self._learn(line)

    def _learn(self, line: bytes) -> None:
        try:
            known = json.loads(line)
            if (known["portal"], known["username"]) != (self._login.url, self._login.username):
                return
            sha256, path = str(known["sha256"]), str(known["path"])
            content = (int(known["size_bytes"]), int(known["mtime_ns"]), sha256)
            sent = time.mktime(time.strptime(str(known["time"]), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
            record = Record(sha256, recording=str(known["recording"]), sent=sent, refused=str(known["refused"]))
        except (ValueError, TypeError, KeyError):
            return  # cut short by a crash
        self._records[sha256] = record
        self._contents[path] = content


class Unfinished:
    """An upload under way; `upload` and `recording` are the portal's ids of them, "" before it has begun."""

    def __init__(self, login: "Login", sha256: str) -> None:
        self._path = os.path.join(folder(), f"{sha256}.json")
        self._login = login
        self.upload = self.recording = ""
        try:
            with open(self._path, encoding="utf-8") as file:
                kept = json.load(file)
            if (kept["portal"], kept["username"]) == (login.url, login.username):
                self.upload, self.recording = str(kept["upload"]), str(kept["recording"])
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return

    def begun(self, upload: str, recording: str) -> None:
        """Remember where it goes on, before any of it is sent. Raises OSError."""
        self.upload, self.recording = upload, recording
        content = {"portal": self._login.url, "username": self._login.username}
        sidecar.write(self._path, {**content, "upload": upload, "recording": recording})

    def forget(self) -> None:
        """It is over. Raises OSError."""
        self.upload = self.recording = ""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)


def folder() -> str:
    """Where all of this is kept."""
    return os.path.join(home.home(), "uploads")


@contextlib.contextmanager
def claimed(sha256: str) -> "Iterator[None]":
    """While this is held nobody else sends the same file. Raises Busy and OSError."""
    home.make_folder(folder())
    path = os.path.join(folder(), f"{sha256}.lock")
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it until now has removed it, and somebody else may have one of the same name.
            if not os.path.samestat(os.fstat(fd), os.stat(path)):
                raise Busy
        except (BlockingIOError, FileNotFoundError):
            raise Busy from None
        try:
            yield
        finally:
            os.unlink(path)
    finally:
        os.close(fd)
