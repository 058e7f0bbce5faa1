"""The program that reads terminal recordings, run as the portal runs it."""

import gzip
import io
import json
import os
import struct
from pathlib import Path

import PIL.Image
import pytest

from recordings import sandbox
from recordings.media.asciicast import keep, scan
from recordings.media.terminal import made
from recordings.media.terminal.made import (
    Chunk,
    Kind,
    Nonsense,
    PictureMade,
    ScreenMade,
    SegmentMade,
    Summary,
    record,
)
from tests.terminal import build

LARGE = build.cast(*([n / 10, "o", f"line {n} " + "word " * 2000 + "\r\n"] for n in range(400)))
SUMMARY = record(Kind.SUMMARY, b'{"complete": true}')


def run(path: Path, *, played: int | None = None, segments: int = 1) -> tuple[list[object], bytes]:
    """What is made of a stored object, and all of the program's output."""
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size if played is None else played
        with sandbox.made_by("terminal", size, segments, source=source, seconds=120) as output:
            found = list(made.read(output))
            output.seek(0)
            return list(found), output.read()


def test_text_and_segments_of_a_stored_recording(tmp_path: Path) -> None:
    upload = build.written(tmp_path / "upload", b"\xef\xbb\xbf" + LARGE)
    with upload.open("rb") as file, (tmp_path / "object").open("wb") as sink:
        kept = keep(file, scan(file), sink, with_input=True)
    assert kept.played < kept.size
    found, output = run(tmp_path / "object", played=kept.played)
    parts = [part for part in found if isinstance(part, SegmentMade)]
    chunks = [part for part in found if isinstance(part, Chunk)]
    assert found[-1] == Summary(complete=True)
    assert len(parts) > 3
    assert parts[0].start == 0
    content = [json.loads(gzip.decompress(output[part.at : part.at + part.size])) for part in parts]
    assert sum(len(each["events"]) for each in content) == 400
    assert [text.split()[1] for chunk in chunks for _, text in chunk.lines if text.startswith("line")] == [
        str(n) for n in range(400)
    ]
    assert chunks[0].start_ms == 0
    assert chunks[-1].end_ms == 39_900
    assert any("line 399" in chunk.text for chunk in chunks)


def text_of(found: list[object]) -> list[object]:
    return [part for part in found if isinstance(part, Chunk | Summary)]


def test_without_segments_there_is_text_alone(tmp_path: Path) -> None:
    found, _ = run(build.written(tmp_path / "a.cast", build.cast()), segments=0)
    assert not any(isinstance(part, SegmentMade) for part in found)
    assert text_of(found) == [
        Chunk(((500, "one"), (1250, "two"), (61250, "three"))),
        Summary(complete=True),
    ]


def test_what_is_cut_off_is_read_so_far_and_said_to_be(tmp_path: Path) -> None:
    found, _ = run(build.written(tmp_path / "a.cast", build.cast()[:-5]), segments=0)
    assert text_of(found) == [Chunk(((500, "one"), (1250, "two"))), Summary(complete=False)]


@pytest.mark.parametrize("data", [b"", b"hello", build.cast(b"[1,2,3]"), build.cast(width=10**9)])
def test_of_what_is_no_recording_nothing_is_made(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(sandbox.NothingMade, match="ended with 3"):
        run(build.written(tmp_path / "a.cast", data))


def test_a_terminal_that_is_made_one_column_wide(tmp_path: Path) -> None:
    found, _ = run(
        build.written(tmp_path / "a.cast", build.cast([1, "o", "漢字"], [2, "r", "1x1"], [3, "o", "漢"]))
    )
    assert isinstance(found[-1], Summary)


NONSENSE = {
    "nothing": b"",
    "no end": record(Kind.LINES, b'[[1,"a"]]'),
    "half an opening": b"\1\0",
    "unknown kind": struct.pack("!BI", 99, 1) + b"x",
    "too large": struct.pack("!BI", Kind.LINES, 1 << 30),
    "half a record": record(Kind.LINES, b'[[1,"a"]]')[:-3],
    "no JSON": record(Kind.LINES, b"[[1,") + SUMMARY,
    "brackets": record(Kind.LINES, b"[" * 100_000) + SUMMARY,
    "no lines": record(Kind.LINES, b"[]") + SUMMARY,
    "lines of another kind": record(Kind.LINES, b'[[1,"a"],[true,"b"]]') + SUMMARY,
    "a line before the start": record(Kind.LINES, b'[[-1,"a"]]') + SUMMARY,
    "a summary of nothing": record(Kind.SUMMARY, b"{}"),
    "a summary of something else": record(Kind.SUMMARY, b'{"complete": 1}'),
    "half a segment": record(Kind.SEGMENT, bytes(8), b"abc")[:-2],
    "an empty segment": record(Kind.SEGMENT, bytes(8)) + SUMMARY,
    "segments at one time": record(Kind.SEGMENT, bytes(8), b"a") * 2 + SUMMARY,
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nothing_that_the_program_says_is_believed(case: str) -> None:
    with pytest.raises(Nonsense):
        list(made.read(io.BytesIO(NONSENSE[case])))


def test_text_from_it_can_be_kept_anywhere() -> None:
    data = record(Kind.LINES, b'[[1,"a\\u0000\\ud800b"]]') + SUMMARY
    assert next(made.read(io.BytesIO(data))) == Chunk(((1, "a\ufffdb"),))


def test_a_poster_of_the_fullest_screen(tmp_path: Path) -> None:
    page = "\x1b[H\x1b[2J" + "".join(f"\x1b[{row};1H{'█' * 80}" for row in range(1, 25))
    upload = build.cast([1, "o", "$ "], [2, "o", f"\x1b[?1049h\x1b[31m{page}"], [9, "o", "\x1b[?1049l$ exit\r\n"])
    found, _ = run(build.written(tmp_path / "a.cast", upload), segments=0)
    [picture] = [part for part in found if isinstance(part, PictureMade)]
    image = PIL.Image.open(io.BytesIO(picture.data))
    assert image.size == (picture.width, picture.height) == (640, 360)
    red, green, blue = image.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    assert red > 2 * green
    assert red > 1.5 * blue


def screenshot(path: Path, moment: int, *, segment: bool = False) -> ScreenMade:
    with path.open("rb") as source:
        played = 0 if segment else os.fstat(source.fileno()).st_size
        with sandbox.made_by("screenshot", moment, played, source=source, seconds=120) as output:
            return made.read_screenshot(output)


def test_a_screenshot_of_a_moment(tmp_path: Path) -> None:
    upload = build.cast([1, "o", "one\r\n"], [2, "o", "漢字"], [3, "r", "100x30"], [4, "o", "\x1b[?25lx"])
    shown = screenshot(build.written(tmp_path / "a.cast", gzip.compress(upload)), 2_500_000)
    assert (shown.lines, shown.columns, shown.rows, shown.cursor) == (("one", "漢字"), 80, 24, (1, 4))
    image = PIL.Image.open(io.BytesIO(shown.picture.data))
    assert image.size == (shown.picture.width, shown.picture.height)
    later = screenshot(tmp_path / "a.cast", 10_000_000)
    assert (later.lines, later.columns, later.rows, later.cursor) == (("one", "漢字x"), 100, 30, None)


def test_a_screenshot_from_a_segment_is_the_same(tmp_path: Path) -> None:
    path = build.written(tmp_path / "a.cast", LARGE)
    found, output = run(path)
    part = [each for each in found if isinstance(each, SegmentMade)][-1]
    segment = build.written(tmp_path / "segment", output[part.at : part.at + part.size])
    moment = part.start + 500_000
    assert screenshot(segment, moment, segment=True) == screenshot(path, moment)


@pytest.mark.parametrize("data", [b"", gzip.compress(b"[]"), gzip.compress(b"[" * 100_000), gzip.compress(b"{}")])
def test_a_screenshot_of_nonsense(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(sandbox.NothingMade, match="ended with 3"):
        screenshot(build.written(tmp_path / "segment", data), 1, segment=True)


SCREEN = b'{"columns": 80, "rows": 24, "cursor": null, "lines": ["a"]}'
PICTURE = record(Kind.PICTURE, struct.pack("!HH", 8, 8), made.PNG)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PICTURE * 2,
        record(Kind.SCREEN, SCREEN) * 2,
        PICTURE + record(Kind.SCREEN, SCREEN.replace(b"80", b"true")),
        PICTURE + record(Kind.SCREEN, SCREEN.replace(b"null", b"[1]")),
        PICTURE + record(Kind.SCREEN, SCREEN.replace(b'"a"', b"5")),
        PICTURE + record(Kind.SCREEN, b"5"),
        record(Kind.SCREEN, SCREEN) + record(Kind.PICTURE, struct.pack("!HH", 0, 8), made.PNG),
        record(Kind.SCREEN, SCREEN) + record(Kind.PICTURE, struct.pack("!HH", 8, 8), b"<svg>"),
        record(Kind.SCREEN, SCREEN) + PICTURE[:-2],
    ],
)
def test_nothing_that_it_says_of_a_screen_is_believed(data: bytes) -> None:
    assert made.read_screenshot(io.BytesIO(PICTURE + record(Kind.SCREEN, SCREEN))).lines == ("a",)
    with pytest.raises(Nonsense):
        made.read_screenshot(io.BytesIO(data))
