"""Passages with an index of their words, in either database.

PostgreSQL keeps the words beside each passage as a `tsvector`, SQLite in a table of FTS5 of its own. Both are given
words that have been cut already, and cut nothing themselves. Migration 0013 makes them and says what is where.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Max, Min, QuerySet

from recordings.models import Passage, Recording
from recordings.search.asking import Term
from recordings.search.lines import Line, Lines, packed
from recordings.search.words import words

# Words of the next passage that are indexed with a passage too, for a phrase that goes on there.
FOLLOWING_LINES = 3
# A tsvector counts no further; a passage has at most 8,000 characters of its own.
MOST_WORDS = 16_383
AT_ONCE = 200  # rows
WELL_KNOWN = 10_000  # passages

ABOUT = ("title", "notes", "tags", "session", "target", "host", "user", "command", "reference")
"""What is written about a recording: the numbers of the lines of its passage 0."""


@dataclass(frozen=True)
class _Row:
    number: int
    lines: Lines

    @property
    def words(self) -> list[str]:
        found = chain.from_iterable(words(text) for _, text in (*self.lines.own, *self.lines.follow))
        return list(found)[:MOST_WORDS]


def describe(recording: Recording) -> None:
    """Have what is written about a recording found, as it is now. Call it inside the transaction of a change."""
    # Locked, for of two changes at a time each would leave a passage of its own.
    locked = Recording.objects.select_for_update(of=("self",))
    fresh = locked.select_related("session", "terminal").get(pk=recording.pk)
    lines = tuple((ABOUT.index(name), text) for name, text in _written(fresh) if text)
    _replace(fresh, [_Row(0, Lines(lines))])


def put_text(recording: Recording, chunks: Iterable[Sequence[Line]]) -> None:
    """Have what a terminal showed found: runs of lines of it, in order. Call it inside a transaction."""
    numbered = enumerate(pairwise(chain(chunks, [()])), start=1)
    _replace(
        recording,
        (_Row(number, Lines(tuple(own), tuple(after[:FOLLOWING_LINES]))) for number, (own, after) in numbered),
        text=True,
    )


def _written(recording: Recording) -> Iterator[tuple[str, str]]:
    yield "title", recording.title
    for line in recording.notes.splitlines():
        yield "notes", line
    yield "tags", " ".join(recording.tags.values_list("name", flat=True))
    yield "session", recording.session.title
    yield "session", recording.session.app_id
    yield "target", recording.session.target
    terminal = getattr(recording, "terminal", None)
    if terminal is not None:
        yield "host", terminal.host
        yield "user", terminal.login
        yield "command", terminal.command
        yield "reference", terminal.reference


def _replace(recording: Recording, rows: Iterable[_Row], *, text: bool = False) -> None:
    here = recording.passages.filter(number__gt=0) if text else recording.passages.filter(number=0)
    here.delete()
    if connection.vendor == "postgresql":
        _insert_in_postgresql(recording, rows)
    else:
        _insert_in_sqlite(recording, rows)


def _insert_in_postgresql(recording: Recording, rows: Iterable[_Row]) -> None:
    left = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(left, AT_ONCE)):
            cursor.executemany(
                "INSERT INTO recordings_passage (recording_id, number, start_ms, end_ms, lines, words)"
                " VALUES (%s, %s, %s, %s, %s, %s::tsvector)",
                [
                    (recording.pk, row.number, *_times(row), packed(row.lines), packed_words(row.words))
                    for row in batch
                ],
            )


def _insert_in_sqlite(recording: Recording, rows: Iterable[_Row]) -> None:
    with connection.cursor() as cursor:
        for row in rows:
            start_ms, end_ms = _times(row)
            made = Passage.objects.create(
                recording=recording, number=row.number, start_ms=start_ms, end_ms=end_ms, lines=packed(row.lines)
            )
            _insert_words(cursor, made.pk, row.words)


def _insert_words(cursor: CursorWrapper, key: int, found: list[str]) -> None:
    cursor.execute("INSERT INTO recordings_words (rowid, words) VALUES (%s, %s)", [key, " ".join(found)])


def _times(row: _Row) -> tuple[int, int]:
    """Of the first line and the last; what is written about a recording has none."""
    if not row.number or not row.lines.own:
        return 0, 0
    return row.lines.own[0][0], row.lines.own[-1][0]


def packed_words(found: Sequence[str]) -> str:
    """A tsvector as PostgreSQL reads it; words are letters and digits, so nothing has to be escaped."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, word in enumerate(found, start=1):
        places[word].append(str(place))
    return " ".join(f"'{word}':{','.join(at)}" for word, at in places.items())


def query_of(terms: Sequence[Term], *, every: bool) -> str:
    """What the database is asked for: passages with every one of the terms, or with any."""
    if connection.vendor == "postgresql":
        return (" & " if every else " | ").join(map(_in_postgresql, terms))
    return (" AND " if every else " OR ").join(map(_in_sqlite, terms))


def _in_postgresql(term: Term) -> str:
    parts = [f"'{word}'" for word in term.words]
    if term.open_end:
        parts[-1] += ":*"
    return f"({' <-> '.join(parts)})"


def _in_sqlite(term: Term) -> str:
    return f'"{" ".join(term.words)}"{" *" if term.open_end else ""}'


@dataclass(frozen=True)
class Sql:
    """Parts of a query, of which each takes the words that are looked for as a parameter.

    has: whether a recording of the query around it has such a passage, for words that many have.
    among: whether it is one of those that have, all of which are looked up at once.
    number: how many passages there are, counted no further than to the second parameter.
    passages: which of passages called `p` have them; `{those}` is a condition that says which of all these are, and
        brings its own parameters.

    `{which}` in the first two is where passages called `p` can be narrowed; `{near}` is what `near` says.
    """

    has: str
    among: str
    number: str
    passages: str


# What is rare is asked of the index of words; what is not, of the passages of one recording after the other. OFFSET
# 0 keeps the planner from turning the second into the first.
_POSTGRESQL = Sql(
    has=(
        "EXISTS (SELECT 1 FROM recordings_passage p WHERE p.recording_id = recordings_recording.id{which}"
        " AND p.words @@ %s::tsquery OFFSET 0)"
    ),
    among=(
        "recordings_recording.id = ANY (ARRAY("
        "SELECT p.recording_id FROM recordings_passage p WHERE p.words @@ %s::tsquery{which}))"
    ),
    number="SELECT count(*) FROM (SELECT 1 FROM recordings_passage p WHERE p.words @@ %s::tsquery LIMIT %s) found",
    passages="(SELECT p.words @@ %s::tsquery OFFSET 0)",
)
# FTS5 tells sooner which passages have a word than whether each of many has it. To look up whose they are is what
# takes time, so of what many have it is only asked whether a number is among them: that is what the `+` is for,
# without which SQLite would begin with them. CROSS JOIN is its way to say in which order to look.
_SQLITE = Sql(
    has=(
        "EXISTS (SELECT 1 FROM recordings_passage p WHERE p.recording_id = recordings_recording.id{which}"
        " AND +p.id IN (SELECT rowid FROM recordings_words WHERE words MATCH %s{near}))"
    ),
    among=(
        "recordings_recording.id IN (SELECT p.recording_id FROM recordings_words w"
        " CROSS JOIN recordings_passage p ON p.id = w.rowid WHERE w.words MATCH %s{which})"
    ),
    number="SELECT count(*) FROM (SELECT 1 FROM recordings_words w WHERE w.words MATCH %s LIMIT %s)",
    # Those of a page lie close together, and FTS5 does not look at the others.
    passages=(
        "+p.id IN (SELECT rowid FROM recordings_words WHERE words MATCH %s AND rowid BETWEEN"
        " (SELECT min(p.id) FROM recordings_passage p WHERE {those})"
        " AND (SELECT max(p.id) FROM recordings_passage p WHERE {those}))"
    ),
)


def sql() -> Sql:
    """For the database that is connected."""
    return _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE


def near(recordings: "QuerySet[Recording]") -> str:
    """A condition that keeps SQLite from looking further than to the passages of few recordings.

    Those of the newest lie close together at the end of its index, unless something was written about one later.
    """
    if connection.vendor == "postgresql":
        return ""
    passages = Passage.objects.filter(recording__in=recordings.order_by().values("pk"))
    ends = passages.aggregate(first=Min("pk"), last=Max("pk"))
    return f" AND rowid BETWEEN {ends['first'] or 0} AND {ends['last'] or 0}"


def number(term: Term, most: int) -> int:
    """How many passages have the words of a term, in whatever order, counted no further than `most`.

    Whether words follow each other is told by reading each passage that has them.
    """
    apart = [Term((word,), term.open_end and place == len(term.words)) for place, word in enumerate(term.words, 1)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and all(_is_well_known(cursor, word) for word in apart):
            return most
        # FTS5 puts all words with the same beginning together before it gives the first row.
        if connection.vendor == "sqlite" and term.open_end:
            whole = _counted(cursor, [Term((word,)) for word in term.words], most)
            if whole == most:
                return most
        return _counted(cursor, apart, most)


def _counted(cursor: CursorWrapper, terms: Sequence[Term], most: int) -> int:
    cursor.execute(sql().number, [query_of(terms, every=True), most])
    [found] = cursor.fetchone() or [0]
    return int(found)


def _is_well_known(cursor: CursorWrapper, word: Term) -> bool:
    """Whether PostgreSQL's planner knows, without looking, that very many passages have a word.

    To count them it would read from the index where all of them are, however few were asked for.
    """
    cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'recordings_passage'::regclass")
    [passages] = cursor.fetchone() or [0]
    cursor.execute(
        "EXPLAIN (FORMAT JSON) SELECT 1 FROM recordings_passage p WHERE p.words @@ %s::tsquery",
        [query_of([word], every=True)],
    )
    [[explained]] = cursor.fetchone() or [[{}]]
    # Of a word that it knows nothing about it says one in 200 at the most.
    return bool(explained["Plan"]["Plan Rows"] > max(WELL_KNOWN, passages / 150))
