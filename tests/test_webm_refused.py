"""What is no recording, or no longer one, or more than one may be: each refused with its own plain sentence."""

from pathlib import Path

import pytest

from recordings.media import webm
from recordings.media.errors import BeyondLimits, Damaged, NotWebm, TookTooLong, WebmError
from recordings.media.limits import Limits
from recordings.media.sniff import SNIFF_BYTES, looks_like_webm, why_not_webm
from tests import webm_builder as build
from tests.webm_samples import samples

FRAME = build.block(1, 0)
ONE_CLUSTER = build.cluster(0, FRAME)
TEN_YEARS_MS = 315_360_000_000

NOT_WEBM = {
    "empty": (b"", "empty"),
    "HTML": (b"\n<!DOCTYPE html><html><body>Log in", "HTML"),
    "bare HTML": (b"<p>hello", "HTML"),
    "XML": (b"<?xml version='1.0'?><a/>", "XML"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "JPEG"),
    "GIF": (b"GIF89a" + bytes(100), "GIF"),
    "PDF": (b"%PDF-1.7\n", "PDF"),
    "ZIP": (b"PK\x03\x04" + bytes(100), "ZIP"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "gzip"),
    "Ogg": (b"OggS" + bytes(100), "Ogg"),
    "WAV": (b"RIFF\x00\x00\x00\x00WAVE" + bytes(100), "RIFF"),
    "ffconcat": (b"ffconcat version 1.0\nfile /etc/passwd\n", "list of files"),
    "HLS": (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nhttp://example.test/a.ts\n", "HLS"),
    "SDP": (b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n", "SDP"),
    "MP4": (b"\x00\x00\x00\x20ftypisom" + bytes(100), "MP4"),
    "asciicast": (b'{"version": 2, "width": 80, "height": 24}\n', "terminal recording"),
    "JSON": (b'{"a": 1}', "JSON"),
    "text": (b"hello, world", "not a WebM recording"),
    "zeros": (bytes(5000), "not a WebM recording"),
    "two bytes": (b"\x1a\x45", "not a WebM recording"),
    "Matroska": (build.ebml_header("matroska") + ONE_CLUSTER, "Matroska"),
    "other EBML": (build.ebml_header("other") + ONE_CLUSTER, "not a WebM recording"),
    "H.264 inside": (build.webm(ONE_CLUSTER, tracks=build.video_track(codec="V_MPEG4/ISO/AVC")), "codec"),
    "no codec": (build.webm(ONE_CLUSTER, tracks=build.video_track(codec="")), "codec"),
    "encrypted": (build.webm(ONE_CLUSTER, tracks=build.video_track(more=build.element("6d80", b""))), "encrypted"),
}

LONG_IDS = build.element("1a45dfa3", build.element("4282", "webm") + build.element("42f2", 5))
DAMAGED = {
    "half an EBML header": (build.ebml_header()[:20], "header does not follow"),
    "EBML header alone": (build.ebml_header(), "breaks off before"),
    "no clusters": (build.webm(), "breaks off before"),
    "no frames": (build.webm(build.cluster(0)), "no frames"),
    "frames of no track": (build.webm(build.cluster(0, build.block(9, 0))), "no frames"),
    "frames without a time": (build.webm(build.element("1f43b675", FRAME)), "no frames"),
    "no Tracks": (build.ebml_header() + build.element("18538067", build.info() + ONE_CLUSTER), "no list of tracks"),
    "empty Tracks": (build.webm(ONE_CLUSTER, tracks=b""), "neither a video nor an audio track"),
    "subtitles only": (
        build.webm(ONE_CLUSTER, tracks=build.element("ae", build.element("d7", 1) + build.element("83", 17))),
        "neither a video nor an audio track",
    ),
    "no picture size": (build.webm(ONE_CLUSTER, tracks=build.video_track(width=0)), "no width or height"),
    "equal track numbers": (build.webm(ONE_CLUSTER, tracks=build.video_track() * 2), "same number"),
    "track number 127": (build.webm(ONE_CLUSTER, tracks=build.video_track(127)), "track number"),
    "no Segment": (build.ebml_header() + build.info() + ONE_CLUSTER, "header does not follow"),
    "zeros for Info": (build.webm(ONE_CLUSTER, information=bytes(40)), "header does not follow"),
    "broken TrackEntry": (build.webm(ONE_CLUSTER, tracks=build.element("ae", b"\xd7\x88\x01")), "does not follow"),
    "live Info": (build.webm(ONE_CLUSTER, information=b"\x15\x49\xa9\x66\xff"), "header does not follow"),
    "ids of five bytes": (build.webm(ONE_CLUSTER, header=LONG_IDS), "header does not follow"),
    "500 levels in a cluster": (build.webm(build.cluster(0, build.nested(500, "a0"))), "no frames"),
}

BEYOND = {
    "ten years": (build.webm(ONE_CLUSTER, build.cluster(TEN_YEARS_MS, FRAME)), "87,600 hours"),
    "ten years by scale": (
        build.webm(build.cluster(315_360, FRAME), information=build.info(scale=10**12)),
        "hours",
    ),
    "8192x8192": (build.webm(ONE_CLUSTER, tracks=build.video_track(width=8192, height=8192)), "8,192 x 8,192"),
    "8192x8192 in the frames": (
        build.webm(build.cluster(0, build.block(1, 0, frame=b"\x10\x00\x00\x9d\x01\x2a\x00\x20\x00\x20"))),
        "8,192 x 8,192",
    ),
    "one line of pixels": (
        build.webm(ONE_CLUSTER, tracks=build.video_track(width=100_000, height=1)),
        "100,000 x 1",
    ),
    "300 tracks": (
        build.webm(ONE_CLUSTER, tracks=b"".join(build.audio_track(n) for n in range(1, 301))),
        "300 tracks",
    ),
    "500 levels": (
        build.webm(ONE_CLUSTER, before_clusters=build.element("1254c367", build.nested(500))),
        "16 levels",
    ),
    "500 levels in Tracks": (build.webm(ONE_CLUSTER, tracks=build.nested(500, "ae")), "16 levels"),
    "50,000 elements": (build.webm(ONE_CLUSTER, before_clusters=build.element("ec") * 50_000), "10,000 elements"),
    "2 MiB of header": (
        build.webm(ONE_CLUSTER, before_clusters=build.element("ec", bytes(2 << 20))),
        "longer than",
    ),
}


def refusal(folder: Path, data: bytes, **limits: float) -> WebmError:
    path = folder / "refused.webm"
    path.write_bytes(data)
    with path.open("rb") as file, pytest.raises(WebmError) as caught:
        webm.scan(file, limits=Limits(**limits))  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) < 200
    return caught.value


@pytest.mark.parametrize(("data", "words"), NOT_WEBM.values(), ids=NOT_WEBM)
def test_other_formats_are_named(data: bytes, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, data)
    assert type(error) is NotWebm
    assert words in str(error)


@pytest.mark.parametrize(("data", "words"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_described(data: bytes, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, data)
    assert isinstance(error, Damaged)
    assert words in str(error)


@pytest.mark.parametrize(("data", "words"), BEYOND.values(), ids=BEYOND)
def test_excess_is_described(data: bytes, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, data)
    assert type(error) is BeyondLimits
    assert words in str(error)


@pytest.mark.parametrize(("name", "words"), [("h264", "Matroska"), ("mp4", "MP4")])
def test_what_else_a_browser_records_is_named(name: str, words: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, samples()[name].read_bytes())
    assert type(error) is NotWebm
    assert words in str(error)


def test_half_a_header_is_damaged(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path, samples()["vp9_opus"].read_bytes()[:100]), Damaged)


def test_time_elements_and_cues_are_bounded(tmp_path: Path) -> None:
    frames = [build.block(1, time, frame=b"") for time in range(0, 30_000, 500)]
    data = build.webm(build.cluster(0, *frames))
    with pytest.raises(TookTooLong, match="processor time"):
        refusal(tmp_path, data, seconds=0)
    assert "parts" in str(refusal(tmp_path, data, elements=50))
    assert "50 parts without" in str(refusal(tmp_path, data + build.element("ec") * 60, asides=50))
    assert "places" in str(refusal(tmp_path, data, cues=50))
    assert "hours" in str(refusal(tmp_path, data, duration_ms=20_000))


def test_first_bytes_tell_what_they_can() -> None:
    data = samples()["vp9"].read_bytes()
    assert looks_like_webm(data[:SNIFF_BYTES]) is True
    verdicts = [looks_like_webm(data[:length]) for length in range(60)]
    assert verdicts == sorted(verdicts, key=bool)
    assert verdicts[0] is verdicts[3] is verdicts[20] is None
    assert verdicts[59] is True
    assert looks_like_webm(b"\x1a\x45x") is False
    assert looks_like_webm(build.ebml_header("matroska")) is False
    assert looks_like_webm(build.element("1a45dfa3", bytes(5000))[:SNIFF_BYTES]) is False
    assert isinstance(why_not_webm(b"\x1a"), NotWebm)
