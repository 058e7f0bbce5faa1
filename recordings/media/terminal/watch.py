"""Watches a screen and says which lines stood on it, and since when.

What scrolls off the top is a line for good. But a full-screen program scrolls nothing off, and much is erased or
written over, so the screen is looked at as well: whenever nothing happens for long enough that somebody can see it
(the caller says when), and before it is erased. A row that is gone by the next look is a line too, unless it only
went on to become the next: while something is typed, or where a counter counts.
"""

import re
from typing import TYPE_CHECKING

from recordings.media.terminal.rows import MOST_JOINED, Found, Row, Rows, Seen, blank, joined, since_of, was_line
from recordings.media.terminal.screen import Screen, unwrapped

if TYPE_CHECKING:
    import avt

LEAST_DRAWN = 256  # characters between two looks before something is erased
FED_AT_ONCE = 32 * 1024  # characters; of more, what scrolls off would no longer be in the processor's cache

# A screen is erased, or another one is shown, or the program starts afresh.
# The pattern begins with one certain character, which makes searching for it a dozen times as fast.
_TURN = re.compile(
    r"\x1b(?:\[(?:\?(?:[0-9;]*;)?(?:47|1047|1049)(?:;[0-9;]*)?(?P<other>[hl])|[0-2]?J)|(?P<reset>c))"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]{0,32})?\Z")
_SHORT_CSI, _CSI = "\x9b", "\x1b["


class Watch:
    """A screen that is watched. Every line is put into `found` once it has scrolled off or is gone otherwise.

    Times are in microseconds.
    """

    def __init__(self, columns: int, rows: int, found: list[Found]) -> None:
        self.screen = Screen(columns, rows)
        self._found = found
        self._rows = Rows(self.screen.size[1], found)
        self._primary: list[Row] | None = None  # what is behind the alternate screen
        self._dirty: set[int] = set()
        self._drawn = 0
        self._held = ""
        self._begun: list[Row] = []  # rows of a line of which only these have scrolled off

    @property
    def written(self) -> int:
        """How many characters stood on the screen when it was last looked at."""
        return sum(len(row.text) for row in self._rows.standing)

    def show(self, text: str, begin: int, end: int) -> None:
        """`text` was written between two moments; after it there is time for a look.

        Raises:
            EmulatorStopped: the screen cannot go on from here.
        """
        text = (self._held + text).replace(_SHORT_CSI, _CSI)
        unfinished = _UNFINISHED.search(text, max(0, len(text) - 40))
        self._held = unfinished[0] if unfinished else ""
        text = text[: len(text) - len(self._held)]
        at = 0
        for turn in _TURN.finditer(text):
            self._feed(text[at : turn.start()], begin)
            at = turn.start()
            if turn["other"] or turn["reset"]:
                at = turn.end()
                self._turn(turn[0], begin, alternate=turn["other"] == "h")
            elif self._drawn >= LEAST_DRAWN:
                self._look(begin, begin)
        self._feed(text[at:], begin)
        self._look(end, begin)

    def resize(self, columns: int, rows: int, now: int) -> None:
        """The terminal has another size from now on. Its lines, wrapped anew, keep their times.

        Raises:
            EmulatorStopped: it cannot have.
        """
        since = {_squeezed(text): at for text, at in self._rows.lines()}
        off = [Row(*self.screen.read(row)) for row in self.screen.resize(columns, rows)]
        standing = [Row(*self.screen.seen(index)) for index in range(self.screen.size[1])]
        for line, parts in joined([*off, *standing]):
            for part in parts:
                part.since, part.order = since.get(_squeezed(line)) or (now, self._rows.next())
        for row in off:
            self._join(row)
        self._rows.standing = standing
        self._dirty.clear()

    def settle(self) -> None:
        """Have the screen know all that was written, as it must before a snapshot."""
        held, self._held = self._held, ""
        self._feed(held, 0)

    def end(self, now: int) -> None:
        """Nothing more is written: what stands on the screens is a line too."""
        self._look(now, now)
        if self._primary is not None:
            self._rows.leave_all()
            self._rows.standing = self._primary
        standing = self._rows.standing
        while standing and not standing[-1].text:
            standing = standing[:-1]
        for row in standing:
            self._join(row)
        self._end_joined()

    def _feed(self, text: str, now: int) -> None:
        self._drawn += len(text)
        for at in range(0, len(text), FED_AT_ONCE):
            changed, off = self.screen.feed(text[at : at + FED_AT_ONCE])
            self._dirty.update(changed)
            self._scrolled(off, now)

    def _turn(self, sequence: str, now: int, *, alternate: bool) -> None:
        """The program goes to its other screen, or comes back from it, or starts afresh on the first."""
        self._look(now, now)
        self._feed(sequence, now)
        rows = self.screen.size[1]
        if alternate and self._primary is None:
            self._primary, self._rows.standing = self._rows.standing, blank(rows)
        elif not alternate and self._primary is not None:
            self._rows.leave_all()
            self._rows.standing = [*self._primary, *blank(rows)][:rows]
            self._primary = None
        self._dirty.update(range(rows))

    def _look(self, now: int, begin: int) -> None:
        self._drawn = 0
        if not self._dirty:
            return
        changed: dict[int, Seen] = {}
        standing = self._rows.standing
        for index in sorted(self._dirty):
            if index < len(standing):
                seen = self.screen.seen(index)
                if seen[0] != standing[index].text or seen[1] != standing[index].wrapped:
                    changed[index] = seen
        self._dirty.clear()
        if changed:
            self._rows.see(changed, now=now, begin=begin, pages=self._primary is not None)

    def _scrolled(self, off: "list[avt.Line]", now: int) -> None:
        """Rows have gone off the top: first those that stood there, then what came and went without being seen."""
        if not off:
            return
        rows = self._rows.standing
        first_order = self._rows.next(len(off))
        for place, (text, wrapped) in enumerate(self.screen.read_all(off)):
            row = rows[place] if place < len(rows) else None
            if row is None or row.text != text:
                if row is not None and was_line(row, text, now):
                    self._rows.leave({place: row})
                if not wrapped and not self._begun:  # as most that rush by
                    self._found.append((now, first_order + place, text))
                    continue
                row = Row(text, wrapped, now, first_order + place)
            self._join(row)
        # Where only a part of the screen scrolls, the next look finds what did not.
        left = rows[len(off) :]
        self._rows.standing = left + blank(len(rows) - len(left))
        self._dirty.update(range(len(rows)))

    def _join(self, row: Row) -> None:
        """A row that has gone for good, of a line that may have begun in the one before and may go on."""
        self._begun.append(row)
        if not row.wrapped or len(self._begun) >= MOST_JOINED:
            self._end_joined()

    def _end_joined(self) -> None:
        begun, self._begun = self._begun, []
        if begun and not all(row.told for row in begun):
            text = unwrapped([row.text for row in begun]).rstrip()
            self._found.append((*since_of(begun), text))


def _squeezed(text: str) -> str:
    """What stays of a line when it is wrapped elsewhere."""
    return text.replace(" ", "")
