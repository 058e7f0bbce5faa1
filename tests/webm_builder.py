"""WebM put together by hand, for what no browser would write. Written without the code under test.

Real recordings are in `webm_samples`; these are for the strange, the extreme and the broken.
"""

import struct
from pathlib import Path

UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
SCALE_1_MS = 1_000_000
VP8_KEYFRAME = b"\x10\x00\x00\x9d\x01\x2a" + (64).to_bytes(2, "little") + (48).to_bytes(2, "little") + b"frame"
OPUS_20_MS = b"\xf8" + b"sound"


def element(name: str, payload: bytes | int | float | str = b"") -> bytes:
    """An element by its id in hex; numbers and text are encoded."""
    if isinstance(payload, str):
        payload = payload.encode()
    elif isinstance(payload, float):
        payload = struct.pack(">d", payload)
    elif isinstance(payload, int):
        payload = payload.to_bytes(max(1, (payload.bit_length() + 7) // 8), "big")
    return bytes.fromhex(name) + (len(payload) | 1 << 56).to_bytes(8, "big") + payload


def ebml_header(doc_type: str = "webm") -> bytes:
    return element("1a45dfa3", element("4282", doc_type) + element("4287", 4) + element("4285", 2))


def video_track(
    number: int = 1, *, codec: str = "V_VP8", width: int = 64, height: int = 48, more: bytes = b""
) -> bytes:
    size = element("b0", width) + element("ba", height)
    return element(
        "ae", element("d7", number) + element("83", 1) + element("86", codec) + element("e0", size) + more
    )


def audio_track(number: int = 2, *, codec: str = "A_OPUS", more: bytes = b"") -> bytes:
    return element("ae", element("d7", number) + element("83", 2) + element("86", codec) + more)


def info(*, scale: int = SCALE_1_MS, duration: float | None = None, more: bytes = b"") -> bytes:
    claimed = b"" if duration is None else element("4489", duration)
    return element("1549a966", element("2ad7b1", scale) + claimed + more)


def block(track: int, time: int, *, frame: bytes = VP8_KEYFRAME, keyframe: bool = True, lacing: int = 0) -> bytes:
    """A SimpleBlock, at so many ticks from its cluster."""
    flags = (0x80 if keyframe else 0) | lacing << 1
    return element("a3", bytes([0x80 | track]) + struct.pack(">hB", time, flags) + frame)


def block_group(track: int, time: int, *, refers: bool = False, duration: int | None = None) -> bytes:
    inside = element("a1", bytes([0x80 | track]) + struct.pack(">hB", time, 0) + VP8_KEYFRAME)
    inside += element("9b", duration) if duration is not None else b""
    return element("a0", inside + (element("fb", b"\xff") if refers else b""))


def cluster(time: int, *blocks: bytes, sized: bool = False) -> bytes:
    inside = element("e7", time) + b"".join(blocks)
    return element("1f43b675", inside) if sized else bytes.fromhex("1f43b675") + UNKNOWN_SIZE + inside


def webm(
    *body: bytes,
    header: bytes | None = None,
    information: bytes | None = None,
    tracks: bytes | None = None,
    before_clusters: bytes = b"",
) -> bytes:
    """A live recording: header, Info, Tracks (given as entries), anything, and the clusters."""
    opening = ebml_header() if header is None else header
    described = info() if information is None else information
    listed = element("1654ae6b", video_track() if tracks is None else tracks)
    return (
        opening + bytes.fromhex("18538067") + UNKNOWN_SIZE + described + listed + before_clusters + b"".join(body)
    )


def nested(depth: int, name: str = "67c8") -> bytes:
    """SimpleTags inside one another, `depth` of them."""
    data = b""
    for _ in range(depth):
        data = element(name, data)
    return data


def staged(folder: Path, data: bytes, *, room: int = 4096) -> Path:
    """`data` as ingest keeps it: after `room` unused bytes."""
    path = folder / "staged"
    path.write_bytes(bytes(room) + data)
    return path
