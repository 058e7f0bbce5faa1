"""The bounds within which a media file is read."""

from dataclasses import dataclass

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds of everything a file can claim; a file beyond one is refused with `BeyondLimits`.

    head_bytes: all that comes before the first cluster, and any one element read into memory.
    head_elements, depth: elements in there, and how deep they nest (a browser's file reaches 5).
    tracks, pixels (of one frame; 7680 x 4320 is 8K), side (width or height of a frame).
    duration_ms: from time 0 to the end of the last block.
    cues: index entries kept in memory; at two a second 24 hours make 172,800.
    elements: what is walked after the head; 24 hours at 60 frames and 50 sound packets a second make 9.5 million.
    asides: those of them that hold no frame; a live file has one for each cluster.
    seconds: processor time for one scan, else `TookTooLong`; waiting for a slow disk does not count.
    """

    head_bytes: int = 1 << 20
    head_elements: int = 10_000
    depth: int = 16
    tracks: int = 8
    pixels: int = 7680 * 4320
    side: int = 16_384
    duration_ms: int = DAY_MS
    cues: int = 250_000
    elements: int = 12_000_000
    asides: int = 1_000_000
    seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class CastLimits:
    """Upper bounds of everything a terminal recording can claim; `CastBeyondLimits` refuses one beyond them.

    side: columns or rows of the terminal; a wall of screens has some 800 columns.
    plain_bytes: what compressed data may come to.
    ratio: how many times their size they may grow, once they have come to `ratio_from` bytes; terminal output
        shrinks to a tenth, and gzip cannot shrink anything to less than a thousandth.
    members: gzip members in one file; a recorder that is started again writes a new one.
    header, line: characters of the first line, and of any other.
    events, duration_ms: a month at four events a second.
    markers, gaps: how many of these a scan tells of; more are left out, or the short ones are.
    seconds: processor time for one reading.
    """

    side: int = 1000
    plain_bytes: int = 1 << 30
    ratio: int = 200
    ratio_from: int = 64 << 20
    members: int = 100_000
    header: int = 1 << 18
    line: int = 1 << 23
    events: int = 10_000_000
    duration_ms: int = 31 * DAY_MS
    markers: int = 1000
    gaps: int = 20_000
    seconds: float = 60.0
