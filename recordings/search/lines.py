"""The lines of a passage: how they are kept, and which of them say what was looked for."""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from recordings.search.asking import Question, Term
from recordings.search.words import Word, placed

LONGEST_SHOWN = 200  # characters of a line
BEFORE = 60  # of them before the first mark
SEPARATOR = "\u2026"

Line = tuple[int, str]
"""Milliseconds after the start, and text. Of what is written about a recording a number that says what it is."""


@dataclass(frozen=True)
class Lines:
    """`own` lines, and the first that `follow` in the next passage, for what begins here and goes on there."""

    own: tuple[Line, ...]
    follow: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Match:
    """A line that says it, or the part of it that does; `marks` are the (start, end) of what was looked for in it.

    terms: how many of the terms begin there.
    """

    at_ms: int
    text: str
    marks: tuple[tuple[int, int], ...]
    terms: int


def packed(lines: Lines) -> bytes:
    return zlib.compress(json.dumps([lines.own, lines.follow], ensure_ascii=False).encode("utf-8", "replace"))


def unpacked(data: bytes | memoryview) -> Lines:
    own, follow = json.loads(zlib.decompress(data))
    return Lines(tuple((at, text) for at, text in own), tuple((at, text) for at, text in follow))


def matches(lines: Lines, question: Question, *, rising_from: int = 0) -> Iterator[Match]:
    """The lines in which a term of the question begins, in order, each looked at when it is asked for.

    rising_from: how many terms have to begin in a line; then also in each behind it as many as in the best so far.
    """
    text = _Text([text for _, text in (*lines.own, *lines.follow)])
    marked: dict[int, list[Word]] = {}
    least = max(rising_from, 1)
    for number, (at_ms, line_text) in enumerate(lines.own):
        if rising_from and sum(text.may_say(term, number) for term in question.terms) < least:
            continue
        begun = 0
        for term in question.terms:
            places = list(text.beginnings(term, number))
            begun += bool(places)
            for place in places:
                for line, word in text.words_from(number, place, len(term.words)):
                    marked.setdefault(line, []).append(word)
        if begun >= least:
            yield _shown(at_ms, line_text, marked[number], begun)
            least = begun if rising_from else least


class _Text:
    """Lines of which only those are cut into words that may say what is looked for: it is what takes time."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        # What other letters are compared as, only cutting tells.
        self._lowered = [line.lower() if line.isascii() else None for line in lines]
        self._words: dict[int, list[Word]] = {}

    def may_say(self, term: Term, number: int) -> bool:
        """Whether the term may begin in a line, at a first glance."""
        lowered = self._lowered[number]
        return lowered is None or term.words[0] in lowered

    def beginnings(self, term: Term, number: int) -> Iterator[int]:
        """Where in a line the term begins, as the index of its first word there."""
        if not self.may_say(term, number):
            return
        for place, word in enumerate(self._cut(number)):
            if word.text.startswith(term.words[0]):
                found = [word.text for _, word in self.words_from(number, place, len(term.words))]
                if _is(term, found):
                    yield place

    def words_from(self, number: int, place: int, most: int) -> Iterator[tuple[int, Word]]:
        """Words with their lines, from a word of a line on, also of the lines behind it."""
        left = most
        for line in range(number, len(self._lines)):
            for word in islice(self._cut(line), place, place + left):
                yield line, word
                left -= 1
            if not left:
                return
            place = 0

    def _cut(self, number: int) -> list[Word]:
        if number not in self._words:
            self._words[number] = list(placed(self._lines[number]))
        return self._words[number]


def _is(term: Term, found: Sequence[str]) -> bool:
    *whole, last = term.words
    if found[:-1] != whole:
        return False
    return found[-1].startswith(last) if term.open_end else found[-1] == last


def _shown(at_ms: int, text: str, marked: Iterable[Word], terms: int) -> Match:
    """The line, or of a long one the part with the first mark."""
    marks = _joined(sorted({(word.start, word.end) for word in marked}), text)
    start = 0
    if len(text) > LONGEST_SHOWN and marks[0][0] > BEFORE:
        start = marks[0][0] - BEFORE
    part = text[start : start + LONGEST_SHOWN]
    before = SEPARATOR if start else ""
    after = SEPARATOR if start + LONGEST_SHOWN < len(text) else ""
    shift = len(before) - start
    inside = tuple(
        (begin + shift, min(end + shift, len(part) + len(before)))
        for begin, end in marks
        if begin - start < len(part)
    )
    return Match(at_ms, f"{before}{part}{after}", inside, terms)


def _joined(marks: Sequence[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Neighbours with nothing but signs between them as one: 10.0.4.17."""
    joined = [marks[0]]
    for start, end in islice(marks, 1, None):
        between = text[joined[-1][1] : start]
        if start <= joined[-1][1] or (between and not between.isspace() and len(between) <= 2):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
