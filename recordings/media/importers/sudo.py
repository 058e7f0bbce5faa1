"""I/O logs of sudo: a folder for each command, with what was logged of it in files by stream.

`log.json` (sudo 1.9) or `log` say who ran what; `timing` has a line for each event: its kind, the delay since the
one before in seconds, and a number of bytes of the stream's file (winsize: lines and columns; suspend: a signal).
All but the first two may be gzip. sudoers(5), sudo_logsrvd(8), and `lib/iolog` of sudo.
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from recordings.media.asciicast import About, Event, Header
from recordings.media.asciicast.header import USUAL_SIZE, clean_text
from recordings.media.importers.files import BROKEN_OFF, Unreadable, text_of, unpacked
from recordings.media.importers.imported import DamagedLog, Decoder, Imported, Returns, Source, pieces, second

FORMAT = "sudo"
TIMING, LOG, LOG_JSON = "timing", "log", "log.json"
# Kinds of events: the file of the stream, and the code of what it comes to. What a program read from a pipe is no
# typing and may be anything: standard input is left out.
STREAMS = {
    0: ("stdin", ""),
    1: ("stdout", "o"),
    2: ("stderr", "o"),
    3: ("ttyin", "i"),
    4: ("ttyout", "o"),
    6: ("ttyout", "o"),
}
WINDOW_SIZE, SUSPENDED = 5, 7
FROM_NO_TERMINAL = {1, 2}
MOST_SECONDS = 10**8
LONGEST_LINE = 4096
_EVENT = re.compile(rb"([0-9]{1,2}) ([0-9]+(?:\.[0-9]+)?) (.*)", re.DOTALL)
_SIZE = re.compile(rb"([0-9]{1,4}) ([0-9]{1,4})")


def sources(folder: Path, files: list[Path]) -> Iterator[Source]:
    """The log that a folder is, if it is one."""
    names = {path.name: path for path in files}
    about = names.get(LOG_JSON) or names.get(LOG)
    if about and TIMING in names and _events_begin(names[TIMING]):
        streams = {name for name, _ in STREAMS.values()}
        logged = [path for path in files if path.name in streams]
        yield Source(FORMAT, folder, (about, names[TIMING], *logged))


def read(source: Source) -> Imported:
    """Open a log."""
    about = source.files[0]
    told = _from_json(text_of(about)) if about.name == LOG_JSON else _from_lines(text_of(about))
    columns, rows = (
        value if isinstance(value := told.get(name), int) and 0 < value < 10_000 else usual
        for name, usual in zip(("columns", "lines"), USUAL_SIZE, strict=True)
    )
    header = Header(
        version=2,
        width=columns,
        height=rows,
        timestamp=told.get("seconds"),
        command=told["command"],
        title=f"sudo {told['command']}".strip(),
        about=About(session_id=told.get("session", ""), host=told.get("host", ""), user=told["user"], agent="sudo"),
    )
    imported = Imported(source, header, exit_status=told.get("exit"))
    imported.events = lambda: _events(imported)
    return imported


def _from_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedLog("The log.json of the sudo log is no JSON object.")
    arguments = found.get("runargv")
    command = " ".join(map(str, arguments)) if isinstance(arguments, list) and arguments else found.get("command")
    time, status = found.get("timestamp"), found.get("exit_value")
    return {
        "command": clean_text(str(command or "")),
        "user": clean_text(str(found.get("submituser") or "")),
        "host": clean_text(str(found.get("submithost") or "")),
        "session": clean_text(str(found.get("iolog_path") or "")),
        "seconds": second(time.get("seconds")) if isinstance(time, dict) else None,
        "columns": found.get("columns"),
        "lines": found.get("lines"),
        "exit": status if isinstance(status, int) and 0 <= status < 256 else None,
    }


def _from_lines(text: str) -> dict[str, Any]:
    """The older form: `seconds:user:runas user:runas group:tty:lines:columns`, then folder, then command."""
    lines = text.split("\n")
    facts = lines[0].split(":")
    if len(lines) < 3 or len(facts) < 5:
        raise DamagedLog("The log file of the sudo log does not say who ran what.")
    lines_columns = [int(fact) if fact.isdecimal() and len(fact) < 5 else 0 for fact in facts[5:7]]
    seconds = facts[0].partition(".")[0]
    return {
        "command": clean_text(lines[2]),
        "user": clean_text(facts[1]),
        "seconds": second(int(seconds)) if seconds.isdecimal() and len(seconds) < 12 else None,
        **dict(zip(("lines", "columns"), lines_columns, strict=False)),
    }


def _events(imported: Imported) -> Iterator[Event]:
    now = 0
    files = {path.name: path for path in imported.source.files}
    with ExitStack() as stack:
        streams = {
            kind: _Stream(imported, stack.enter_context(unpacked(files[name])), code, kind in FROM_NO_TERMINAL)
            for kind, (name, code) in STREAMS.items()
            if code and name in files
        }
        for number, (kind, delay, rest) in enumerate(_lines(imported), 1):
            now += round(delay * 1_000_000)
            size = _SIZE.match(rest)
            if kind == WINDOW_SIZE and size and int(size[1]) and int(size[2]):
                yield now, "r", f"{int(size[2])}x{int(size[1])}"
            elif kind in streams:
                yield from streams[kind].events(now, _count(rest, number))


class _Stream:
    """What was logged of one stream."""

    def __init__(self, imported: Imported, file: BinaryIO, code: str, from_no_terminal: bool) -> None:
        self._imported = imported
        self._file = file
        self._code = code
        self._decoder = Decoder()
        self._returns = Returns() if from_no_terminal else None

    def events(self, now: int, count: int) -> Iterator[Event]:
        """The next so many bytes."""
        for size in pieces(count):
            try:
                data = self._file.read(size)
            except BROKEN_OFF:
                data = b""
            if not data:
                _note_cut(self._imported)
                return
            text = self._decoder.text(data)
            if text := self._returns.text(text) if self._returns else text:
                yield now, self._code, text


def _lines(imported: Imported) -> Iterator[tuple[int, float, bytes]]:
    """Kind, delay in seconds and the rest of each event.

    Raises:
        DamagedLog: a line is none.
    """
    with unpacked(imported.source.files[1]) as file:
        number = 0
        while line := _line(file):
            number += 1
            if not line.endswith(b"\n"):
                break
            event = _EVENT.fullmatch(line.rstrip())
            if event is None or float(event[2]) > MOST_SECONDS:
                raise DamagedLog(f"The timing file of the sudo log is damaged: line {number:,} makes no sense.")
            yield int(event[1]), float(event[2]), event[3]
        else:
            return
    _note_cut(imported)


def _line(file: BinaryIO) -> bytes:
    """A line; what there is of it and no line's end where the file breaks off."""
    try:
        return file.readline(LONGEST_LINE)
    except BROKEN_OFF:
        return b"?"


def _count(rest: bytes, number: int) -> int:
    if not rest.isdigit() or len(rest) > 15:
        raise DamagedLog(f"The timing file of the sudo log is damaged: line {number:,} has no number of bytes.")
    return int(rest)


def _events_begin(timing: Path) -> bool:
    try:
        with unpacked(timing) as file:
            line = _line(file)
    except Unreadable:
        return False
    return not line or _EVENT.fullmatch(line.rstrip()) is not None


def _note_cut(imported: Imported) -> None:
    note = "The sudo log breaks off; it is taken as far as it goes."
    if note not in imported.notes:
        imported.notes.append(note)
