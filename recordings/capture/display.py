"""How figures and tables look on a terminal."""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

MEGABYTE = 1_000_000


def duration(seconds: float) -> str:
    """`0:05`, `3:12`, `1:02:09`."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def size(count: int) -> str:
    """In MB, with as many digits as say something."""
    megabytes = count / MEGABYTE
    return f"{megabytes:.0f} MB" if megabytes >= 100 else f"{megabytes:.1f} MB" if megabytes >= 0.1 else "<0.1 MB"


def colours(file: "TextIO") -> bool:
    """Whether colours are wanted there: https://no-color.org."""
    return file.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def dim(text: str, file: "TextIO") -> str:
    """Text that stands back."""
    return f"\x1b[2m{text}\x1b[0m" if colours(file) else text


def bold(text: str, file: "TextIO") -> str:
    """Text that stands out."""
    return f"\x1b[1m{text}\x1b[0m" if colours(file) else text


def width(text: str) -> int:
    """Columns a text takes in a terminal."""
    import unicodedata

    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def table(head: "Sequence[str]", rows: "Sequence[Sequence[str]]", right: "Sequence[int]", file: "TextIO") -> None:
    """Print aligned columns; those whose numbers are in `right` align at the right."""
    widths = [max(width(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for number, row in enumerate((head, *rows)):
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - width(cell))
            cells.append(space + cell if column in right else cell + space)
        line = "  ".join(cells).rstrip()
        print(bold(line, file) if number == 0 else line, file=file)


def moment(seconds: float) -> str:
    """Local date and time of seconds since 1970."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
