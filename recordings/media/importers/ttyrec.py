"""Ttyrec: records of seconds, microseconds and length, each a little-endian 32-bit number, and so many bytes.

Made by ttyrec(1), termrec, The Bastion and game servers. Times are of the day, not from the start. The size of the
terminal is not recorded; some recorders begin with a sequence that sets it.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from recordings.media.asciicast import About, Event, Header
from recordings.media.asciicast.header import USUAL_SIZE, clean_text
from recordings.media.importers.files import BROKEN_OFF, first_bytes, unpacked
from recordings.media.importers.imported import DamagedLog, Decoder, Imported, Source, pieces

FORMAT = "ttyrec"
RECORD = struct.Struct("<III")
SUFFIXES = (".ttyrec", ".tty", ".ttyrec.gz")
OLDEST, NEWEST = 631_152_000, 4_102_444_800  # 1990 and 2100
LARGEST = 1 << 24
_SIZE = re.compile(rb"\x1b\[8;([0-9]{1,4});([0-9]{1,4})t")


def sources(files: list[Path]) -> Iterator[Source]:
    """The ttyrecs among the files of a folder."""
    return (Source(FORMAT, path, (path,)) for path in files if _is_ttyrec(first_bytes(path)))


def read(source: Source) -> Imported:
    """Open a ttyrec."""
    first = first_bytes(source.path)
    if not _is_ttyrec(first):
        raise DamagedLog("This is no ttyrec.")
    seconds, _, length = RECORD.unpack_from(first)
    size = _SIZE.search(first[RECORD.size : RECORD.size + length])
    columns, rows = (int(size[2]), int(size[1])) if size and int(size[1]) and int(size[2]) else USUAL_SIZE
    name = source.path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    header = Header(2, columns, rows, timestamp=seconds, title=clean_text(name), about=About(agent="ttyrec"))
    imported = Imported(source, header)
    imported.events = lambda: _events(imported)
    return imported


def _events(imported: Imported) -> Iterator[Event]:
    decoder = Decoder()
    start, now, number = None, 0, 0
    with unpacked(imported.source.path) as file:
        while len(opening := _read(imported, file, RECORD.size)) == RECORD.size:
            number += 1
            seconds, microseconds, length = RECORD.unpack(opening)
            if microseconds >= 1_000_000 or length > LARGEST:
                raise DamagedLog(f"The ttyrec is damaged: record {number:,} makes no sense.")
            moment = seconds * 1_000_000 + microseconds
            start = moment if start is None else start
            now = max(now, moment - start)
            for size in pieces(length):
                data = _read(imported, file, size)
                length -= len(data)
                if text := decoder.text(data):
                    yield now, "o", text
            if length:
                break
    if opening:
        _note_cut(imported)


def _read(imported: Imported, file: BinaryIO, size: int) -> bytes:
    """So many bytes; fewer where the file ends, none where it is compressed and breaks off."""
    try:
        return file.read(size)
    except BROKEN_OFF:
        _note_cut(imported)
        return b""


def _note_cut(imported: Imported) -> None:
    note = "The ttyrec breaks off; it is taken as far as it goes."
    if note not in imported.notes:
        imported.notes.append(note)


def _is_ttyrec(first: bytes) -> bool:
    """Whether the first records make sense: three of them, or as many as there are."""
    at = found = 0
    last = 0
    while found < 3 and at + RECORD.size <= len(first):
        seconds, microseconds, length = RECORD.unpack_from(first, at)
        if not (OLDEST <= seconds <= NEWEST and seconds >= last and microseconds < 1_000_000 and length <= LARGEST):
            return False
        last = seconds
        found += 1
        at += RECORD.size + length
    return found > 0 and (found == 3 or at >= len(first))
