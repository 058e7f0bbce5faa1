"""`sortie export`: a recording as a plain cast or as text."""

import argparse
import os
import sys

from recordings.capture.arguments import Failure, Option, parser, warn
from recordings.capture.commands import found
from recordings.capture.plain_text import PlainText
from recordings.capture.reading import Cast, Unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY = "write a recording out, decompressed or as text"
USAGE = "[options] ID"
OPTIONS = (
    Option("-o", "--out", metavar="FILE", about="write to FILE, which must not exist (default: standard output)"),
    Option(
        "-f", "--format", metavar="AS", choices=("cast", "txt"), default="cast", about="cast or txt (default: cast)"
    ),
    Option("--force", about="write over FILE if it exists"),
)
DESCRIPTION = """\
Write a recording out as asciicast, decompressed, or as text: the lines that
were shown, each as it finally stood. What full-screen programs drew is left
out of the text.

A recording whose end is missing is written as far as it goes, with a warning.
Nothing larger than 512 MB is written.
"""
EPILOG = """\
exit status:
  0; 1 if it is too large or no cast; 3 if there is no such recording

examples:
  sortie export 7f3a --out deploy.cast && asciinema play deploy.cast
  sortie export 7f3a --format txt | grep -n ERROR
"""

BUFFER_BYTES = 1024 * 1024


def run(arguments: list[str]) -> int:
    """Raises Failure and OSError."""
    made = parser("export", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("id", metavar="ID", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    entry = found.recording(given.id)
    with open(entry.path, "rb") as source:
        try:
            cast = Cast(source)
            pieces = as_text(cast) if given.format == "txt" else as_cast(cast)
            if given.out:
                write_file(given.out, pieces, force=given.force)
            else:
                for piece in pieces:
                    sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
        except Unreadable as error:
            raise Failure(f"{given.id}: {error}") from error
    if not cast.complete:
        warn(f"{entry.session_id} has no end, or damaged lines; what could be read was written")
    return 0


def as_cast(cast: Cast) -> "Iterator[bytes]":
    """The lines of the cast as they are. Raises Unreadable."""
    yield cast.first_line + b"\n"
    for line in cast.lines():
        yield line + b"\n"


def as_text(cast: Cast) -> "Iterator[bytes]":
    """Lines of text. Raises Unreadable."""
    text = PlainText()
    for _, code, shown in cast.events():
        if code == "o":
            yield from (encoded(line) for line in text.take(shown))
    yield from (encoded(line) for line in text.end())


def encoded(line: str) -> bytes:
    """One line; half a surrogate pair, which JSON can hold, becomes `?`."""
    return line.encode("utf-8", "replace") + b"\n"


def write_file(path: str, pieces: "Iterator[bytes]", *, force: bool) -> None:
    """Write a private file; nothing is left of it if that fails. Raises Failure, Unreadable and OSError."""
    target = f"{path}.{os.getpid()}.tmp" if force else path
    try:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise Failure(f"{path} exists", hint="--force writes over it") from error
    try:
        with open(fd, "wb", buffering=BUFFER_BYTES) as file:
            file.writelines(pieces)
        if force:
            os.replace(target, path)
    except BaseException:
        os.unlink(target)
        raise
