"""Scan a WebM recording as a browser wrote it, and write the head that makes it seekable.

MediaRecorder leaves out the duration and the index: it writes EBML header, Segment of unknown size, Info, Tracks,
and then clusters as they come. `scan` walks the file once and measures both; `seekable_head` puts them into a new
head (EBML header, Segment, SeekHead, Info with Duration, Tracks as they were, Cues, Void up to the first cluster)
to stand before the clusters, which stay as they are. `edit` does that in place.

Format: RFC 9559 (Matroska) and https://www.webmproject.org/docs/container/. All offsets are of the file scanned.
"""

import os
from dataclasses import dataclass, field
from typing import BinaryIO

from recordings.media.clusters import Keyframes, Walk, walk_clusters
from recordings.media.cues import ascending, has_usable_cues
from recordings.media.duration import duration_ns as measured_duration_ns
from recordings.media.frames import PICTURE_BYTES, picture_size
from recordings.media.head import Head, Track, check_frame_size, first_of, read_head
from recordings.media.limits import Limits
from recordings.media.source import Source

TOLERANCE_NS = 1_000_000_000  # by which a claimed duration may be wrong and still be left standing


@dataclass(frozen=True, slots=True)
class Scan:
    """What a recording is, measured.

    start, body_start, end: offsets of its first byte, of its first cluster, and after its last byte.
    cut: offset after the last whole block; players are not to see what follows.
    tracks: the video and audio tracks. width, height: pixels of the first video track, 0 if there is none.
    duration_ns: from time 0 to the end of the last block, in nanoseconds.
    keyframes: where playback can start, of track number `cue_track` (the video, or else the audio track).
    truncated: it breaks off. skipped: bytes in damaged places before `cut`. second: another recording follows.
    seekable: it has the right duration and a usable index already.
    """

    start: int
    body_start: int
    cut: int
    end: int
    tracks: tuple[Track, ...]
    width: int
    height: int
    duration_ns: int
    keyframes: Keyframes = field(repr=False)
    cue_track: int
    truncated: bool
    skipped: int
    second: bool
    seekable: bool
    head: Head = field(repr=False)

    @property
    def codecs(self) -> tuple[str, ...]:
        """Such as ("VP9", "Opus"): pictures first, whatever track the browser lists first."""
        return tuple(track.codec for kind in ("video", "audio") for track in self.tracks if track.kind == kind)

    @property
    def duration_ms(self) -> int:
        return max(1, round(self.duration_ns / 1_000_000))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was wrong with the file and is not seen in playback, a sentence each, for a person."""
        notes = []
        if self.skipped:
            notes.append(f"{self.skipped:,} bytes in the middle are damaged and are skipped in playback.")
        if self.second:
            notes.append("A second recording follows in the same file; it is kept in the original but not played.")
        if self.truncated:
            notes.append("The recording breaks off in the middle of a frame.")
        return tuple(notes)


def scan(file: BinaryIO, *, start: int = 0, end: int | None = None, limits: Limits | None = None) -> Scan:
    """Measure the recording in the bytes `start` to `end` (default: all) of `file`, which has a file descriptor.

    Raises `NotWebm` (another format), `Damaged` (nothing to play), `BeyondLimits` or `TookTooLong`. Reads about as
    much as the file is long, in small windows; the position of `file` is neither used nor moved.
    """
    limits = limits or Limits()
    end = os.fstat(file.fileno()).st_size if end is None else end
    source = Source(file, start, end, seconds=limits.seconds)
    head = read_head(source, limits)
    walk = walk_clusters(source, head, limits)
    duration_ns = measured_duration_ns(source, head, walk.endings, limits)
    cue_track, keyframes = _index(head, walk, duration_ns)
    width, height = _picture(source, head, walk, limits)
    whole = not (walk.truncated or walk.skipped or walk.second_at)
    return Scan(
        start=start,
        body_start=head.body_start,
        cut=walk.whole,
        end=source.end,
        tracks=head.entries,
        width=width,
        height=height,
        duration_ns=duration_ns,
        keyframes=keyframes,
        cue_track=cue_track,
        truncated=walk.truncated,
        skipped=walk.skipped,
        second=walk.second_at is not None,
        seekable=whole and _has_duration(head, duration_ns) and has_usable_cues(source, head, keyframes, limits),
        head=head,
    )


def _index(head: Head, walk: Walk, duration_ns: int) -> tuple[int, Keyframes]:
    """The keyframes of the video track, or of the audio track if the video has none."""
    for number, keyframes in walk.keyframes.items():
        if keyframes:
            return number, ascending(keyframes, duration_ns / head.scale)
    return 0, Keyframes()


def _picture(source: Source, head: Head, walk: Walk, limits: Limits) -> tuple[int, int]:
    """Width and height of the picture as it is coded; as the track says if the frame cannot be read."""
    video = first_of("video", head.entries)
    if video is None:
        return 0, 0
    at = walk.first_frames.get(video.number, source.end)
    frame = source.read(at, min(PICTURE_BYTES, source.end - at))
    width, height = picture_size(video.codec, frame) or (video.width, video.height)
    check_frame_size(width, height, limits)
    return width, height


def _has_duration(head: Head, duration_ns: int) -> bool:
    claimed = head.claimed_ticks
    return claimed is not None and abs(claimed * head.scale - duration_ns) <= TOLERANCE_NS
