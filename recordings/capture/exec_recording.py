"""The recording of commands run one by one under a session's name, each by a process of its own.

`ID.cast.gz` holds what was shown. Until the session ends, `ID.open.json` beside it says how far it got; then the
sidecar takes its place. A recording has one writer at a time: who holds the lock on the `.cast.gz`.
"""

import itertools
import json
import os
import sys
import time

from recordings.capture import home, sidecar
from recordings.capture.asciicast import header_line
from recordings.capture.cast_file import GzipCastFile, locked
from recordings.capture.presentation import CommandText
from recordings.capture.reading import Cast, Unreadable, parsed_event
from recordings.capture.recording import published
from recordings.capture.track import Track

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from recordings.capture.track import Options

WIDTH, HEIGHT = 120, 40
CAST_SUFFIX, OPEN_SUFFIX = ".cast.gz", ".open.json"


class SessionEnded(Exception):
    """The session of this name has ended; its recording takes no more commands."""


class SessionBusy(Exception):
    """Another command of the session is running."""


class Progress:
    """How far a session's recording has got: what one process leaves for the next.

    `began` is seconds since 1970, `seconds` the time of the last event, `size` that of the file at saving.
    """

    def __init__(self, about: dict[str, str], began: float) -> None:
        self.about = about
        self.began = began
        self.commands = 0
        self.seconds = 0.0
        self.payload = 0
        self.size = 0
        self.truncated = False
        self.at_line_start = True

    @classmethod
    def read(cls, path: str) -> "Progress | None":
        """None if there is none, or none that can be used."""
        try:
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
            progress = cls(dict(stored["about"]), float(stored["began"]))
            progress.commands, progress.payload = int(stored["commands"]), int(stored["payload"])
            progress.seconds, progress.size = float(stored["seconds"]), int(stored["size"])
            progress.truncated, progress.at_line_start = bool(stored["truncated"]), bool(stored["at_line_start"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return progress

    def sidecar(self, size: int, **faults: object) -> dict[str, object]:
        """What the sidecar of the ended session holds. `size` is that of its file."""
        return sidecar.content(
            self.about,
            started=self.began,
            duration=self.seconds,
            commands=self.commands,
            size=size,
            payload=self.payload,
            **{"truncated": self.truncated, **faults},
        )


class ExecRecording:
    """A session's recording, ours to write until `finish` or `abandon`; events go to `track`."""

    def __init__(
        self,
        paths: "Paths",
        file: GzipCastFile,
        progress: Progress,
        options: "Options",
        on_error: "Callable[[], None] | None",
    ) -> None:
        self.path = paths.cast
        # Whether the session ends with this command.
        self.ends = False
        self.session_id = progress.about["session_id"]
        self._paths = paths
        self._file = file
        self._progress = progress
        started = time.monotonic() - max(0.0, time.time() - progress.began)
        self._continued = file.size > 0
        self._text = CommandText(at_line_start=progress.at_line_start)
        self.track = Track(file, self._text, options, started=started, payload=progress.payload, on_error=on_error)
        self.track.transcript.last = progress.seconds
        self.track.transcript.truncated = progress.truncated

    def begin_command(self, command: str) -> None:
        """Show the command. Raises OSError."""
        self._progress.commands += 1
        self.track.transcript.add(time.monotonic(), self._text.prompt(command))
        self._file.flush()
        if not self.ends:
            self._save()

    def finish(self, status: int | None) -> str:
        """Show how the command ended; None: the connection was lost. Returns what went wrong, "" if nothing did."""
        return self._finish(self._text.lost if status is None else lambda: self._text.exit(status))

    def _finish(self, shown: "Callable[[], Iterable[tuple[str, bytes]]]") -> str:
        moment = time.monotonic()
        if self.track.end(lambda: self.track.transcript.add(moment, shown())):
            try:
                self._note_progress()
                self._end() if self.ends else self._save()
            except (OSError, Unreadable) as failure:
                self.track.error = self.track.error or OSError(0, str(failure))
            self._file.close()
        return self.track.problem()

    def end_session(self) -> None:
        """End a session that runs nothing. Raises OSError, Unreadable."""
        try:
            self._file.finish()
            self._end()
        finally:
            self._file.close()

    def abandon(self, status: int | None) -> None:
        """Show that the command could not be run (`status` 126 or 127), or was run unrecorded (None)."""
        self._finish(self._text.unrecorded if status is None else lambda: self._text.exit(status))

    @property
    def duration(self) -> float:
        """Seconds, until the last event."""
        return self.track.transcript.last

    def _note_progress(self) -> None:
        transcript = self.track.transcript
        self._progress.seconds, self._progress.payload = transcript.last, transcript.payload
        self._progress.truncated, self._progress.at_line_start = transcript.truncated, self._text.at_line_start

    def _save(self) -> None:
        self._progress.size = self._file.size
        sidecar.write(self._paths.open, vars(self._progress))

    def _end(self) -> None:
        if self._continued:
            make_one_member(self._paths.cast)
        size = os.stat(self._paths.cast).st_size
        sidecar.write(self._paths.sidecar, self._progress.sidecar(size, **self.track.faults()))
        remove(self._paths.open)


class Paths:
    """The files of one session."""

    def __init__(self, session_id: str) -> None:
        base = os.path.join(home.recordings_folder(), session_id)
        self.cast, self.open, self.sidecar = base + CAST_SUFFIX, base + OPEN_SUFFIX, base + sidecar.SUFFIX


def open_session(
    about: dict[str, str], options: "Options", on_error: "Callable[[], None] | None" = None
) -> ExecRecording:
    """The recording of `about["session_id"]`, begun or continued. Raises OSError, SessionEnded and SessionBusy."""
    paths = Paths(about["session_id"])
    home.make_folder(os.path.dirname(paths.cast))
    fd = locked_cast(paths, os.O_CREAT)
    try:
        if os.fstat(fd).st_size == 0:
            return _begun(paths, fd, about, options, on_error)
        progress = Progress.read(paths.open)
        if progress is None or progress.size != os.fstat(fd).st_size:
            fd, progress = _recovered(paths, fd, progress)
        return ExecRecording(paths, GzipCastFile(fd), progress, options, on_error)
    except BaseException:
        os.close(fd)
        raise


def locked_cast(paths: Paths, flags: int = 0) -> int:
    """The session's file, open and locked. Raises OSError, SessionEnded and SessionBusy."""
    while True:
        fd = os.open(paths.cast, os.O_RDWR | flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            locked(fd)
        except BlockingIOError:
            raise SessionBusy from None
        if os.path.exists(paths.sidecar):
            os.close(fd)
            raise SessionEnded
        # Whoever had the lock before may have put another file in this one's place.
        if os.path.exists(paths.cast) and os.path.samestat(os.fstat(fd), os.stat(paths.cast)):
            return fd
        os.close(fd)


def end_session(session_id: str) -> None:
    """End a session in which nothing runs. Raises OSError (FileNotFoundError), SessionEnded and SessionBusy."""
    from recordings.capture.track import Options

    paths = Paths(session_id)
    if not os.path.exists(paths.cast):
        raise FileNotFoundError(paths.cast)
    recording = open_session({"session_id": session_id}, Options(limit=0))
    recording.end_session()


def _begun(
    paths: Paths, fd: int, about: dict[str, str], options: "Options", on_error: "Callable[[], None] | None"
) -> ExecRecording:
    progress = Progress(about, time.time())
    title = f"session-{about['session_id']}"
    first = header_line(WIDTH, HEIGHT, int(progress.began), {"title": title, "sortie": published(about)})
    file = GzipCastFile(fd)
    progress.payload = len(first)
    recording = ExecRecording(paths, file, progress, options, on_error)
    file.write(first)
    file.flush()
    return recording


def _recovered(paths: Paths, fd: int, before: Progress | None) -> tuple[int, Progress]:
    """Make a file whose writer was killed one to continue; returns the new file, locked, and its progress.

    Raises OSError. A file that is no cast at all is not continued.
    """
    with open(paths.cast, "rb") as file:
        try:
            cast = Cast(file, limit=sys.maxsize)
            progress = before or _progress_of(cast.header)
            new = _rewritten(paths.cast, _counted(cast, progress))
        except Unreadable as error:
            raise OSError(0, f"{paths.cast}: {error}") from error
    os.close(fd)
    return new, progress


def _counted(cast: Cast, progress: Progress) -> "Iterator[bytes]":
    """The lines of `cast`; `progress` afterwards says what was in them."""
    commands = 0
    progress.payload = len(cast.first_line) + 1
    progress.seconds = 0.0
    yield cast.first_line
    for line in cast.lines():
        event = parsed_event(line)
        if event is None:
            continue
        progress.seconds, _, text = event
        progress.payload += len(line) + 1
        progress.at_line_start = text.endswith("\n")
        commands += text.startswith("$ ")
        yield line
    progress.commands = max(progress.commands, commands)


def _progress_of(header: dict[str, object]) -> Progress:
    about = header.get("sortie")
    began = header.get("timestamp")
    known = {str(name): str(value) for name, value in about.items()} if isinstance(about, dict) else {}
    return Progress(known, float(began) if isinstance(began, int | float) else time.time())


def make_one_member(path: str) -> None:
    """Put what several processes appended into one gzip member: browsers read no further than the first.

    Raises OSError and Unreadable.
    """
    with open(path, "rb") as file:
        cast = Cast(file, limit=sys.maxsize)
        os.close(_rewritten(path, itertools.chain([cast.first_line], cast.lines())))


def _rewritten(path: str, lines: "Iterable[bytes]") -> int:
    """Put a new file with these lines in the place of `path`; returns it, open and locked. Raises OSError."""
    temporary = f"{path}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        locked(fd)
        file = GzipCastFile(fd)
        for line in lines:
            file.write(line + b"\n")
        file.finish()
        file.sync()
        os.replace(temporary, path)
    except BaseException:
        os.close(fd)
        os.unlink(temporary)
        raise
    return fd


def remove(path: str) -> None:
    """Remove a file that may not be there. Raises OSError for other reasons."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
