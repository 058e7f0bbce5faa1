"""The recordings that answer a question, with the lines that do, newest first.

The rules of who may see what are part of the query: it begins with the recordings that somebody may list. Which way
is quick depends on how rare the words are, so that is asked first. Of a rare word all recordings that have it are
looked up and sorted; common words are looked for in the newest recordings, one after the other, and for one page in
so many that it takes no longer the more there are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from recordings import library
from recordings.models import Passage, Recording
from recordings.search.asking import Question, Term
from recordings.search.index import ABOUT, near, number, query_of, sql
from recordings.search.lines import Match, matches, unpacked

RARE = 5_000  # passages
NEARER = 20  # times fewer recordings
PASSAGES_READ = 12  # of a recording, to find its lines in
SHOWN = 5  # lines of a recording
PAGE = 20


@dataclass(frozen=True)
class Wanted:
    """A term that a recording has to have, unless it belongs to one of `owners`."""

    term: Term
    owners: tuple[UUID, ...] = ()

    def number(self) -> int:
        """How many passages have it, counted a little beyond what is rare. Nobody counts whose recordings are."""
        return RARE + 1 if self.owners else number(self.term, RARE + 1)


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
    return _found_in(rows, [Wanted(term) for term in question.terms], cursor, limit)


def find_named(
    rows: "QuerySet[Recording]", wanted: "Sequence[Wanted]", *, cursor: str = "", limit: int = PAGE
) -> library.Page:
    """The same of what is written about recordings, without what their terminals showed: for who looks for a name.

    Raises:
        library.BadCursor: `cursor` is none that such a page gave.
    """
    return _found_in(rows, wanted, cursor, limit, which=" AND p.number = 0")


def _found_in(
    rows: "QuerySet[Recording]", wanted: "Sequence[Wanted]", cursor: str, limit: int, which: str = ""
) -> library.Page:
    if cursor:
        library.read_cursor(cursor)
    if not wanted:
        return library.Page([], None)
    numbers = {one: one.number() for one in wanted}
    rarest, *others = sorted(wanted, key=lambda one: numbers[one])
    if not numbers[rarest]:
        return library.Page([], None)
    if numbers[rarest] <= RARE:
        looked_up = sql().among.format(which=which)
        return library.page(
            rows,
            cursor=cursor,
            limit=limit,
            among=lambda some: _having(_where(some, looked_up, rarest.term), others, which),
        )
    if connection.vendor == "sqlite":
        # What many have, some of the newest have, and then the others need not be looked for.
        page = library.page(
            rows,
            cursor=cursor,
            limit=limit,
            within=library.LOOKED_AT // NEARER,
            having=lambda some: _having(some, wanted, which, near(some)),
        )
        if not page.stopped:
            return page
    return library.page(
        rows, cursor=cursor, limit=limit, having=lambda some: _having(some, [rarest, *others], which)
    )


def find_in(recording: Recording, question: Question, *, limit: int) -> list[Hit]:
    """The lines of a recording's transcript in which a term is found, at most `limit`, in order."""
    found: list[Hit] = []
    for _, data in _passages([recording.pk], question.terms, every=False, most=limit):
        found += [_hit(match, 1) for match in matches(unpacked(data), question)]
        if len(found) >= limit:
            break
    return found[:limit]


def with_hits(recordings: Sequence[Recording], question: Question) -> list[Found]:
    """Recordings that `find` found, each with the first lines in which it was."""
    keys = [recording.pk for recording in recordings]
    hits: dict[UUID, list[Match]] = defaultdict(list)
    about: dict[UUID, list[Match]] = defaultdict(list)
    every = len(question.terms)
    _read_hits(keys, question, hits, best=every)
    if every > 1:
        # No line has all of them where no passage has: then those with most.
        _read_hits([key for key in keys if not hits[key]], question, hits, best=every - 1)
    # What is written about them is short, and is read sooner than it is asked for.
    for key, data in Passage.objects.filter(recording__in=keys, number=0).values_list("recording_id", "lines"):
        about[key] += matches(unpacked(data), question)
    return [_found(recording, _best(about[recording.pk]), _best(hits[recording.pk])) for recording in recordings]


def _read_hits(keys: Sequence[UUID], question: Question, hits: dict[UUID, list[Match]], *, best: int) -> None:
    """Add the first lines of each recording that say most, of which none says more than `best` terms; where that is
    less than all of them, passages are read that have any."""
    every = best == len(question.terms)
    for key, data in _passages(keys, question.terms, every=every, most=PASSAGES_READ):
        found = hits[key]
        left = SHOWN + 1 - sum(match.terms >= best for match in found)
        if left <= 0:
            continue
        for match in matches(unpacked(data), question, rising_from=max((one.terms for one in found), default=1)):
            found.append(match)
            left -= match.terms >= best
            if not left:
                break


def _having(
    rows: "QuerySet[Recording]", wanted: "Sequence[Wanted]", which: str, where: str = ""
) -> "QuerySet[Recording]":
    for one in wanted:
        rows = _where(rows, sql().has.format(which=which, near=where), one.term, one.owners)
    return rows


def _where(
    rows: "QuerySet[Recording]", condition: str, term: Term, owners: Sequence[UUID] = ()
) -> "QuerySet[Recording]":
    # The condition is ours; what was asked for is its parameters.
    if owners:
        theirs = f"recordings_recording.owner_id IN ({', '.join(['%s'] * len(owners))})"
        condition = f"({theirs} OR {condition})"
    given = [*map(_as_kept, owners), query_of([term], every=True)]
    return rows.extra(where=[condition], params=given)  # noqa: S610


def _as_kept(key: UUID) -> UUID | str:
    return key if connection.vendor == "postgresql" else key.hex


def _found(recording: Recording, about: Sequence[Match], said: Sequence[Match]) -> Found:
    hits = [*(_hit(match, 0) for match in about), *(_hit(match, 1) for match in said)]
    return Found(recording, hits[:SHOWN], more=len(hits) > SHOWN)


def _best(found: Sequence[Match]) -> list[Match]:
    """Lines that have as many terms as any has."""
    most = max((match.terms for match in found), default=0)
    return [match for match in found if match.terms == most]


def _hit(match: Match, place: int) -> Hit:
    if place:
        return Hit(match.text, match.marks, at_ms=match.at_ms)
    return Hit(match.text, match.marks, field=ABOUT[match.at_ms])


def _passages(keys: Sequence[UUID], terms: Sequence[Term], *, every: bool, most: int) -> Iterator[tuple[UUID, Any]]:
    """The first passages of transcripts, `most` of each recording, that have the terms: whose, and what is kept of
    their lines."""
    if not keys:
        return
    kept = list(map(_as_kept, keys))
    those = f"p.recording_id IN ({', '.join(['%s'] * len(kept))}) AND p.number > 0"
    have = sql().passages
    query = (
        "SELECT recording_id, lines FROM ("  # noqa: S608  (all of it is ours)
        "SELECT p.recording_id, p.number, p.lines,"
        " row_number() OVER (PARTITION BY p.recording_id ORDER BY p.number) AS place"
        f" FROM recordings_passage p WHERE {those} AND {have.format(those=those)}"
        ") found WHERE place <= %s ORDER BY recording_id, number"
    )
    given = [*kept, query_of(terms, every=every), *kept * have.count("{those}"), most]
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        for key, data in cursor.fetchall():
            yield (key if isinstance(key, UUID) else UUID(key)), data
