"""The bounds within which a media file is read."""

from dataclasses import dataclass

HOUR_MS = 3_600_000


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
    duration_ms: int = 24 * HOUR_MS
    cues: int = 250_000
    elements: int = 12_000_000
    asides: int = 1_000_000
    seconds: float = 20.0
