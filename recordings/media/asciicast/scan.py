"""Measure a cast: read all of it once and say what is in it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO

from recordings.media.asciicast.events import EXIT, INPUT, MARKER, RESIZE, size_of, status_of
from recordings.media.asciicast.header import Header
from recordings.media.asciicast.idle import Gaps, Idle
from recordings.media.asciicast.reading import Cast
from recordings.media.errors import DamagedCast
from recordings.media.limits import CastLimits

LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Marker:
    """A named moment, `at` microseconds after the start."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class CastScan:
    """What a terminal recording is, measured.

    width, height: columns and rows at the start. largest: the most of each that it had.
    duration_ms: from the start to the last event. events: how many there are of each code.
    exit_status: of the recorded command, None if nothing says. markers: the first of them.
    idle: where nothing happened.
    gzip, members, plain_bytes: whether it came compressed, of how many gzip members, its size decompressed.
    clean: every reader takes it as it is, once it is decompressed.
    truncated: it breaks off. notes: what was wrong with it and may be seen, a sentence each, for a person.
    """

    header: Header
    largest: tuple[int, int]
    duration_ms: int
    events: Counter[str]
    exit_status: int | None
    markers: tuple[Marker, ...]
    idle: Idle = field(repr=False)
    gzip: bool
    members: int
    plain_bytes: int
    clean: bool
    truncated: bool
    notes: tuple[str, ...]

    @property
    def version(self) -> int:
        return self.header.version

    @property
    def width(self) -> int:
        return self.header.width

    @property
    def height(self) -> int:
        return self.header.height


def scan(file: BinaryIO, *, start: int = 0, end: int | None = None, limits: CastLimits | None = None) -> CastScan:
    """Measure the cast in the bytes `start` to `end` (default: all) of `file`, which has a file descriptor.

    Raises:
        NotCast: another format. DamagedCast: some line of it is wrong, or nothing is in it.
        CastBeyondLimits: more than `limits` allow. TookTooLong: it takes more processor time than that.
    """
    cast = Cast(file, start=start, end=end, limits=limits)
    found = _Facts(cast)
    for time, code, text in cast.events():
        found.add(time, code, text)
    if not found.events:
        raise DamagedCast("The recording has a header and no events: nothing was shown.")
    condition = cast.condition
    return CastScan(
        header=cast.header,
        largest=found.largest,
        duration_ms=round(found.last / 1000),
        events=found.events,
        exit_status=found.exit_status,
        markers=tuple(found.markers),
        idle=found.gaps.made(),
        gzip=condition.gzip,
        members=condition.members,
        plain_bytes=condition.plain_bytes,
        clean=condition.clean,
        truncated=condition.cut,
        notes=_notes(cast),
    )


class _Facts:
    def __init__(self, cast: Cast) -> None:
        self._limits = cast.limits
        self.largest = (cast.header.width, cast.header.height)
        self.last = 0
        self.events: Counter[str] = Counter()
        self.exit_status: int | None = None
        self.markers: list[Marker] = []
        self.gaps = Gaps(cast.limits.gaps)

    def add(self, time: int, code: str, text: str) -> None:
        self.gaps.add(self.last, time)
        self.last = time
        self.events[code] += 1
        if code == RESIZE:
            size = size_of(text, self._limits.side) or self.largest
            self.largest = (max(self.largest[0], size[0]), max(self.largest[1], size[1]))
        elif code == MARKER and len(self.markers) < self._limits.markers:
            self.markers.append(Marker(time, text[:LONGEST_LABEL]))
        elif code == EXIT:
            self.exit_status = status_of(text)


def _notes(cast: Cast) -> tuple[str, ...]:
    if cast.condition.cut:
        return (*cast.condition.notes, "The recording breaks off; it is shown up to its last whole event.")
    return cast.condition.notes


def has_input(scan: CastScan) -> bool:
    """Whether what was typed is in it."""
    return scan.events[INPUT] > 0
