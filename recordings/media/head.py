"""Read what comes before the first cluster of a WebM file: format, tracks, time scale, and where an index may be.

RFC 9559 section 5. What the head claims (duration, sizes) is kept as a claim; `webm.scan` measures.
"""

from dataclasses import dataclass, replace

from recordings.media import ebml
from recordings.media.errors import BeyondLimits, Damaged, NotWebm
from recordings.media.limits import Limits
from recordings.media.sniff import SNIFF_BYTES, check_is_webm
from recordings.media.source import Source

DEFAULT_SCALE = 1_000_000  # nanoseconds a tick, RFC 9559 section 5.1.2.9
CODECS = {b"V_VP8": "VP8", b"V_VP9": "VP9", b"V_AV1": "AV1", b"A_OPUS": "Opus", b"A_VORBIS": "Vorbis"}
KINDS = {1: "video", 2: "audio"}
HIGHEST_TRACK_NUMBER = 126  # what a one-byte track number in a block can say


@dataclass(frozen=True, slots=True)
class Track:
    """number: as blocks name it. kind: "video" or "audio". codec: a value of `CODECS`.
    width, height: pixels, 0 for sound. frame_ns: declared length of a frame in nanoseconds, 0 if not declared."""

    number: int
    kind: str
    codec: str
    width: int = 0
    height: int = 0
    frame_ns: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """The bytes of a file up to `body_start`, the offset of its first cluster, taken apart. Offsets are the file's.

    ebml, tracks, extras: whole elements as they stand (EBML header; Tracks; Tags and Chapters one after the other).
    info: the payload of Info without its Duration, TimestampScale and checksum. scale: nanoseconds a tick.
    claimed_ticks: the Duration found there, or None. segment_at: where the payload of the Segment begins, which
    positions inside it count from. segment_end: where it says it ends, if it does. cues_at: where Cues are, or are
    said to be.
    """

    ebml: bytes
    segment_at: int
    segment_end: int | None
    info: bytes = b""
    scale: int = DEFAULT_SCALE
    claimed_ticks: float | None = None
    tracks: bytes = b""
    entries: tuple[Track, ...] = ()
    extras: bytes = b""
    cues_at: int | None = None
    body_start: int = 0


def first_of(kind: str, tracks: tuple[Track, ...]) -> Track | None:
    return next((track for track in tracks if track.kind == kind), None)


def read_head(source: Source, limits: Limits) -> Head:
    """The head of the file that begins at `source.start`; a `WebmError` if it has none that we take."""
    length = source.end - source.start
    data = source.read(source.start, min(limits.head_bytes, length))
    check_is_webm(data[:SNIFF_BYTES])
    try:
        return _read(data, source.start, limits)
    except ebml.Incomplete:
        if len(data) < length:
            raise BeyondLimits(f"The recording's header is longer than {limits.head_bytes:,} bytes.") from None
        raise Damaged("The recording holds no frames: it breaks off before the first one.") from None


def _read(data: bytes, start: int, limits: Limits) -> Head:
    opening = ebml.whole_element(data, 0)
    _check_widths(data, opening)
    segment, at = ebml.read_id(data, opening.end)
    if segment != ebml.SEGMENT:
        raise Damaged(ebml.NOT_EBML)
    size, at = ebml.read_size(data, at)
    head = Head(data[: opening.end], start + at, None if size is None else start + at + size)
    count = 0
    while ebml.read_id(data, at)[0] != ebml.CLUSTER:
        element = ebml.whole_element(data, at)
        # Cues alone may be long, and are never copied.
        count += 1 if element.id == ebml.CUES else ebml.check_nesting(data[element.at : element.end], limits)
        if count > limits.head_elements:
            raise BeyondLimits(f"The recording's header has more than {limits.head_elements:,} elements.")
        head = _take(head, data, element, start, limits)
        at = element.end
    return _checked(replace(head, body_start=start + at))


def _check_widths(data: bytes, opening: ebml.Element) -> None:
    for child in ebml.children(data, opening.start, opening.end):
        widest = {ebml.MAX_ID_LENGTH: 4, ebml.MAX_SIZE_LENGTH: 8}.get(child.id)
        if widest is not None and ebml.read_uint(data, child) > widest:
            raise Damaged(ebml.NOT_EBML)


def _checked(head: Head) -> Head:
    if not head.tracks:
        raise Damaged("The recording is damaged: it has no list of tracks.")
    if not head.entries:
        raise Damaged("The recording has neither a video nor an audio track.")
    return head


def _take(head: Head, data: bytes, element: ebml.Element, start: int, limits: Limits) -> Head:
    """`head` and what `element` adds to it; of a repeated element the last one counts."""
    match element.id:
        case ebml.INFO:
            return _info(head, data, element)
        case ebml.TRACKS:
            tracks = _tracks(data, element, limits)
            return replace(head, tracks=data[element.at : element.end], entries=tracks)
        case ebml.TAGS | ebml.CHAPTERS:
            return replace(head, extras=head.extras + data[element.at : element.end])
        case ebml.CUES:
            return replace(head, cues_at=start + element.at)
        case ebml.SEEK_HEAD:
            return _seek_head(head, data, element)
    return head


def _info(head: Head, data: bytes, element: ebml.Element) -> Head:
    kept, scale, duration = b"", DEFAULT_SCALE, None
    for child in ebml.children(data, element.start, element.end):
        if child.id == ebml.TIMESTAMP_SCALE:
            scale = ebml.read_uint(data, child) or DEFAULT_SCALE  # 0 is not allowed; players take the default too
        elif child.id == ebml.DURATION:
            duration = ebml.read_float(data, child)
        elif child.id not in (ebml.CRC32, ebml.VOID):
            kept += data[child.at : child.end]
    return replace(head, info=kept, scale=scale, claimed_ticks=duration)


def _tracks(data: bytes, element: ebml.Element, limits: Limits) -> tuple[Track, ...]:
    entries = [c for c in ebml.children(data, element.start, element.end) if c.id == ebml.TRACK_ENTRY]
    if len(entries) > limits.tracks:
        raise BeyondLimits(f"The recording has {len(entries):,} tracks; at most {limits.tracks} are taken.")
    tracks = [track for entry in entries if (track := _track(data, entry, limits))]
    if len({track.number for track in tracks}) < len(tracks):
        raise Damaged("The recording is damaged: two of its tracks have the same number.")
    return tuple(tracks)


def _track(data: bytes, entry: ebml.Element, limits: Limits) -> Track | None:
    """One track; None for a kind that is neither seen nor heard (subtitles, metadata)."""
    fields = {child.id: child for child in ebml.children(data, entry.start, entry.end)}
    if ebml.CONTENT_ENCODINGS in fields:
        raise NotWebm("The recording is encrypted or packed, which browsers do not do. Record it without.")
    kind = KINDS.get(_uint(data, fields, ebml.TRACK_TYPE))
    if kind is None:
        return None
    number = _uint(data, fields, ebml.TRACK_NUMBER)
    if not 1 <= number <= HIGHEST_TRACK_NUMBER:
        raise Damaged(f"The recording is damaged: a track number is not between 1 and {HIGHEST_TRACK_NUMBER}.")
    frame_ns = _uint(data, fields, ebml.DEFAULT_DURATION)
    width, height = _size(data, fields.get(ebml.VIDEO), limits) if kind == "video" else (0, 0)
    return Track(number, kind, _codec(data, fields.get(ebml.CODEC_ID)), width, height, frame_ns)


def _uint(data: bytes, fields: dict[int, ebml.Element], name: int) -> int:
    return ebml.read_uint(data, fields[name]) if name in fields else 0


def _codec(data: bytes, element: ebml.Element | None) -> str:
    codec = CODECS.get(data[element.start : element.end].rstrip(b"\0")) if element else None
    if codec is None:
        raise NotWebm(
            "The recording uses a codec that WebM does not have. Record with VP8, VP9 or AV1, and Opus or Vorbis."
        )
    return codec


def _size(data: bytes, video: ebml.Element | None, limits: Limits) -> tuple[int, int]:
    children = ebml.children(data, video.start, video.end) if video else ()
    fields = {child.id: child for child in children}
    width, height = _uint(data, fields, ebml.PIXEL_WIDTH), _uint(data, fields, ebml.PIXEL_HEIGHT)
    if not width or not height:
        raise Damaged("The recording is damaged: its video track has no width or height.")
    check_frame_size(width, height, limits)
    return width, height


def check_frame_size(width: int, height: int, limits: Limits) -> None:
    """`BeyondLimits` for a picture of more pixels than allowed, or absurdly long."""
    if width * height > limits.pixels or max(width, height) > limits.side:
        most = limits.pixels // 1_000_000
        raise BeyondLimits(f"The picture is {width:,} x {height:,} pixels; at most {most} megapixels are taken.")


def _seek_head(head: Head, data: bytes, element: ebml.Element) -> Head:
    for seek in ebml.children(data, element.start, element.end):
        if seek.id != ebml.SEEK:
            continue
        fields = {child.id: child for child in ebml.children(data, seek.start, seek.end)}
        if _uint(data, fields, ebml.SEEK_ID) == ebml.CUES and ebml.SEEK_POSITION in fields:
            return replace(head, cues_at=head.segment_at + _uint(data, fields, ebml.SEEK_POSITION))
    return head
