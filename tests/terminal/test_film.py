"""Films of terminal recordings, made as the portal makes them, and looked at by a decoder."""

import os
from pathlib import Path
from typing import Any

import av
import PIL.Image
import pytest

from recordings import sandbox
from recordings.media.terminal import encoding
from tests.terminal import build

RED, BLUE = (0xDD, 0x3C, 0x69), (0x26, 0xB0, 0xD7)
FULL = "\x1b[?25l\x1b[{}m\x1b[2J"
UPLOAD = build.cast(
    [1.0, "o", FULL.format(41)],
    [2.0, "o", "\x1b[0m\x1b[2J$ echo hello\r\nhello\r\n"],
    [2.02, "o", "\x1b[1;1Hx"],
    [3.0, "m", "here"],
    [33.0, "o", FULL.format(44)],
    width=40,
    height=10,
)


def film(path: Path, form: str, *, idle: int = 0, frames: int = 10) -> tuple[Path, list[float]]:
    """A film of a recording, in a file, and the progress that was told."""
    shares: list[float] = []
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        arguments = (form, size, idle, frames)
        with sandbox.made_by("film", *arguments, source=source, seconds=300, progress=shares.append) as output:
            made = path.with_suffix(f".{form}")
            made.write_bytes(output.read())
    return made, shares


def pictures(path: Path) -> list[tuple[float, PIL.Image.Image]]:
    """Every picture of a film and its time in seconds."""
    with av.open(str(path)) as container:
        frames: Any = container.decode(video=0)
        return [(float(frame.time or 0), frame.to_image()) for frame in frames]


def at(shown: list[tuple[float, PIL.Image.Image]], seconds: float) -> PIL.Image.Image:
    """What a player shows then."""
    return [image for time, image in shown if time <= seconds + 1e-3][-1]


def middle(image: PIL.Image.Image) -> Any:
    return image.getpixel((image.width // 2, image.height // 2))


def close(colour: Any, expected: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(colour, expected, strict=True))


@pytest.mark.parametrize("form", list(encoding.CODECS))
def test_a_film_shows_what_was_shown_when_it_was(form: str, tmp_path: Path) -> None:
    path, shares = film(build.written(tmp_path / "a.cast", UPLOAD), form)
    shown = pictures(path)
    times = [time for time, _ in shown]
    assert times == sorted(set(times))
    assert times[0] == 0
    assert 34 < times[-1] < 36
    assert len(shown) < 30  # of a quiet minute there are few
    assert shown[0][1].size[0] % 2 == shown[0][1].size[1] % 2 == 0
    assert close(middle(at(shown, 0.5)), (0x12, 0x13, 0x14))
    assert close(middle(at(shown, 1.5)), RED)
    assert close(middle(at(shown, 20)), (0x12, 0x13, 0x14))
    assert close(middle(at(shown, 34)), BLUE)
    text = at(shown, 20).convert("L").crop((0, 0, 200, 80))
    assert text.getextrema()[1] > 150  # type: ignore[operator]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_what_is_idle_can_be_left_out(tmp_path: Path) -> None:
    path, _ = film(build.written(tmp_path / "a.cast", UPLOAD), "mp4", idle=1_000_000)
    shown = pictures(path)
    assert 5 < shown[-1][0] < 7
    assert close(middle(at(shown, 4.5)), BLUE)


def test_many_changes_are_as_many_pictures_as_were_asked_for(tmp_path: Path) -> None:
    busy = build.cast(*([n / 100, "o", f"line {n}\r\n"] for n in range(300)), width=40, height=10)
    few, more = (
        len(pictures(film(build.written(tmp_path / f"{frames}.cast", busy), "mp4", frames=frames)[0]))
        for frames in (2, 10)
    )
    assert 6 <= few <= 10
    assert 28 <= more <= 35


def test_a_new_size_fits_into_the_largest(tmp_path: Path) -> None:
    upload = build.cast(
        [1, "r", "80x20"], [2, "o", FULL.format(41)], [3, "r", "10x5"], [4, "o", "x"], width=20, height=5
    )
    shown = pictures(film(build.written(tmp_path / "a.cast", upload), "mp4")[0])
    assert {image.size for _, image in shown} == {(shown[0][1].width, shown[0][1].height)}
    assert close(middle(at(shown, 2.5)), RED)
    assert close(middle(at(shown, 4.5)), (0x12, 0x13, 0x14))


@pytest.mark.parametrize("size", [(2, 1), (1000, 1000)])
def test_films_of_terminals_of_any_size(size: tuple[int, int], tmp_path: Path) -> None:
    upload = build.cast([1, "o", "x"], [2, "o", "y"], width=size[0], height=size[1])
    shown = pictures(film(build.written(tmp_path / "a.cast", upload), "mp4")[0])
    assert shown[0][1].width <= 2000


def test_it_ends_when_nobody_wants_it_any_more(tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def cancel(share: float) -> None:
        raise Cancelled

    path = build.written(tmp_path / "a.cast", UPLOAD)
    arguments = ("mp4", path.stat().st_size, 0, 10)
    with (
        path.open("rb") as source,
        pytest.raises(Cancelled),
        sandbox.made_by("film", *arguments, source=source, seconds=300, progress=cancel),
    ):
        raise AssertionError("it is not to be finished")


@pytest.mark.parametrize("arguments", [("avi", 100, 0, 10), ("mp4", 100, 0, 10)])
def test_of_what_is_no_recording_no_film_is_made(arguments: tuple[object, ...], tmp_path: Path) -> None:
    path = build.written(tmp_path / "a.cast", b"hello")
    with (
        path.open("rb") as source,
        pytest.raises(sandbox.NothingMade, match="ended with 3"),
        sandbox.made_by("film", *arguments, source=source, seconds=300),
    ):
        raise AssertionError("nothing is to be made")
