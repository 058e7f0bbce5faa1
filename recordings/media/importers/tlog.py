"""Recordings of tlog: lines of JSON, in files, in exports of the journal, or in those of Elasticsearch.

A message has the text that came in a while and a `timing` that takes it apart: `+N` milliseconds pass, `>N`
characters of output, `<N` of input, `=WxH` a new size; `]N/M` stands for N replacement characters of output and the
M bytes that they replace, `[N/M` the same for input. `pos` is when the message begins, in milliseconds; `rec` names
the recording, of which there may be many in one file, with messages in any order. tlog's `doc/log_format.md`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from recordings.media.asciicast import About, Event, Header
from recordings.media.asciicast.header import USUAL_SIZE, clean_text, whole_characters
from recordings.media.importers.files import BROKEN_OFF, first_bytes, unpacked
from recordings.media.importers.imported import LONGEST_LINE, DamagedLog, Imported, Returns, Source, second

FORMAT = "tlog"
MOST_MESSAGES = 5_000_000
WRAPPINGS = ("MESSAGE", "_source", "message")  # of the journal's exports, of Elasticsearch, of log shippers
NEEDED = ("rec", "timing", "id")
LONGEST_MS = 10**11
_TOKEN = re.compile(
    r"\+([0-9]{1,12})|([<>])([0-9]{1,9})|=([0-9]{1,4})x([0-9]{1,4})|([\[\]])([0-9]{1,9})/([0-9]{1,9})"
)
_CODES = {"<": "i", ">": "o", "[": "i", "]": "o"}
_REPLACEMENTS = "[]"


@dataclass(slots=True)
class _Part:
    """The text and the bytes of one stream in one message, as far as they are still to come."""

    text: str
    binary: bytes
    at: int = 0
    binary_at: int = 0

    def characters(self, count: int) -> str:
        self.at += count
        return self.text[self.at - count : self.at]

    def replaced(self, characters: int, count: int) -> str:
        self.at += characters
        self.binary_at += count
        return self.binary[self.binary_at - count : self.binary_at].decode("utf-8", "replace")


def sources(files: list[Path]) -> Iterator[Source]:
    """The recordings in the files of a folder that are tlog's."""
    for path in files:
        if _looks_like_tlog(first_bytes(path)):
            found, notes = _messages(path)
            for part, places in found.items():
                yield Source(FORMAT, path, (path,), part=part, places=tuple(sorted(places)), notes=notes)


def read(source: Source) -> Imported:
    """Open one recording of a file."""
    with unpacked(source.path) as file:
        first = _at(file, source.places[0][1])
    columns, rows = _size(first)
    header = Header(
        version=2,
        width=columns,
        height=rows,
        timestamp=_seconds(first),
        env={"TERM": _text(first, "term")} if _text(first, "term") else {},
        about=About(session_id=source.part, host=_text(first, "host"), user=_text(first, "user"), agent="tlog"),
        title=f"Session of {_text(first, 'user')} on {_text(first, 'host')}",
    )
    imported = Imported(source, header, notes=list(source.notes))
    imported.events = lambda: _events(imported, source.places)
    return imported


def _events(imported: Imported, places: tuple[tuple[int, int], ...]) -> Iterator[Event]:
    now = 0
    expected = places[0][0]
    missing = expected - 1
    returns: Returns | None = None
    size = f"{imported.header.width}x{imported.header.height}"
    with unpacked(imported.source.path) as file:
        for number, offset in places:
            missing += max(0, number - expected)
            expected = number + 1
            message = _at(file, offset)
            if offset == places[0][1] and "=" not in message["timing"]:  # no terminal, whose size it would tell
                returns = Returns()
            begin = message.get("pos")
            begins_at = begin * 1000 if isinstance(begin, int) and 0 <= begin <= LONGEST_MS else now
            for time, code, text in _of_message(message, max(now, begins_at)):
                now = time
                text = returns.text(text) if returns and code == "o" else text
                if code == "r" and text == size:
                    continue
                size = text if code == "r" else size
                if text:
                    yield time, code, text
    if missing > 0:
        imported.notes.append(f"{missing:,} messages of the tlog recording are missing.")


def _of_message(message: dict[str, Any], now: int) -> Iterator[Event]:
    parts = {
        code: _Part(_text_of(message, f"{name}_txt"), _bytes(message.get(f"{name}_bin")))
        for code, name in (("i", "in"), ("o", "out"))
    }
    timing = message["timing"]
    at = 0
    while at < len(timing):
        token = _TOKEN.match(timing, at)
        if token is None:
            raise DamagedLog(f"A message of the tlog recording is damaged: its timing is, at character {at + 1:,}.")
        at = token.end()
        delay, direction, count, width, height, replacing, characters, bytes_ = token.groups()
        if delay:
            now += int(delay) * 1000
        elif width:
            yield now, "r", f"{int(width)}x{int(height)}"
        else:
            code = _CODES[direction or replacing]
            part = parts[code]
            text = part.characters(int(count)) if direction else part.replaced(int(characters), int(bytes_))
            if text:
                yield now, code, text


def _messages(path: Path) -> tuple[dict[str, list[tuple[int, int]]], tuple[str, ...]]:
    """Number and offset of every message, by the recording it belongs to; and what is missing of the file."""
    found: dict[str, dict[int, int]] = {}
    count = 0
    cut: list[str] = []
    with unpacked(path) as file:
        for offset, line in _lines(file, cut):
            message = _message(line)
            if message is None:
                continue
            count += 1
            if count > MOST_MESSAGES:
                raise DamagedLog(f"The file holds more than {MOST_MESSAGES:,} messages of tlog.")
            # The journal may give one twice.
            found.setdefault(clean_text(message["rec"]), {}).setdefault(message["id"], offset)
    return {part: list(messages.items()) for part, messages in found.items()}, tuple(cut)


def _lines(file: BinaryIO, cut: list[str]) -> Iterator[tuple[int, bytes]]:
    """Every line and its offset, up to where the file breaks off, which `cut` is told."""
    offset = 0
    while True:
        try:
            line = file.readline(LONGEST_LINE)
        except BROKEN_OFF:
            cut.append("The file of the tlog recording breaks off; it is taken as far as it goes.")
            return
        if not line:
            return
        yield offset, line
        offset += len(line)


def _at(file: BinaryIO, offset: int) -> dict[str, Any]:
    file.seek(offset)
    message = _message(file.readline(LONGEST_LINE))
    if message is None:
        raise DamagedLog("The file of the tlog recording has changed.")
    return message


def _message(line: bytes) -> dict[str, Any] | None:
    """The message in a line, which may be wrapped by what carried it; None if there is none."""
    begin = line.find(b"{")
    if begin < 0:
        return None
    try:
        found = json.loads(line[begin:])
        for name in WRAPPINGS:
            if isinstance(found, dict) and name in found and "timing" not in found:
                found = json.loads(found[name]) if isinstance(found[name], str) else found[name]
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(name in found for name in NEEDED):
        return None
    sound = isinstance(found["timing"], str) and type(found["id"]) is int and isinstance(found["rec"], str)
    return found if sound else None


def _looks_like_tlog(first: bytes) -> bool:
    return b"{" in first and b"timing" in first and b"rec" in first and b"out_txt" in first


def _size(message: dict[str, Any]) -> tuple[int, int]:
    first = re.match(r"=([0-9]{1,4})x([0-9]{1,4})", message["timing"])
    size = (int(first[1]), int(first[2])) if first else USUAL_SIZE
    return size if size[0] and size[1] else USUAL_SIZE


def _seconds(message: dict[str, Any]) -> int | None:
    """When the recording began. Old ones do not say."""
    time = message.get("time")
    try:
        if isinstance(time, str):
            return int(datetime.fromisoformat(time).timestamp())
    except (ValueError, OverflowError):
        return None
    return second(time)


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    return clean_text(value) if isinstance(value, str) else ""


def _text_of(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    return whole_characters(value) if isinstance(value, str) else ""


def _bytes(values: object) -> bytes:
    if not isinstance(values, list):
        return b""
    return bytes(value for value in values if isinstance(value, int) and 0 <= value < 256)
