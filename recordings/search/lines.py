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


def matches(lines: Lines, question: Question) -> Iterator[Match]:
    """The lines in which a term of the question begins."""
    line_of, found = _flattened([*lines.own, *lines.follow])
    marked: dict[int, list[Word]] = {}
    begun: dict[int, set[Term]] = {}
    for term in question.terms:
        for at in _places(term, [word.text for word in found]):
            begun.setdefault(line_of[at], set()).add(term)
            for place in range(at, at + len(term.words)):
                marked.setdefault(line_of[place], []).append(found[place])
    for number in sorted(begun):
        if number < len(lines.own):
            at_ms, text = lines.own[number]
            yield _shown(at_ms, text, marked[number], len(begun[number]))


def _flattened(lines: Sequence[Line]) -> tuple[list[int], list[Word]]:
    """All words, and the line of each."""
    line_of: list[int] = []
    found: list[Word] = []
    for number, (_, text) in enumerate(lines):
        here = list(placed(text))
        found += here
        line_of += [number] * len(here)
    return line_of, found


def _places(term: Term, texts: Sequence[str]) -> Iterator[int]:
    """Where the term begins, as the index of its first word."""
    *whole, last = term.words
    for at in range(len(texts) - len(whole)):
        end = texts[at + len(whole)]
        fits = end.startswith(last) if term.open_end else end == last
        if fits and all(texts[at + offset] == word for offset, word in enumerate(whole)):
            yield at


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
