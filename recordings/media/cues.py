"""The index of a WebM file (Cues): make one from keyframes, and judge one that is already there.

RFC 9559 section 5.1.5. Times are in ticks; positions count from the payload of the Segment.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from recordings.media import ebml
from recordings.media.clusters import Keyframes
from recordings.media.errors import Damaged
from recordings.media.head import Head
from recordings.media.limits import Limits
from recordings.media.source import Source

CUES_HEADER = 12  # id of four bytes, size field of eight
SAMPLES = 16  # entries looked up in the file before an index is believed
COVERED = 0.9  # of the file's length that it must reach
SPARSER = 4  # times fewer entries than keyframes it may have


def ascending(keyframes: Keyframes, end_ticks: float) -> Keyframes:
    """Those keyframes whose times ascend, from 0 to `end_ticks`.

    Of times that do not ascend the longest ascending run is kept, so one damaged timestamp costs one entry.
    """
    times = keyframes.times
    usable = [i for i, time in enumerate(times) if 0 <= time <= end_ticks]
    if any(times[a] >= times[b] for a, b in pairwise(usable)):
        usable = _longest_run(times, usable)
    return keyframes.only(usable)


def _longest_run(times: Sequence[int], usable: list[int]) -> list[int]:
    lowest: list[int] = []  # the lowest time that a run of each length can end with
    ends: list[int] = []  # and which keyframe that is
    before = array("q", bytes(8 * len(times)))
    for i in usable:
        length = bisect_left(lowest, times[i])
        lowest[length : length + 1] = [times[i]]
        ends[length : length + 1] = [i]
        before[i] = ends[length - 1] if length else -1
    run = [ends[-1]]
    while before[run[-1]] >= 0:
        run.append(before[run[-1]])
    return run[::-1]


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the numbers below `count`, evenly spread, with both ends if there is more than one."""
    if count <= most or most < 2:
        return list(range(min(count, most)))
    return [i * (count - 1) // (most - 1) for i in range(most)]


def encode_cues(keyframes: Keyframes, *, track: int, origin: int, room: int) -> bytes:
    """A Cues element of at most `room` bytes for `keyframes`, or for as many of them as fit, evenly spread.

    origin: what cluster positions count from. b"" if there is no room for a single one, or none.
    """
    times, clusters, blocks = keyframes.times, keyframes.clusters, keyframes.blocks
    if not times:
        return b""
    longest = len(_encode_cue(max(times), max(clusters) - origin, max(blocks), track))
    fitting = evenly(len(keyframes), max(0, room - CUES_HEADER) // longest)
    points = [_encode_cue(times[i], clusters[i] - origin, blocks[i], track) for i in fitting]
    return ebml.encode(ebml.CUES, b"".join(points), width=8) if points else b""


def _encode_cue(time: int, cluster: int, block: int, track: int) -> bytes:
    place = (
        ebml.encode_uint(ebml.CUE_TRACK, track)
        + ebml.encode_uint(ebml.CUE_CLUSTER_POSITION, cluster)
        + ebml.encode_uint(ebml.CUE_RELATIVE_POSITION, block)
    )
    positions = ebml.encode(ebml.CUE_TRACK_POSITIONS, place)
    return ebml.encode(ebml.CUE_POINT, ebml.encode_uint(ebml.CUE_TIME, time) + positions)


def has_usable_cues(source: Source, head: Head, keyframes: Keyframes, limits: Limits) -> bool:
    """Whether the index the head points to leads to clusters, and covers the file about as well as ours would."""
    try:
        cues = _read_cues(source, head, limits)
    except Damaged:
        return False
    if not cues or max(cues)[0] < COVERED * max(keyframes.times, default=0) or len(cues) * SPARSER < len(keyframes):
        return False
    return all(_is_cluster(source, head.segment_at + cues[i][1]) for i in evenly(len(cues), SAMPLES))


def _is_cluster(source: Source, at: int) -> bool:
    return source.start <= at <= source.end - 4 and source.read(at, 4) == ebml.element_id(ebml.CLUSTER)


def _read_cues(source: Source, head: Head, limits: Limits) -> list[tuple[int, int]]:
    """Times and cluster positions; empty if there is no index of a size worth reading."""
    if head.cues_at is None or not source.start <= head.cues_at < source.end:
        return []
    opening = source.read(head.cues_at, min(12, source.end - head.cues_at))
    element, at = ebml.read_id(opening, 0)
    size, at = ebml.read_size(opening, at)
    if element != ebml.CUES or size is None or size > limits.head_bytes:
        return []
    data = source.read(head.cues_at + at, size)
    return [_read_cue(data, point) for point in ebml.children(data) if point.id == ebml.CUE_POINT]


def _read_cue(data: bytes, point: ebml.Element) -> tuple[int, int]:
    fields = {child.id: child for child in ebml.children(data, point.start, point.end)}
    place = fields.get(ebml.CUE_TRACK_POSITIONS)
    if place is None or ebml.CUE_TIME not in fields:
        raise Damaged(ebml.NOT_EBML)
    inner = {child.id: child for child in ebml.children(data, place.start, place.end)}
    if ebml.CUE_CLUSTER_POSITION not in inner:
        raise Damaged(ebml.NOT_EBML)
    return ebml.read_uint(data, fields[ebml.CUE_TIME]), ebml.read_uint(data, inner[ebml.CUE_CLUSTER_POSITION])
