"""Walk the clusters of a WebM file: from block to block by their headers, without reading the frames.

RFC 9559 sections 5.1.3 and 10. The walk finds where playback can start (keyframes), how each track ends, and
where the file stops being whole. Where it meets bytes that are no element it goes on at the next cluster, as
players do; if there is none, the file ends there.

Times are in ticks of the file's scale, offsets in bytes of the file.
"""

import re
from array import array
from dataclasses import dataclass, field

from recordings.media import ebml
from recordings.media.errors import BeyondLimits
from recordings.media.head import Head, Track, first_of
from recordings.media.limits import Limits
from recordings.media.source import MARGIN, WINDOW, Source

LEVEL_0 = frozenset({ebml.EBML, ebml.SEGMENT})
LEVEL_1 = frozenset(
    {ebml.SEEK_HEAD, ebml.INFO, ebml.TRACKS, ebml.CUES, ebml.TAGS, ebml.CHAPTERS, ebml.ATTACHMENTS}
    | {ebml.VOID, ebml.CRC32}
)
# What else a cluster may hold: Position, PrevSize, SilentTracks, EncryptedBlock.
ASIDE = frozenset({0xA7, 0xAB, 0x5854, 0xAF, ebml.VOID, ebml.CRC32})
NOT_IN_CLUSTER = (LEVEL_0 | LEVEL_1 | {ebml.CLUSTER}) - ASIDE
OPENS_WITH = {
    ebml.CLUSTER: frozenset({ebml.TIMESTAMP, 0xA7, 0xAB, ebml.VOID, ebml.CRC32}),
    ebml.EBML: frozenset({0x4286, 0x42F7, ebml.MAX_ID_LENGTH, ebml.MAX_SIZE_LENGTH, ebml.DOC_TYPE, ebml.VOID}),
}
BEGINNING = re.compile(b"\x1f\x43\xb6\x75|\x1a\x45\xdf\xa3")
DAMAGED_PLACES = 1000  # after so many the rest of the file is given up
CUE_GAP_MS = {"video": 500, "audio": 1000}
SIMPLE, GROUP = ebml.SIMPLE_BLOCK, ebml.BLOCK_GROUP
BLOCK_HEADER = 4  # track number, time from the cluster's in two bytes, flags
KEYFRAME = 0x80  # in the flags of a SimpleBlock

UNKNOWN = -1
_NO_ELEMENT = (0, 0, 0)
_WIDTH = tuple(9 - first.bit_length() for first in range(256))
_MASK = tuple((1 << 7 * width) - 1 for width in range(10))
_NEVER = 1 << 80
_LATEST = 1 << 62  # what an array of integers holds, with room to spare
_SEARCH = 1 << 20


@dataclass(slots=True)
class Keyframes:
    """Where playback of a track can start, in file order: the time, the offset of the cluster, and the offset
    of the block in its payload. A place nearer than `CUE_GAP_MS` to the one before is left out."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    clusters: "array[int]" = field(default_factory=lambda: array("q"))
    blocks: "array[int]" = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.times)

    def add(self, time: int, cluster: int, block: int) -> None:
        self.times.append(time)
        self.clusters.append(cluster)
        self.blocks.append(block)

    def only(self, wanted: list[int]) -> "Keyframes":
        """Those at the `wanted` indices."""
        columns = (self.times, self.clusters, self.blocks)
        return Keyframes(*(array("q", [column[i] for i in wanted]) for column in columns))


@dataclass(slots=True)
class Ending:
    """How a track ends: times of its last block and of the one before (None: there is none), the offset of the last
    block's payload, and how long its BlockGroup says it lasts (None: nothing)."""

    last: int
    before: int | None
    payload: int
    lasting: int | None


def walk_clusters(source: Source, head: Head, limits: Limits) -> "Walk":
    """Walk all clusters of the recording that `head` begins."""
    walk = Walk(source, head, limits, end=source.end)
    walk.run()
    if walk.overrun_at is not None:
        overrun = walk.overrun_at
        walk = Walk(source, head, limits, end=overrun)
        walk.run()
        walk.second_at = overrun
    return walk


class Walk:
    """One pass over the clusters of `source`. After `run`:

    keyframes: of the first video and the first audio track, by track number. first_frames: offset of the first of
    them, coded, by track number. endings: of every track with blocks.
    whole: offset after the last whole element of the last cluster. truncated: the file was meant to go on.
    skipped: bytes left out in damaged places. second_at: offset of another recording that follows, or None.
    overrun_at: offset of a last block that runs over the beginning of that one, or None.
    """

    def __init__(self, source: Source, head: Head, limits: Limits, *, end: int) -> None:
        self.keyframes: dict[int, Keyframes] = {}
        self.first_frames: dict[int, int] = {}
        self.whole = head.body_start
        self.truncated = head.segment_end is not None and head.segment_end > source.end
        self.skipped = 0
        self.second_at: int | None = None
        self.overrun_at: int | None = None
        self._source = source
        self._end = end if head.segment_end is None else min(end, head.segment_end)
        self._limits = limits
        self._left = limits.elements
        self._asides = limits.asides
        self._places = DAMAGED_PLACES
        self._buffer, self._base = b"", 0
        self._at = head.body_start
        self._payload = self._cluster = self._at  # of the cluster being walked
        self._block = self._at  # the last block in it, or its payload
        self._time: int | None = None
        self._latest = 0  # time of the cluster before
        # By the first byte of a block: its track number with the length marker of one byte.
        self._last: list[int | None] = [None] * 256
        self._before: list[int | None] = [None] * 256
        self._where = [0] * 256
        self._lasting: dict[int, tuple[int, int]] = {}
        self._due = [_NEVER] * 256
        self._gap = [0] * 256
        for track in head.entries:
            self._last[0x80 | track.number] = _NEVER
        for kind, gap_ms in CUE_GAP_MS.items():
            self._index(first_of(kind, head.entries), max(1, gap_ms * 1_000_000 // head.scale))

    def _index(self, track: Track | None, gap: int) -> None:
        if track:
            self.keyframes[track.number] = Keyframes()
            self._due[0x80 | track.number] = -_NEVER
            self._gap[0x80 | track.number] = gap

    @property
    def endings(self) -> dict[int, Ending]:
        found = {}
        for key, last in enumerate(self._last):
            if last is not None and last != _NEVER:
                payload, lasting = self._lasting.get(key, (0, 0))
                held = lasting if payload == self._where[key] else None
                before = self._before[key]
                found[key & 0x7F] = Ending(last, None if before == _NEVER else before, self._where[key], held)
        return found

    def run(self) -> None:
        while self._at < self._end:
            element, size, payload = self._peek(self._at)
            if element in LEVEL_0:
                self.second_at = self._at
                self.truncated = False
                break
            if element == ebml.CLUSTER:
                good = self._walk_cluster(size, payload)
            else:
                good = element in LEVEL_1 and self._skip(size, payload, self._end)
            if not good and not self._resume():
                self.truncated = True
                break

    def _walk_cluster(self, size: int, payload: int) -> bool:
        """Walk the cluster at `_at`; False if it is damaged, with `_at` at what is not whole."""
        stop = self._end if size == UNKNOWN else min(payload + size, self._end)
        self._cluster, self._time = self._at, None
        self._at = self._payload = self._block = payload
        good = True
        while good and self._at < stop:
            if self._time is not None:
                self._blocks(self._time, stop)
            element, length, start = self._peek(self._at)
            if self._at == stop or (size == UNKNOWN and element in NOT_IN_CLUSTER):
                break
            good = self._take_aside(element, length, start, stop)
        if self._time is not None:
            self.whole = self._at
        return good and self._time is not None and (size == UNKNOWN or stop == payload + size)

    def _take_aside(self, element: int, size: int, payload: int, stop: int) -> bool:
        """Take one element of a cluster that is not a block."""
        if element == ebml.TIMESTAMP and self._time is None and 0 <= size <= 8 and payload + size <= stop:
            self._set_time(self._uint(payload, size))
        elif element not in ASIDE:
            return False
        return self._skip(size, payload, stop)

    def _set_time(self, time: int) -> None:
        if time < self._latest:  # time went back, and would have to catch up before the next keyframe were taken
            for number in self.keyframes:
                self._due[0x80 | number] = -_NEVER
        self._time = self._latest = time

    def _skip(self, size: int, payload: int, stop: int) -> bool:
        if size == UNKNOWN or payload + size > stop:
            return False
        self._count_aside()
        self._at = payload + size
        return True

    def _count(self, elements: int) -> None:
        self._left -= elements
        if self._left < 0:
            raise BeyondLimits(f"The recording has more than {self._limits.elements:,} parts.")

    def _count_aside(self) -> None:
        self._asides -= 1
        if self._asides < 0:
            raise BeyondLimits(
                f"The recording has more than {self._limits.asides:,} parts without a picture or sound."
            )

    def _peek(self, at: int) -> tuple[int, int, int]:
        """Id, size (or UNKNOWN) and payload offset of the element at `at`; all 0 if there is none."""
        i = at - self._base
        if not 0 <= i < len(self._buffer) - MARGIN:
            self._buffer, self._base, i = self._source.window(at), at, 0
        buffer = self._buffer
        j = i + _WIDTH[buffer[i]]
        width = _WIDTH[buffer[j]] if j <= i + 4 else 9
        payload = self._base + j + width
        if width > 8 or payload > self._end:
            return _NO_ELEMENT
        size = int.from_bytes(buffer[j : j + width], "big") & _MASK[width]
        return int.from_bytes(buffer[i:j], "big"), UNKNOWN if size == _MASK[width] else size, payload

    def _uint(self, payload: int, size: int) -> int:
        """The unsigned integer whose header was just peeked at: the window reaches `MARGIN` beyond that."""
        at = payload - self._base
        return int.from_bytes(self._buffer[at : at + size], "big")

    def _blocks(self, time: int, stop: int) -> None:
        """Move `_at` over blocks, to `stop` or to the first thing that is not a whole block of a known track.

        This loop sees every frame of the file, hence the local names and the plain integers.
        """
        at, base, buffer, block, count = self._at, self._base, self._buffer, self._at, 0
        top = len(buffer) - MARGIN if base <= at else 0
        last, before, where, due = self._last, self._before, self._where, self._due
        while at < stop:
            i = at - base
            if i >= top:
                self._buffer, self._base = buffer, base = self._source.window(at), at
                top, i = len(buffer) - MARGIN, 0
            if buffer[i] == SIMPLE:
                size = buffer[i + 1]
                if size & 0xC0 == 0x40:
                    size = (size & 0x3F) << 8 | buffer[i + 2]
                    i += 3
                else:
                    width = _WIDTH[size]
                    size = int.from_bytes(buffer[i + 1 : i + 1 + width], "big") & _MASK[width]
                    i += 1 + width
                following = base + i + size
                key = buffer[i]
                if following > stop or last[key] is None or size < BLOCK_HEADER:
                    break
                when = ((buffer[i + 1] << 8 | buffer[i + 2]) ^ 0x8000) - 0x8000 + time
                before[key], last[key], where[key] = last[key], when, base + i
                if buffer[i + 3] & KEYFRAME and when >= due[key]:
                    self._enter(key, when, at)
            elif buffer[i] == GROUP and (following := self._group(at, time, stop)):
                buffer, base = self._buffer, self._base
                top = len(buffer) - MARGIN
            else:
                break
            count += 1
            block, at = at, following
        self._at = at
        self._count(count)
        if count:
            self._block = block

    def _group(self, at: int, time: int, stop: int) -> int:
        """Take the BlockGroup at `at`; the offset after it, 0 if it is not whole. A keyframe refers to no other."""
        _, size, child = self._peek(at)
        following = child + size
        if not child or size == UNKNOWN or following > stop:
            return 0
        block, key, when, lasting, refers = 0, 0, 0, None, False
        while child < following:
            element, size, payload = self._peek(child)
            if not element or size == UNKNOWN or payload + size > following:
                return 0
            if element == ebml.BLOCK and size >= BLOCK_HEADER:
                block, key = payload, self._uint(payload, 1)
                when = ((self._uint(payload + 1, 2)) ^ 0x8000) - 0x8000 + time
            elif element == ebml.BLOCK_DURATION:
                lasting = self._uint(payload, min(size, 8))
            elif element == ebml.REFERENCE_BLOCK:
                refers = True
            child = payload + size
            self._count(1)
        if not block or self._last[key] is None:
            return 0
        self._before[key], self._last[key], self._where[key] = self._last[key], when, block
        if lasting is not None:
            self._lasting[key] = (block, lasting)
        if not refers and when >= self._due[key]:
            self._enter(key, when, at)
        return following

    def _enter(self, key: int, time: int, at: int) -> None:
        """Note the block at `at` as a place to start from."""
        if not 0 <= time < _LATEST:
            return
        index = self.keyframes[key & 0x7F]
        self.first_frames.setdefault(key & 0x7F, self._where[key] + BLOCK_HEADER)
        index.add(time, self._cluster, at - self._payload)
        self._due[key] = time + self._gap[key]
        if len(index) > self._limits.cues:
            raise BeyondLimits(f"The recording has more than {self._limits.cues:,} places to start from.")

    def _resume(self) -> bool:
        """Go on at the next cluster, or recording, after the last block; False if there is none, or damage is
        everywhere. The search begins inside that block, which may have lost its end and run over what follows."""
        self._places -= 1
        at, size = min(self._block + 1, self._at), WINDOW
        while at < self._end and self._places >= 0:
            window = self._source.window(at, size)
            for found in BEGINNING.finditer(window):
                begins = self._begins(at + found.start())
                if begins:
                    self._go_on(at + found.start(), to_cluster=begins == ebml.CLUSTER)
                    return True
            at, size = at + len(window) - 3, min(2 * size, _SEARCH)
        return False

    def _go_on(self, at: int, *, to_cluster: bool) -> None:
        if at < self._at:
            self._at = self._block
            self.overrun_at = None if to_cluster else self._block
        self.skipped += at - self._at if to_cluster else 0
        self._at = at

    def _begins(self, at: int) -> int:
        """The id of the cluster or EBML header at `at`, or 0 if it does not open as one: it is part of a frame."""
        self._count_aside()
        element, _, payload = self._peek(at)
        inside, _, _ = self._peek(payload) if payload else _NO_ELEMENT
        return element if inside in OPENS_WITH.get(element, ()) else 0
