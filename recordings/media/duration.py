"""How long a recording lasts, from its blocks alone: what its header claims is not looked at.

Times are in nanoseconds, from time 0 of the file.
"""

from recordings.media.clusters import BLOCK_HEADER, Ending
from recordings.media.errors import BeyondLimits, Damaged
from recordings.media.frames import opus_duration_us
from recordings.media.head import Head, Track
from recordings.media.limits import HOUR_MS, Limits
from recordings.media.source import Source

STATED_MOST_NS = 10_000_000_000  # a frame is not believed to last longer, whatever it says
GUESSED_MOST_NS = 1_000_000_000  # nor guessed to, if it says nothing
LACED = 0x06  # in the flags of a block


def duration_ns(source: Source, head: Head, endings: dict[int, Ending], limits: Limits) -> int:
    """When the last block ends. `Damaged` if there is none, `BeyondLimits` if that is too late."""
    ends = [
        endings[track.number].last * head.scale + _last_block_ns(source, head, track, endings[track.number])
        for track in head.entries
        if track.number in endings
    ]
    if not ends:
        raise Damaged("The recording holds no frames.")
    duration = max(0, *ends)
    if duration > limits.duration_ms * 1_000_000:
        hours, most = duration // (HOUR_MS * 1_000_000), limits.duration_ms // HOUR_MS
        raise BeyondLimits(f"The recording claims to last {hours:,} hours; at most {most} are taken.")
    return duration


def _last_block_ns(source: Source, head: Head, track: Track, ending: Ending) -> int:
    """The length of a track's last block: as it says, or as its sound tells, or like the one before."""
    opening = source.read(ending.payload, min(BLOCK_HEADER + 2, source.end - ending.payload))
    laced = opening[3] & LACED
    if ending.lasting is not None:
        return min(ending.lasting * head.scale, STATED_MOST_NS)
    if track.frame_ns:
        frames = opening[4] + 1 if laced and len(opening) > BLOCK_HEADER else 1
        return min(track.frame_ns * frames, STATED_MOST_NS)
    sound = opus_duration_us(opening[BLOCK_HEADER:]) if track.codec == "Opus" and not laced else None
    if sound:
        return sound * 1000
    gap = 0 if ending.before is None else max(0, ending.last - ending.before)
    return min(gap * head.scale, GUESSED_MOST_NS)
