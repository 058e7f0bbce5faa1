"""Reading terminal recordings: their text, against another emulator and a pattern; taking them in, against json.

What is measured is processor time in this process: whoever reads recordings does it one after the other.
"""

import gc
import importlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from recordings.media.asciicast import Cast, scan
from recordings.media.terminal.transcript import transcribed
from tests.bench.recorder import LINES
from tests.bench.runner import Bench, Contest, Entrant, Metric, Sample

SORTIE, PYTE, PATTERN = "Sortie, with times", "pyte", "a pattern, no times"
TAKEN, JSON = "scan", "json.loads of each line"
MEGABYTES, FEW = 24, 3  # of a cast; pyte is given the smaller one
EVENT_BYTES, EVERY = 2000, 0.01
COLUMNS, ROWS = 120, 40
# What terminals are told and do not show, as far as a pattern can know.
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-~])"
    r"|[\x00-\x08\x0b-\x1f]"
)


def contests(bench: Bench) -> Iterator[Contest]:
    large, small = cast_of(bench.folder / "large.cast", MEGABYTES), cast_of(bench.folder / "small.cast", FEW)
    rate = Metric("MB/s", higher_is_better=True, aims={SORTIE: 20})
    readers = [
        Entrant(PYTE, reading(small, read_by_pyte)),
        Entrant(SORTIE, reading(large, read_by_us)),
        Entrant(PATTERN, reading(large, read_by_pattern)),
    ]
    yield Contest("Text of a terminal recording", [rate], readers, reference=PYTE)
    yield Contest(
        "Checking a terminal recording that comes in",
        [Metric("MB/s", higher_is_better=True, aims={TAKEN: 1})],
        [Entrant(JSON, reading(large, read_by_json)), Entrant(TAKEN, reading(large, scanned))],
        reference=JSON,
    )


def cast_of(path: Path, megabytes: int) -> Path:
    """A cast of so many megabytes of what builds, tests and logs print in colour."""
    with path.open("wb") as file:
        file.write(json.dumps({"version": 2, "width": COLUMNS, "height": ROWS}).encode() + b"\n")
        number = 0
        while file.tell() < megabytes << 20:
            shown = b""
            while len(shown) < EVENT_BYTES:
                number += 1
                shown += LINES[number % 4] % tuple((number * step) % 97 for step in (3, 5, 7, 11))
            event = [round(number * EVERY, 6), "o", shown.decode().replace("\n", "\r\n")]
            file.write(json.dumps(event).encode() + b"\n")
    return path


def reading(path: Path, read: Callable[[Path], object]) -> Callable[[], Sample]:
    def run() -> Sample:
        gc.collect()
        began = time.process_time()
        read(path)
        return {"MB/s": path.stat().st_size / 1e6 / (time.process_time() - began)}

    return run


def read_by_us(path: Path) -> object:
    gc.disable()  # as in the program that does it
    with path.open("rb") as file:
        cast = Cast(file)
        lines = transcribed(COLUMNS, ROWS, cast.events()).lines
    gc.enable()
    return lines


def read_by_pattern(path: Path) -> object:
    with path.open("rb") as file:
        return [ESCAPES.sub("", text) for _, _, text in Cast(file).events()]


def read_by_pyte(path: Path) -> object:
    pyte: Any = importlib.import_module("pyte")
    screen = pyte.HistoryScreen(COLUMNS, ROWS, history=100_000)
    stream = pyte.Stream(screen)
    with path.open("rb") as file:
        for _, _, text in Cast(file).events():
            stream.feed(text)
    return screen.history


def read_by_json(path: Path) -> object:
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


def scanned(path: Path) -> object:
    with path.open("rb") as file:
        return scan(file)
