"""Write the head that makes a recording seekable, in exactly the room there is before its first cluster.

EBML header, Segment of unknown size, SeekHead, Info with Duration, Tracks (and Tags, Chapters) as they were, Cues,
and a Void element up to the first cluster. The Segment stays of unknown size because the clusters of a live file
are: ffprobe complains of such clusters in a Segment that has a size.
"""

from recordings.media import ebml
from recordings.media.cues import encode_cues
from recordings.media.webm import Scan


def seekable_head(scan: Scan, *, room: int) -> bytes:
    """The new head of a recording with `room` unused bytes in front: as long as that room and the old head are
    together, so that the first cluster follows. Cues are thinned out evenly as far as they do not fit.

    ValueError if not even one cue fits; some hundred bytes of room are enough for that.
    """
    length = room + scan.body_start - scan.start
    head = _unpadded(scan, length, info_width=4)
    if len(head) == length - 1:  # too little for a Void element: Info takes it
        head = _unpadded(scan, length, info_width=5)
    rest = length - len(head)
    return head + (ebml.void_header(rest).ljust(rest, b"\0") if rest else b"")


def _unpadded(scan: Scan, length: int, *, info_width: int) -> bytes:
    opening = scan.head.ebml + ebml.element_id(ebml.SEGMENT) + ebml.size_field(None)
    info = _info(scan, info_width)
    front = info + scan.head.tracks + scan.head.extras
    names = [ebml.INFO, ebml.TRACKS, ebml.CUES] if scan.keyframes else [ebml.INFO, ebml.TRACKS]
    at = len(_seek_head(names, [0, 0, 0]))
    cues = encode_cues(
        scan.keyframes,
        track=scan.cue_track,
        origin=scan.body_start - length + len(opening),  # the new Segment's payload, seen from the old file
        room=length - len(opening) - at - len(front),
    )
    if len(opening) + at + len(front) + len(cues) > length or bool(cues) != bool(scan.keyframes):
        raise ValueError(f"{length} bytes are too few for a seekable head")
    return opening + _seek_head(names, [at, at + len(info), at + len(front)]) + front + cues


def _seek_head(names: list[int], positions: list[int]) -> bytes:
    """Where the elements of these names are in the Segment; of the same length whatever the positions are."""
    entries = [
        ebml.encode(ebml.SEEK_ID, ebml.element_id(name)) + ebml.encode_uint(ebml.SEEK_POSITION, position, width=4)
        for name, position in zip(names, positions, strict=False)
    ]
    return ebml.encode(ebml.SEEK_HEAD, b"".join(ebml.encode(ebml.SEEK, entry) for entry in entries))


def _info(scan: Scan, width: int) -> bytes:
    """Info as it was, with the measured duration."""
    payload = (
        ebml.encode_uint(ebml.TIMESTAMP_SCALE, scan.head.scale)
        + ebml.encode_float(ebml.DURATION, scan.duration_ns / scan.head.scale)
        + scan.head.info
    )
    return ebml.encode(ebml.INFO, payload, width=width)
