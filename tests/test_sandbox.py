"""Programs for the limited process: what they tell while they run, and how they end."""

import tempfile
import textwrap
from pathlib import Path

import pytest

from recordings import sandbox
from recordings.media import limited

pytestmark = pytest.mark.only("single")


def run(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, seconds: float = 60
) -> tuple[bytes, list[float]]:
    """What a program in the place of ours wrote, and the progress that it told."""
    program = folder / "program.py"
    program.write_text("import sys\n" + textwrap.dedent(code))
    monkeypatch.setattr(limited, "__file__", str(program))
    shares: list[float] = []
    with (
        tempfile.TemporaryFile() as source,
        sandbox.made_by("pictures", 5, source=source, seconds=seconds, progress=shares.append) as output,
    ):
        return output.read(), shares


def test_progress_is_told_and_output_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        print(sys.argv[1:])
        for line in ("progress 0.25", "progress 7", "progress -1", "progress nan?", "progress "):
            print(line, file=sys.stderr)
    """
    assert run(code, tmp_path, monkeypatch) == (b"['pictures', '5']\n", [0.25, 1.0, 0.0, 0.0, 0.0])


def test_what_goes_wrong_is_said_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        for _ in range(10_000):
            print("no" * 400, file=sys.stderr)
        sys.exit("broken")
    """
    with pytest.raises(sandbox.NothingMade, match=r"ended with 1\. nono") as failure:
        run(code, tmp_path, monkeypatch)
    assert len(str(failure.value)) < 300


def test_a_program_that_says_things_for_ever_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sandbox.NothingMade, match=r"more than 0\.5 seconds"):
        run("while True: print('progress 0.1', file=sys.stderr)", tmp_path, monkeypatch, seconds=0.5)


def test_whoever_hears_of_progress_can_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Unwanted(Exception):
        pass

    def hear(share: float) -> None:
        raise Unwanted

    program = tmp_path / "program.py"
    program.write_text("import sys, time\nprint('progress 0', file=sys.stderr, flush=True)\ntime.sleep(1000)\n")
    monkeypatch.setattr(limited, "__file__", str(program))
    with (
        tempfile.TemporaryFile() as source,
        pytest.raises(Unwanted),
        sandbox.made_by("pictures", source=source, seconds=900, progress=hear),
    ):
        raise AssertionError("the program is not to end well")


def test_only_our_programs_are_run(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryFile() as source,
        pytest.raises(sandbox.NothingMade, match="There is no program os"),
        sandbox.made_by("os", source=source, seconds=60),
    ):
        raise AssertionError("the program is not to end well")
