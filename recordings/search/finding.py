"""The recordings that answer a question, with the lines that do, newest first.

The rules of who may see what are part of the query: it begins with the recordings that somebody may list. Which way
is quick depends on how rare the words are, so that is asked first. Of a rare word all recordings that have it are
looked up and sorted; common words are looked for in the newest recordings, one after the other.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from recordings import library
from recordings.models import Recording
from recordings.search.asking import Question, Term
from recordings.search.index import ABOUT, query_of, sql
from recordings.search.lines import Match, matches, unpacked

RARE = 2000  # passages
PASSAGES_READ = 12  # of a recording, to find its lines in
SHOWN = 5  # lines of a recording
PAGE = 20


@dataclass(frozen=True)
class Hit:
    """A line that says what was looked for, or the part of it that does; `marks` are (start, end) in it.

    at_ms: when the terminal showed it; None for what is written about the recording, which `field` names then.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    at_ms: int | None = None
    field: str = ""

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """The text in parts, each with whether it is marked."""
        parts, at = [], 0
        for start, end in self.marks:
            parts += [(self.text[at:start], False), (self.text[start:end], True)]
            at = end
        parts.append((self.text[at:], False))
        return [part for part in parts if part[0]]


@dataclass(frozen=True)
class Found:
    """A recording with the lines that were found in it; there may be `more`."""

    recording: Recording
    hits: list[Hit]
    more: bool


def find(
    rows: "QuerySet[Recording]", question: Question | None, *, cursor: str = "", limit: int = PAGE
) -> library.Page:
    """A page of those of `rows`, which somebody may list, in which every term of the question is found.

    Without a question it is a page of all. Where one has no words that could be found, nothing is.

    Raises:
        library.BadCursor: `cursor` is none that such a page gave.
    """
    if question is None:
        return library.page(rows, cursor=cursor, limit=limit)
    terms = list(question.terms)
    if not terms:
        return library.Page([], None)
    counted = {term: _number(term) for term in terms}
    terms.sort(key=lambda term: counted[term])
    rarest = terms[0]
    if counted[rarest] <= RARE:
        narrowed = _where(rows, sql().among, rarest)
        return library.page(_having(narrowed, terms[1:]), cursor=cursor, limit=limit)
    return library.page(rows, cursor=cursor, limit=limit, having=lambda some: _having(some, terms))


def find_in(recording: Recording, question: Question, *, limit: int) -> list[Hit]:
    """The lines of a recording's transcript in which a term is found, at most `limit`, in order."""
    found: list[Hit] = []
    for _, data in _passages([recording.pk], question.terms, every=False, most=limit, about=False):
        found += [_hit(match, 1) for match in matches(unpacked(data), question)]
        if len(found) >= limit:
            break
    return found[:limit]


def with_hits(recordings: Sequence[Recording], question: Question) -> list[Found]:
    """Recordings that `find` found, each with the first lines in which it was."""
    keys = [recording.pk for recording in recordings]
    hits: dict[UUID, list[Match]] = defaultdict(list)
    about: dict[UUID, list[Match]] = defaultdict(list)
    # Passages with all of it say more than those with a part of it.
    for every in (True, False):
        without = [key for key in keys if not hits[key]]
        for key, data in _passages(without, question.terms, every=every, most=PASSAGES_READ, about=False):
            hits[key] += matches(unpacked(data), question)
    for key, data in _passages(keys, question.terms, every=False, most=1, about=True):
        about[key] += matches(unpacked(data), question)
    return [_found(recording, _best(about[recording.pk]), _best(hits[recording.pk])) for recording in recordings]


def _number(term: Term) -> int:
    """How many passages have it, counted a little beyond what is rare."""
    with connection.cursor() as cursor:
        cursor.execute(sql().number, [query_of([term], every=True), RARE + 1])
        [number] = cursor.fetchone() or [0]
        return int(number)


def _having(rows: "QuerySet[Recording]", terms: Sequence[Term]) -> "QuerySet[Recording]":
    for term in terms:
        rows = _where(rows, sql().has, term)
    return rows


def _where(rows: "QuerySet[Recording]", condition: str, term: Term) -> "QuerySet[Recording]":
    # The condition is ours; what was asked for is its parameter.
    return rows.extra(where=[condition], params=[query_of([term], every=True)])  # noqa: S610


def _found(recording: Recording, about: Sequence[Match], said: Sequence[Match]) -> Found:
    hits = [*(_hit(match, 0) for match in about), *(_hit(match, 1) for match in said)]
    return Found(recording, hits[:SHOWN], more=len(hits) > SHOWN)


def _best(found: Sequence[Match]) -> list[Match]:
    """Lines that have as many terms as any has."""
    most = max((match.terms for match in found), default=0)
    return [match for match in found if match.terms == most]


def _hit(match: Match, number: int) -> Hit:
    if number:
        return Hit(match.text, match.marks, at_ms=match.at_ms)
    return Hit(match.text, match.marks, field=ABOUT[match.at_ms])


def _passages(
    keys: Sequence[UUID], terms: Sequence[Term], *, every: bool, most: int, about: bool
) -> Iterator[tuple[UUID, Any]]:
    """The first passages, `most` of each recording, that have the terms: whose, and what is kept of its lines."""
    if not keys:
        return
    numbered = "p.number = 0" if about else "p.number > 0"
    places = ", ".join(["%s"] * len(keys))
    query = (
        "SELECT recording_id, lines FROM ("  # noqa: S608  (all of it is ours)
        "SELECT p.recording_id, p.number, p.lines,"
        " row_number() OVER (PARTITION BY p.recording_id ORDER BY p.number) AS place"
        f" FROM recordings_passage p WHERE p.recording_id IN ({places}) AND {numbered} AND {sql().passages}"
        ") found WHERE place <= %s ORDER BY recording_id, number"
    )
    as_kept = [key if connection.vendor == "postgresql" else key.hex for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(query, [*as_kept, query_of(terms, every=every), most])
        for key, data in cursor.fetchall():
            yield (key if isinstance(key, UUID) else UUID(key)), data
