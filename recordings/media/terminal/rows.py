"""The rows of a screen from one look to the next: which of them were lines, and since when they stood there.

Times are in microseconds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from recordings.media.terminal.screen import unwrapped

SECOND = 1_000_000
NOTICED = 1 * SECOND  # what stood so long and was then changed in part was read
COUNTER_NOTICED = 10 * SECOND  # likewise where only digits changed
SHOWN_AGAIN = 30 * SECOND  # what is drawn again within this is no new line
NEW_PAGE = 4  # rows of a full-screen program; where so many come at once, it has turned a page
SHARED_PART = 0.5  # of the longer one; two rows that have more in common are one row, edited
MOST_JOINED = 400  # rows of one line; what goes on without an end is cut there
MOST_REMEMBERED = 4096
MOST_REPLACED = 50_000  # lines; after so many, those that differ in digits only are the same

_DIGITS = re.compile(r"[0-9]+")

Found = tuple[int, int, str]
"""A line: since when it stood there, its place among all lines by first sight, and its text."""
Seen = tuple[str, bool]
"""The text of a row, and whether it goes on in the next one."""


@dataclass(slots=True)
class Row:
    """A row as it was when it was last looked at.

    order: its place among all rows by first sight. told: a line that it is part of has been found.
    """

    text: str = ""
    wrapped: bool = False
    since: int = 0
    order: int = 0
    told: bool = False


class Rows:
    """What stands on a screen. Every line that no longer does is put into `found`."""

    def __init__(self, count: int, found: list[Found]) -> None:
        self.standing = blank(count)
        self._found = found
        self._order = 0
        self._told = _Memory()

    def next(self, count: int = 1) -> int:
        """The place of what is seen for the first time now, and the first of so many."""
        first = self._order + 1
        self._order += count
        return first

    def see(self, changed: Mapping[int, Seen], *, now: int, begin: int, pages: bool) -> None:
        """Take note of the rows that are not as they were, by their index; they changed after `begin`.

        `pages`: a full-screen program draws them, which may turn pages.
        """
        before = self.standing
        after, moved = self._matched(changed, now)
        fresh = sum(bool(after[index].text) for index in changed if index not in moved)
        turned = pages and fresh >= NEW_PAGE
        kept = {id(after[index]) for index in moved}
        gone: dict[int, Row] = {}
        for index in changed:
            old = before[index]
            if id(old) in kept:
                continue
            # A row that another one moved to, or a page was turned over, was not edited.
            if index in moved or turned or was_line(old, after[index].text, begin):
                gone |= _line_of(before, index)
        self.standing = after
        self.leave(gone, again=moved)

    def leave(self, gone: Mapping[int, Row], *, again: Iterable[int] = ()) -> None:
        """Rows are gone. What was drawn again shortly after is told once, but for the rows at indices `again`."""
        for group in _adjacent(gone):
            for text, rows in joined([gone[index] for index in group]):
                since, order = since_of(rows)
                if not text.strip() or all(row.told for row in rows):
                    continue
                known = self._told.remember(text, since)
                if not known or group[0] in again:
                    self._found.append((since, order, text.rstrip()))
                for row in rows:
                    row.told = True

    def leave_all(self) -> None:
        """The whole screen is gone."""
        self.leave(dict(enumerate(self.standing)))

    def lines(self) -> list[tuple[str, tuple[int, int]]]:
        """What stands there, each line with its time and place."""
        return [(text, since_of(rows)) for text, rows in joined(self.standing)]

    def _matched(self, changed: Mapping[int, Seen], now: int) -> tuple[list[Row], set[int]]:
        """The rows as they are now, and the indices of those that have only moved."""
        elsewhere: dict[str, list[Row]] = {}
        for index in changed:
            elsewhere.setdefault(self.standing[index].text, []).append(self.standing[index])
        after = list(self.standing)
        moved = set()
        for index, (text, wrapped) in changed.items():
            same = elsewhere.get(text) if text else None
            if same:
                after[index] = same.pop(0)
                after[index].wrapped = wrapped
                moved.add(index)
            else:
                after[index] = Row(text, wrapped, now, self.next())
        return after, moved


def blank(count: int) -> list[Row]:
    """The rows of an empty screen."""
    return [Row() for _ in range(count)]


def since_of(rows: list[Row]) -> tuple[int, int]:
    """Since when a line stands there, all of it, and its place."""
    return max((row.since, row.order) for row in rows if row.text or len(rows) == 1)


def was_line(old: Row, new: str, now: int) -> bool:
    """Whether a row, in whose place there is `new` now, was a line of its own, and not on its way to be that."""
    if not old.text.strip() or new.startswith(old.text):
        return False
    if _DIGITS.sub("", old.text) == _DIGITS.sub("", new):
        return now - old.since >= COUNTER_NOTICED
    return now - old.since >= NOTICED or not _alike(old.text, new)


def joined(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Lines, each with the rows that it is wrapped over."""
    parts: list[Row] = []
    for row in rows:
        parts.append(row)
        if not row.wrapped or len(parts) >= MOST_JOINED:
            yield unwrapped([part.text for part in parts]), parts
            parts = []
    if parts:
        yield unwrapped([part.text for part in parts]), parts


def _line_of(rows: list[Row], index: int) -> dict[int, Row]:
    """All rows of the line that one of them belongs to, by their index."""
    first = last = index
    while first > 0 and rows[first - 1].wrapped and index - first < MOST_JOINED:
        first -= 1
    while rows[last].wrapped and last + 1 < len(rows) and last - index < MOST_JOINED:
        last += 1
    return {place: rows[place] for place in range(first, last + 1)}


def _adjacent(rows: Mapping[int, Row]) -> Iterator[list[int]]:
    """Indices in runs without holes."""
    run: list[int] = []
    for index in sorted(rows):
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _alike(old: str, new: str) -> bool:
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    return start + end >= SHARED_PART * max(len(old), len(new))


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    shortest = min(len(one), len(other))
    return next((index for index in range(shortest) if one[index] != other[index]), shortest)


class _Memory:
    """What was told lately."""

    def __init__(self) -> None:
        self._at: dict[int, int] = {}
        self._count = 0

    def remember(self, text: str, since: int) -> bool:
        """Whether it was told before, not long ago."""
        self._count += 1
        name = hash(_DIGITS.sub("0", text) if self._count > MOST_REPLACED else text)
        if name in self._at and since - self._at[name] < SHOWN_AGAIN:
            return True
        if len(self._at) >= MOST_REMEMBERED:
            self._at = {name: at for name, at in self._at.items() if since - at < SHOWN_AGAIN}
        if len(self._at) >= MOST_REMEMBERED:
            self._at = {}
        self._at[name] = since
        return False
