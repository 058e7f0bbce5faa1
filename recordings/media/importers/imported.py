"""What an importer gives: a recording of another program, to be put away as a cast."""

import hashlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recordings.media.asciicast import Event, Header, scan, version_2
from recordings.media.asciicast.header import LAST_SECOND
from recordings.media.errors import MediaError
from recordings.media.importers.files import opened, unpacked

BLOCK = 1 << 20
LONGEST_LINE = 1 << 24


class DamagedLog(MediaError):
    """A recording of another program that is not as that program writes it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recording is: `format` of `path`, and which one of several in it is meant.

    files: all that it consists of; beside: those that say more of it. part: its name in a file that has others too;
    places: number and offset of its lines there. notes: what is known to be missing, a sentence each.
    """

    format: str
    path: Path
    files: tuple[Path, ...]
    beside: tuple[Path, ...] = ()
    part: str = ""
    places: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """The same for the same recording, wherever its files lie and whatever is beside it; SHA-256."""
        digest = hashlib.sha256(f"{self.format}\0{self.part}\0".encode())
        for block in self._lines() if self.places else self._contents():
            digest.update(block)
        return digest.hexdigest()

    def _contents(self) -> Iterator[bytes]:
        for path in self.files:
            with opened(path) as file:
                while block := file.read(BLOCK):
                    yield block
            yield b"\0"

    def _lines(self) -> Iterator[bytes]:
        with unpacked(self.path) as file:
            for _, offset in self.places:
                file.seek(offset)
                yield file.readline(LONGEST_LINE)


@dataclass(slots=True)
class Imported:
    """A recording, opened.

    header: what is known of it, its session, host and user under `about`.
    events: reads it; DamagedLog where it goes on no more. None if it is a cast already, which is `source.path`.
    told: what lies beside it says. tags: words it was filed under.
    notes: what is missing, as far as it has been read, a sentence each. warnings: what else was found out.
    """

    source: Source
    header: Header
    events: Callable[[], Iterator[Event]] | None = None
    exit_status: int | None = None
    tags: tuple[str, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Read all of a cast, which nobody has converted, to see that it is one.

        Raises:
            CastError: it is none.
        """
        if self.events is None:
            with opened(self.source.path) as file:
                scan(file)

    def cast(self) -> Iterator[bytes]:
        """The recording as an asciicast, in blocks: as it is, or converted to version 2.

        Raises:
            DamagedLog: it cannot be read on.
        """
        if self.events is not None:
            yield from version_2(self.header, self._with_exit(self.events()))
            return
        with opened(self.source.path) as file:
            while block := file.read(BLOCK):
                yield block

    def _with_exit(self, events: Iterator[Event]) -> Iterator[Event]:
        last = 0
        for event in events:
            last = event[0]
            yield event
        if self.exit_status is not None:
            yield last, "x", str(self.exit_status)


class Decoder:
    """Bytes of one stream to text; characters may be cut anywhere."""

    def __init__(self) -> None:
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def text(self, data: bytes) -> str:
        """What has become whole."""
        return self._decoder.decode(data)


class Returns:
    """Output that came from no terminal, made to look right on one: there lines need a return as well."""

    def __init__(self) -> None:
        self._held = ""

    def text(self, output: str) -> str:
        """Output with returns; one at its end waits for what follows."""
        whole = self._held + output
        self._held = "\r" if whole.endswith("\r") else ""
        return whole[: len(whole) - len(self._held)].replace("\r\n", "\n").replace("\n", "\r\n")


def second(value: object) -> int | None:
    """A time in whole seconds since 1970, if that is what a log's JSON has there."""
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LAST_SECOND
    return int(value) if sound else None  # type: ignore[call-overload]


def pieces(count: int) -> Iterator[int]:
    """`count` bytes in parts that are read at once."""
    while count > 0:
        yield min(count, BLOCK)
        count -= BLOCK
