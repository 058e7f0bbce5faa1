"""A terminal that nobody sees: it is fed what a program wrote, and tells what stands on its screen.

The emulator is avt, asciinema's own (Apache-2.0), through `pyavt`: what is read here is what the player shows.
"""

from typing import TYPE_CHECKING
from unicodedata import east_asian_width

if TYPE_CHECKING:
    import avt

LEAST_COLUMNS = 2  # with one column, a wide character makes the emulator stop


class EmulatorStopped(ValueError):
    """The emulator has come upon something it cannot do."""


class Screen:
    """A screen of so many columns and rows, without scrollback: what scrolls off is given to the caller."""

    def __init__(self, columns: int, rows: int) -> None:
        import avt
        from avt.util import TextUnwrapper

        self._vt = avt.Vt(max(LEAST_COLUMNS, columns), max(1, rows), 0)
        self._unwrapper = TextUnwrapper()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._vt.size

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Its row and column, counted from 0; None while it is hidden. The column may be that after the last."""
        cursor = self._vt.cursor
        return (cursor.row, cursor.col) if cursor.visible else None

    def feed(self, text: str) -> tuple[list[int], "list[avt.Line]"]:
        """Show what a program wrote. Returns which rows have changed, and the rows that scrolled off the top.

        Raises:
            EmulatorStopped: it cannot go on.
        """
        try:
            return self._vt.feed_str(text)
        except BaseException as error:
            _check_is_ours(error)
            raise EmulatorStopped("the emulator stopped at some output") from None

    def resize(self, columns: int, rows: int) -> "list[avt.Line]":
        """Take another size; lines are wrapped anew. Returns the rows that no longer have room.

        Raises:
            EmulatorStopped: it cannot go on.
        """
        try:
            return self._vt.resize(max(LEAST_COLUMNS, columns), max(1, rows))[1]
        except BaseException as error:
            _check_is_ours(error)
            raise EmulatorStopped("the emulator stopped at a change of size") from None

    def seen(self, index: int) -> tuple[str, bool]:
        """The text of a row, and whether its line goes on in the next; if not, without blanks at the end."""
        return self.read(self._vt[index])

    def read(self, row: "avt.Line") -> tuple[str, bool]:
        """The same of any row."""
        text = self._unwrapper.push(row)  # of a line that goes on it gives nothing yet
        if text is not None:
            return text, False
        self._unwrapper.flush()
        return row.text, True

    def read_all(self, rows: "list[avt.Line]") -> list[tuple[str, bool]]:
        """The same of many rows, four times as fast if none of them goes on in the next."""
        texts = list(map(self._unwrapper.push, rows))
        if None not in texts:
            return [(text, False) for text in texts if text is not None]
        self._unwrapper.flush()
        return [self.read(row) for row in rows]

    def row(self, index: int) -> "avt.Line":
        """One row of the screen."""
        return self._vt[index]

    def rows(self) -> "list[avt.Line]":
        """All rows of the screen."""
        return self._vt.view()

    def lines(self) -> list[str]:
        """The text of the screen, of which wrapped rows are one line, without what is empty at its end."""
        lines: list[str] = []
        begun: list[str] = []
        for index in range(self.size[1]):
            text, wrapped = self.seen(index)
            begun.append(text)
            if not wrapped:
                lines.append(unwrapped(begun).rstrip())
                begun = []
        lines.append(unwrapped(begun).rstrip())
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def snapshot(self) -> str:
        """Output that brings a fresh terminal of this size to where this one is now."""
        return self._vt.dump()


def restored(columns: int, rows: int, snapshot: str) -> Screen:
    """The screen of which a snapshot was taken."""
    screen = Screen(columns, rows)
    screen.feed(snapshot)
    return screen


def unwrapped(rows: list[str]) -> str:
    """The line that was wrapped over these rows. Where a wide character had no room, there is no blank in it."""
    for index in range(len(rows) - 1):
        row, following = rows[index], rows[index + 1]
        if row.endswith(" ") and _is_wide(row[-2:-1]) and _is_wide(following[:1]):
            rows = [*rows[:index], row[:-1], *rows[index + 1 :]]
    return "".join(rows)


def _is_wide(character: str) -> bool:
    return character != "" and east_asian_width(character) in "WF"


def _check_is_ours(error: BaseException) -> None:
    """Let through whatever is not the emulator giving up: a panic in Rust is no `Exception`."""
    if type(error).__name__ != "PanicException":
        raise error
