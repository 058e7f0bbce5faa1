"""What coded frames tell of themselves, checked on Chromium's own and by hand."""

import pytest

from recordings.media.frames import opus_duration_us, picture_size
from tests.webm_judges import first_packets
from tests.webm_samples import HEIGHT, WIDTH, samples


@pytest.mark.parametrize(("name", "codec"), [("vp8", "VP8"), ("vp9", "VP9"), ("av1", "AV1"), ("alpha", "VP8")])
def test_keyframe_tells_its_size(name: str, codec: str) -> None:
    keyframe, later = (data for data, _ in first_packets(samples()[name], "video")[:2])
    assert picture_size(codec, keyframe) == (WIDTH, HEIGHT)
    assert picture_size(codec, later) is None
    for length in range(len(keyframe[:40])):
        assert picture_size(codec, keyframe[:length]) in (None, (WIDTH, HEIGHT))


def test_opus_packets_tell_their_length() -> None:
    packets = first_packets(samples()["audio"], "audio")
    assert [opus_duration_us(data) for data, _ in packets] == [length for _, length in packets]
    assert opus_duration_us(packets[0][0]) == 60_000


@pytest.mark.parametrize(
    ("packet", "microseconds"),
    [
        (b"\x00", 10_000),  # SILK
        (b"\x19", 120_000),  # two frames of 60 ms
        (b"\x60", 10_000),  # hybrid
        (b"\x80", 2_500),  # CELT
        (b"\xfb\x03", 60_000),  # three frames of 20 ms
        (b"\xfb\x3f", 120_000),  # 63 of them: more than a packet may last
        (b"\xfb\x00", None),
        (b"\xfb", None),
        (b"", None),
    ],
)
def test_opus_configurations(packet: bytes, microseconds: int | None) -> None:
    """RFC 6716 section 3.1."""
    assert opus_duration_us(packet) == microseconds


def bits(*fields: tuple[int, int]) -> bytes:
    """(value, width) pairs in a row, filled up with zeros."""
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    return int(text.ljust(8 * 40, "0"), 2).to_bytes(40, "big")


def vp9(profile: int, *colour: tuple[int, int], width: int = 320, height: int = 200) -> bytes:
    marker = [(2, 2), (profile & 1, 1), (profile >> 1, 1), *([(0, 1)] if profile == 3 else [])]
    return bits(*marker, (0, 1), (0, 1), (1, 1), (0, 1), (0x498342, 24), *colour, (width - 1, 16), (height - 1, 16))


def test_vp9_profiles() -> None:
    assert picture_size("VP9", vp9(0, (1, 3), (0, 1))) == (320, 200)
    assert picture_size("VP9", vp9(1, (1, 3), (0, 1), (0, 3))) == (320, 200)
    assert picture_size("VP9", vp9(1, (7, 3), (0, 1))) == (320, 200)
    assert picture_size("VP9", vp9(2, (0, 1), (1, 3), (0, 1))) == (320, 200)
    assert picture_size("VP9", vp9(3, (1, 1), (7, 3), (0, 1))) == (320, 200)
    assert picture_size("VP9", vp9(0, (1, 3), (0, 1))[1:]) is None


def test_av1_sequence_headers() -> None:
    size = [(8, 4), (7, 4), (319, 9), (199, 8)]
    plain = bits((0, 4), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (3, 5), *size)
    reduced = bits((0, 4), (1, 1), (3, 5), *size)
    timing = [(1, 1), (7, 32), (7, 32), (1, 1), (0b010, 3)]
    decoder_model = [(1, 1), (4, 5), (7, 32), (0, 5), (0, 5)]
    first_point = [(0, 12), (9, 5), (1, 1), (1, 1), (0, 11), (1, 1), (5, 4)]
    second_point = [(0, 12), (3, 5), (0, 1), (0, 1)]
    full = bits((0, 4), (0, 1), *timing, *decoder_model, (1, 1), (1, 5), *first_point, *second_point, *size)
    for sequence in (plain, reduced, full):
        assert picture_size("AV1", b"\x12\x00\x0a\x28" + sequence) == (320, 200)
        assert picture_size("AV1", b"\x08" + sequence) == (320, 200)
    assert picture_size("AV1", b"\x32\x02ab") is None
    assert picture_size("AV1", b"\x12") is None
    assert picture_size("Vorbis", b"") is None
