"""Recordings of `script` from util-linux: a typescript, and a file that says when how much of it came.

The classic timing file has lines `DELAY BYTES`. The other one (`--logging-format advanced`, and with `--log-in` or
`--log-io` always) begins lines with what they are: `H DELAY NAME VALUE`, `O DELAY BYTES`, `I DELAY BYTES`,
`S DELAY SIGNAL ROWS=n COLS=n`. Delays are from line to line, in seconds; script(1), scriptreplay(1).
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from recordings.media.asciicast import About, Event, Header
from recordings.media.asciicast.header import USUAL_SIZE, clean_text
from recordings.media.importers.files import first_bytes, opened
from recordings.media.importers.imported import DamagedLog, Decoder, Imported, Source, pieces

FORMAT = "script"
BEGINNING = b"Script started on "
LONGEST_LINE = 4096
MOST_SECONDS = 10**8
CUT = "The typescript breaks off before its timing file does; it is taken as far as it goes."
TIMING_CUT = "The timing file of the typescript breaks off; what came after is not in the recording."
_CLASSIC = re.compile(rb"([0-9]+\.[0-9]+) ([0-9]{1,15})\s*")
_ADVANCED = re.compile(rb"([HOIS]) ([0-9]+\.[0-9]+) (.*)", re.DOTALL)
_VARIABLE = re.compile(r'([A-Z]+)="([^"]*)"')
_SIZE = re.compile(r"ROWS=([0-9]{1,4}) COLS=([0-9]{1,4})")
_EXIT_CODE = re.compile(rb'\nScript done on [^\n]*\[COMMAND_EXIT_CODE="([0-9]{1,5})"\]\n\Z')
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:]{8}(?:[+-][0-9:]{5,6})?")


@dataclass(slots=True)
class Timing:
    """What a timing file comes to."""

    path: Path
    output: int = 0  # bytes
    input: int = 0
    named: dict[str, str] = field(default_factory=dict)

    @property
    def together(self) -> bool:
        """Whether what was typed lies in one file with the output."""
        return "INPUT_LOG" in self.named and self.named["INPUT_LOG"] == self.named.get("OUTPUT_LOG")


def sources(files: list[Path]) -> Iterator[Source]:
    """The typescripts among the files of a folder, each with the timing file that fits it."""
    scripts = [path for path in files if first_bytes(path).startswith(BEGINNING)]
    if not scripts:
        return
    timings = [timing for path in files if path not in scripts and (timing := _timing(path)) is not None]
    typed = {Path(timing.named["INPUT_LOG"]).name for timing in timings if "INPUT_LOG" in timing.named}
    typed -= {Path(timing.named.get("OUTPUT_LOG", "")).name for timing in timings}
    for path in scripts:
        if path.name in typed:  # begins as typescripts do
            continue
        fitting = [timing for timing in timings if _fits(path, timing)]
        fitting.sort(key=lambda timing: _common_start(path.name, timing.path.name), reverse=True)
        if fitting:
            yield Source(FORMAT, path, (path, fitting[0].path, *_typed(fitting[0], path, files)))


def read(source: Source) -> Imported:
    """Open a typescript."""
    timing = _timing(source.files[1])
    if timing is None:
        raise DamagedLog("The timing file of the typescript is none.")
    with opened(source.path) as file:
        opening = file.readline(LONGEST_LINE).decode("utf-8", "replace")
    told = dict(_VARIABLE.findall(opening)) | timing.named
    columns, rows = (
        _number(told.get(name, ""), usual) for name, usual in zip(("COLUMNS", "LINES"), USUAL_SIZE, strict=True)
    )
    shell = told.get("SHELL", "")
    header = Header(
        version=2,
        width=columns,
        height=rows,
        timestamp=_seconds(told.get("START_TIME", "") or opening),
        command=clean_text(told.get("COMMAND", "")),
        env={name: clean_text(told[name]) for name in ("SHELL", "TERM") if told.get(name)},
        about=About(agent="script"),
        title=clean_text(told.get("COMMAND", "") or shell),
    )
    code = told.get("EXIT_CODE", "") or _exit_code(source.path)
    imported = Imported(source, header, exit_status=int(code) if code.isdecimal() and len(code) < 6 else None)
    imported.events = lambda: _events(imported, timing)
    return imported


def _exit_code(path: Path) -> str:
    """What script wrote at the end of a typescript."""
    with opened(path) as file:
        file.seek(max(0, path.stat().st_size - LONGEST_LINE))
        found = _EXIT_CODE.findall(file.read())
    return found[-1].decode() if found else ""


def _events(imported: Imported, timing: Timing) -> Iterator[Event]:
    with ExitStack() as files:
        streams: dict[bytes, BinaryIO] = {}
        for code, path in zip((b"O", b"I"), (imported.source.path, *imported.source.files[2:3]), strict=False):
            streams[code] = files.enter_context(opened(path))
            streams[code].readline(LONGEST_LINE)  # says when it began
        if timing.together:
            streams[b"I"] = streams[b"O"]
        decoders = {b"O": Decoder(), b"I": Decoder()}
        now = 0
        for number, (code, delay, rest) in enumerate(_lines(timing.path, imported.notes), 1):
            now += round(delay * 1_000_000)
            if code in streams:
                yield from _data(imported, streams[code], decoders[code], code, now, _count(rest, number))
            elif code == b"S" and (size := _SIZE.search(rest.decode("utf-8", "replace"))):
                yield now, "r", f"{int(size[2])}x{int(size[1])}"


def _data(
    imported: Imported, stream: BinaryIO, decoder: Decoder, code: bytes, now: int, count: int
) -> Iterator[Event]:
    for size in pieces(count):
        data = stream.read(size)
        if not data:
            if CUT not in imported.notes:
                imported.notes.append(CUT)
            return
        if text := decoder.text(data):
            yield now, code.decode().lower(), text


def _lines(path: Path, notes: list[str] | None = None) -> Iterator[tuple[bytes, float, bytes]]:
    """What each line is, its delay in seconds, and the rest of it; `notes` is told where the file breaks off.

    Raises:
        DamagedLog: a line is none.
    """
    with opened(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if not line.endswith(b"\n"):
                if notes is not None:
                    notes.append(TIMING_CUT)
                return
            classic, advanced = _CLASSIC.fullmatch(line), _ADVANCED.fullmatch(line.rstrip())
            if classic:
                code, delay, rest = b"O", classic[1], classic[2]
            elif advanced:
                code, delay, rest = advanced[1], advanced[2], advanced[3]
            else:
                raise DamagedLog(f"The timing file of the typescript is damaged: line {number:,} is none.")
            seconds = float(delay)
            if seconds > MOST_SECONDS:
                raise DamagedLog(f"The timing file of the typescript is damaged: line {number:,} lasts for years.")
            yield code, seconds, rest


def _count(rest: bytes, number: int) -> int:
    count = rest.strip()
    if not count.isdigit() or len(count) > 15:
        raise DamagedLog(f"The timing file of the typescript is damaged: line {number:,} has no number of bytes.")
    return int(count)


def _timing(path: Path) -> Timing | None:
    """What a timing file comes to; None if it is no timing file."""
    first = first_bytes(path).split(b"\n", 1)[0]
    if not (_CLASSIC.fullmatch(first + b"\n") or _ADVANCED.fullmatch(first)):
        return None
    timing = Timing(path)
    try:
        for number, (code, _, rest) in enumerate(_lines(path), 1):
            if code == b"H":
                name, _, value = rest.decode("utf-8", "replace").partition(" ")
                timing.named[name] = value.strip()
            elif code == b"O":
                timing.output += _count(rest, number)
            elif code == b"I":
                timing.input += _count(rest, number)
    except DamagedLog:
        return None
    return timing


def _fits(script: Path, timing: Timing) -> bool:
    """Whether a timing file is that of a typescript: by the name it gives, or because it counts as many bytes."""
    if Path(timing.named.get("OUTPUT_LOG", "")).name == script.name:
        return True
    counted = timing.output + (timing.input if timing.together else 0)
    with opened(script) as file:
        body = script.stat().st_size - len(file.readline(LONGEST_LINE))
    # At its end script writes when it was done, which it does not count.
    return counted <= body <= counted + LONGEST_LINE


def _typed(timing: Timing, script: Path, files: list[Path]) -> list[Path]:
    """The file of what was typed, if it is another than the typescript."""
    name = Path(timing.named.get("INPUT_LOG", "")).name
    if not timing.input or timing.together or not name or name == script.name:
        return []
    return [path for path in files if path.name == name]


def _common_start(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() and 0 < len(text) < 5 and int(text) else usual


def _seconds(text: str) -> int | None:
    found = _DATE.search(text)
    try:
        return int(datetime.fromisoformat(found[0]).timestamp()) if found else None
    except (ValueError, OverflowError):
        return None
