"""What the first bytes of a coded frame tell: how long a sound packet lasts, how large a picture is.

Everything returns None for bytes that are not what was expected; nothing here raises.
"""

_OPUS_CELT_US = (2_500, 5_000, 10_000, 20_000)
_OPUS_SILK_US = (10_000, 20_000, 40_000, 60_000)
_OPUS_HYBRID_US = (10_000, 20_000)
OPUS_LONGEST_US = 120_000

PICTURE_BYTES = 256  # of a keyframe, enough for `picture_size`


def opus_duration_us(packet: bytes) -> int | None:
    """Length of an Opus packet in microseconds, from its first two bytes (RFC 6716 section 3.1)."""
    if not packet:
        return None
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame = _OPUS_SILK_US[configuration & 3]
    elif configuration < 16:
        frame = _OPUS_HYBRID_US[configuration & 1]
    else:
        frame = _OPUS_CELT_US[configuration & 3]
    if code == 3 and len(packet) < 2:
        return None
    count = packet[1] & 0x3F if code == 3 else (1, 2, 2)[code]
    return min(frame * count, OPUS_LONGEST_US) or None


def picture_size(codec: str, frame: bytes) -> tuple[int, int] | None:
    """Width and height in pixels that a keyframe beginning with `frame` (`PICTURE_BYTES` of it) is coded with."""
    reader = {"VP8": _vp8_size, "VP9": _vp9_size, "AV1": _av1_size}.get(codec)
    try:
        return reader(frame) if reader else None
    except EOFError:
        return None


class _Bits:
    """Reads unsigned integers of so many bits, most significant first; EOFError at the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            raise EOFError
        return self._value >> self._left & (1 << bits) - 1


def _vp8_size(frame: bytes) -> tuple[int, int] | None:
    """RFC 6386 section 9.1: start code, then 14 bits each with two bits of scaling above."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    width, height = int.from_bytes(frame[6:8], "little"), int.from_bytes(frame[8:10], "little")
    return width & 0x3FFF, height & 0x3FFF


def _vp9_size(frame: bytes) -> tuple[int, int] | None:
    """VP9 bitstream specification section 6.2, uncompressed header of a keyframe."""
    bits = _Bits(frame)
    if bits.take(2) != 2:
        return None
    profile = bits.take(1) | bits.take(1) << 1
    reserved = bits.take(1) if profile == 3 else 0
    shown_before, inter, _, _ = bits.take(1), bits.take(1), bits.take(1), bits.take(1)
    if reserved or shown_before or inter or bits.take(24) != 0x498342:
        return None
    if profile >= 2:
        bits.take(1)  # bit depth
    srgb = bits.take(3) == 7
    if not srgb:
        bits.take(1)  # colour range
    if profile & 1:
        bits.take(1 if srgb else 3)  # subsampling
    return bits.take(16) + 1, bits.take(16) + 1


def _av1_size(frame: bytes) -> tuple[int, int] | None:
    """AV1 bitstream specification section 5.3: the sequence header among the first units of the frame."""
    at = 0
    while at + 1 < len(frame):
        kind, has_size, extended = frame[at] >> 3 & 15, frame[at] & 2, frame[at] >> 2 & 1
        at += 1 + extended
        if kind == 1:
            return _av1_sequence_size(_Bits(frame[at + _leb128(frame, at)[1] if has_size else at :]))
        if not has_size:
            return None
        size, width = _leb128(frame, at)
        at += width + size
    return None


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """A little-endian base 128 number of at most 8 bytes, and how many bytes it took."""
    value = 0
    for width, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << 7 * width
        if byte < 0x80:
            return value, width + 1
    raise EOFError


def _av1_sequence_size(bits: _Bits) -> tuple[int, int]:
    """Section 5.5.1, up to the largest frame's size."""
    bits.take(4)  # profile, still picture
    if bits.take(1):  # reduced header
        bits.take(5)
    else:
        _av1_skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _av1_skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing info
        bits.take(64)
        if bits.take(1):
            _av1_skip_uvlc(bits)
        if bits.take(1):  # decoder model info
            delay_bits = bits.take(5) + 1
            bits.take(42)
    initial_delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if initial_delays and bits.take(1):
            bits.take(4)


def _av1_skip_uvlc(bits: _Bits) -> None:
    zeros = 0
    while not bits.take(1):
        zeros += 1
    if zeros < 32:
        bits.take(zeros)
