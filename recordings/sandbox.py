"""Run one of our programs on a recording, in a process that can do nothing else (`recordings.media.limited`)."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from recordings.media import limited

MOST_SAID = 200
PROGRESS = b"progress "


class NothingMade(Exception):
    """The program made nothing of the recording. The text says why, as far as it is known."""


@contextmanager
def made_by(
    program: str,
    *arguments: object,
    source: BinaryIO,
    seconds: float,
    progress: Callable[[float], None] | None = None,
) -> Iterator[BinaryIO]:
    """What a program writes about `source`, an open file; from its beginning, and with bounds of the program.

    seconds: of wall clock, after which it is ended. progress: told now and then how much is done, from 0 to 1; what
    it raises ends the program.

    Raises:
        NothingMade: there is nothing to be made of it, or the program took too long, or broke.
    """
    with TemporaryFile() as output:
        command = [sys.executable, "-I", str(Path(limited.__file__)), program, *map(str, arguments)]
        with subprocess.Popen(  # noqa: S603  (a program of ours, with numbers as its arguments)
            command,
            stdin=source,
            stdout=output,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        ) as process:
            said = _watched(process, seconds, progress)
        if process.returncode:
            raise NothingMade(f"The program for {program} ended with {process.returncode}. {said}".strip())
        output.seek(0)
        yield output


def _watched(process: "subprocess.Popen[bytes]", seconds: float, progress: Callable[[float], None] | None) -> str:
    """Wait for the end; what the program said that is no progress."""
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    clock = threading.Timer(seconds, end)
    clock.start()
    try:
        said = _heard(process, progress)
        process.wait()
    except BaseException:
        process.kill()
        raise
    finally:
        clock.cancel()
    if late.is_set():
        raise NothingMade(f"The program took more than {seconds:g} seconds.")
    return said


def _heard(process: "subprocess.Popen[bytes]", progress: Callable[[float], None] | None) -> str:
    """Listen until the program has nothing more to say. Of what it says little is kept."""
    said = b""
    while process.stderr and (line := process.stderr.readline(MOST_SAID)):
        if progress and line.startswith(PROGRESS):
            progress(_share(line.removeprefix(PROGRESS)))
        elif len(said) < MOST_SAID:
            said += line
    return said[:MOST_SAID].decode("utf-8", "replace").strip()


def _share(text: bytes) -> float:
    """How much is done, as the program claims."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
