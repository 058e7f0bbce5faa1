"""EBML in memory: the element ids WebM uses, variable-length integers, bounded iteration, encoding.

Formats: RFC 8794 (EBML) and RFC 9559 (Matroska); ids are written with their length marker, as they stand in
files. Offsets and lengths are in bytes. Everything here raises `Damaged` for bytes that are not EBML.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from recordings.media.errors import BeyondLimits, Damaged
from recordings.media.limits import Limits

EBML = 0x1A45DFA3
DOC_TYPE = 0x4282
MAX_ID_LENGTH = 0x42F2
MAX_SIZE_LENGTH = 0x42F3
SEGMENT = 0x18538067
SEEK_HEAD = 0x114D9B74
SEEK = 0x4DBB
SEEK_ID = 0x53AB
SEEK_POSITION = 0x53AC
INFO = 0x1549A966
TIMESTAMP_SCALE = 0x2AD7B1
DURATION = 0x4489
TRACKS = 0x1654AE6B
TRACK_ENTRY = 0xAE
TRACK_NUMBER = 0xD7
TRACK_TYPE = 0x83
CODEC_ID = 0x86
DEFAULT_DURATION = 0x23E383
VIDEO = 0xE0
PIXEL_WIDTH = 0xB0
PIXEL_HEIGHT = 0xBA
AUDIO = 0xE1
CONTENT_ENCODINGS = 0x6D80
CLUSTER = 0x1F43B675
TIMESTAMP = 0xE7
SIMPLE_BLOCK = 0xA3
BLOCK_GROUP = 0xA0
BLOCK = 0xA1
BLOCK_DURATION = 0x9B
REFERENCE_BLOCK = 0xFB
CUES = 0x1C53BB6B
CUE_POINT = 0xBB
CUE_TIME = 0xB3
CUE_TRACK_POSITIONS = 0xB7
CUE_TRACK = 0xF7
CUE_CLUSTER_POSITION = 0xF1
CUE_RELATIVE_POSITION = 0xF0
CHAPTERS = 0x1043A770
ATTACHMENTS = 0x1941A469
TAGS = 0x1254C367
VOID = 0xEC
CRC32 = 0xBF

# Elements of the head that hold elements: what the depth of a file is measured by. The last lines are those of
# RFC 9559 whose contents are of no interest here, SimpleTag and ChapterAtom among them, which may hold themselves.
MASTERS = frozenset(
    {EBML, SEGMENT, SEEK_HEAD, SEEK, INFO, TRACKS, TRACK_ENTRY, VIDEO, AUDIO, CONTENT_ENCODINGS, CLUSTER}
    | {BLOCK_GROUP, CUES, CUE_POINT, CUE_TRACK_POSITIONS, CHAPTERS, ATTACHMENTS, TAGS}
    | {0x7373, 0x63C0, 0x67C8, 0x45B9, 0xB6, 0x80, 0x8F, 0x6944, 0x61A7, 0x6240, 0x5034, 0x5035, 0x47E7}
    | {0x55B0, 0x55D0, 0x7670, 0xE2, 0xE3, 0xE4, 0xE8, 0xE9, 0x75A1, 0xA6, 0x41E4, 0xDB, 0x6924}
)

NOT_EBML = "The recording is damaged: its header does not follow the WebM format."


class Incomplete(Damaged):
    """The bytes end inside an element that nothing encloses."""

    def __init__(self) -> None:
        super().__init__(NOT_EBML)


class Element(NamedTuple):
    """One element inside a `bytes`: its header starts at `at`, its payload is `data[start:end]`."""

    id: int
    at: int
    start: int
    end: int


def read_id(data: bytes, at: int) -> tuple[int, int]:
    """The element id (1 to 4 bytes) at `at`, and the offset after it."""
    if at >= len(data):
        raise Incomplete
    end = at + 9 - data[at].bit_length()
    if end > at + 4:
        raise Damaged(NOT_EBML)
    if end > len(data):
        raise Incomplete
    return int.from_bytes(data[at:end], "big"), end


def read_size(data: bytes, at: int) -> tuple[int | None, int]:
    """The payload size (1 to 8 bytes) at `at`, and the offset after it; None is the reserved «unknown» size."""
    if at >= len(data):
        raise Incomplete
    width = 9 - data[at].bit_length()
    if width > 8:
        raise Damaged(NOT_EBML)
    if at + width > len(data):
        raise Incomplete
    mask = (1 << 7 * width) - 1
    size = int.from_bytes(data[at : at + width], "big") & mask
    return (None if size == mask else size), at + width


def whole_element(data: bytes, at: int) -> Element:
    """The element at `at`, of known size; `Incomplete` if `data` ends before it does."""
    element, after_id = read_id(data, at)
    size, payload = read_size(data, after_id)
    if size is None:
        raise Damaged(NOT_EBML)
    if payload + size > len(data):
        raise Incomplete
    return Element(element, at, payload, payload + size)


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Element]:
    """The elements that make up `data[start:end]`, one after the other; all of known size and whole."""
    stop = len(data) if end is None else end
    at = start
    while at < stop:
        try:
            element = whole_element(data, at)
        except Incomplete:
            raise Damaged(NOT_EBML) from None
        if element.end > stop:
            raise Damaged(NOT_EBML)
        yield element
        at = element.end


def check_nesting(data: bytes, limits: Limits) -> int:
    """The number of elements in `data`, nested ones included; `BeyondLimits` if too many or too deep."""
    count = 0
    stack = [children(data)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        count += 1
        if element.id in MASTERS:
            stack.append(children(data, element.start, element.end))
        if len(stack) > limits.depth:
            raise BeyondLimits(f"The recording's header is nested more than {limits.depth} levels deep.")
        if count > limits.head_elements:
            raise BeyondLimits(f"The recording's header has more than {limits.head_elements:,} elements.")
    return count


def read_uint(data: bytes, element: Element) -> int:
    """An unsigned integer of 0 to 8 bytes (no bytes mean 0)."""
    if element.end - element.start > 8:
        raise Damaged(NOT_EBML)
    return int.from_bytes(data[element.start : element.end], "big")


def read_float(data: bytes, element: Element) -> float:
    """A float of 4 or 8 bytes (no bytes mean 0)."""
    payload = data[element.start : element.end]
    formats = {0: ">0d", 4: ">f", 8: ">d"}
    if len(payload) not in formats:
        raise Damaged(NOT_EBML)
    return float(sum(struct.unpack(formats[len(payload)], payload)))


def size_field(size: int | None, *, width: int = 0) -> bytes:
    """`size` as a variable-length integer of `width` bytes, or of as few as hold it; None is «unknown»."""
    if size is None:
        return ((1 << 7 * (width or 8) + 1) - 1).to_bytes(width or 8, "big")
    needed = width or next(n for n in range(1, 9) if size < (1 << 7 * n) - 1)
    return (size | 1 << 7 * needed).to_bytes(needed, "big")


def element_id(element: int) -> bytes:
    return element.to_bytes((element.bit_length() + 7) // 8, "big")


def encode(element: int, payload: bytes, *, width: int = 0) -> bytes:
    """A whole element; `width` fixes the length of its size field."""
    return element_id(element) + size_field(len(payload), width=width) + payload


def encode_uint(element: int, value: int, *, width: int = 0) -> bytes:
    """An unsigned integer element of `width` payload bytes, or of as few as hold it."""
    return encode(element, value.to_bytes(width or max(1, (value.bit_length() + 7) // 8), "big"))


def encode_float(element: int, value: float) -> bytes:
    return encode(element, struct.pack(">d", value))


def void_header(length: int) -> bytes:
    """The first bytes of a Void element that is `length` bytes in all; nine of them from ten up, so that one size
    field serves any length. An element needs two bytes: a `length` of 1 is a ValueError."""
    if length < 2:
        raise ValueError("a Void element is at least two bytes long")
    if length < 10:
        return element_id(VOID) + size_field(length - 2)
    return element_id(VOID) + size_field(length - 9, width=8)
