"""Have seeded recordings found by words: what is written about each, and transcripts of some terminals.

Lines and words are made and packed as the portal does it. Transcripts are put together from a few hundred passages,
which PostgreSQL copies: some words are in all, and the rarest in one of some hundred.
"""

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from recordings.search.index import ABOUT, MOST_WORDS, packed_words
from recordings.search.lines import Lines, packed
from recordings.search.words import words

AT_ONCE = 20_000  # rows
PASSAGES = 400
PER_TRANSCRIPT = 3
CHARACTERS = 7_000  # of a passage: three are a transcript of 20 KB
VOCABULARY = 30_000
SAID = ("connection", "error", "deploy", "restart", "service", "database", "warning", "kubectl", "certificate")
_SYLLABLES = "ba con der fir gra hel ist jor kal lum mon net or pro ser tun"

_TO_DESCRIBE = """
DECLARE to_describe NO SCROLL CURSOR FOR
SELECT r.id, r.title, s.title, s.app_id, (SELECT name FROM recordings_tag t WHERE t.recording_id = r.id LIMIT 1)
FROM recordings_recording r JOIN recordings_session s ON s.id = r.session_id
WHERE NOT EXISTS (SELECT 1 FROM recordings_passage p WHERE p.recording_id = r.id AND p.number = 0)
ORDER BY r.created_at
"""
_COPY = "COPY {} FROM STDIN"
_PASSAGE = "recordings_passage (recording_id, number, start_ms, end_ms, lines, words)"


def describe_all(cursor: Any) -> None:
    """Have the recordings found that nothing says anything about yet. Call it inside a transaction."""
    cursor.execute(_TO_DESCRIBE)
    while rows := _fetched(cursor):
        with cursor.copy(_COPY.format(_PASSAGE)) as copy:
            for key, title, session, application, tag in rows:
                lines, found = about({"title": title, "tags": tag, "session": f"{session} {application}"})
                copy.write_row((key, 0, 0, 0, lines, packed_words(found)))
    cursor.execute("CLOSE to_describe")


def transcribe(cursor: Any, terminals: str) -> None:
    """Give transcripts to terminals: `terminals` is a query for their `id` and a number `n`."""
    cursor.execute("CREATE TEMP TABLE seeded_passage (place int, lines bytea, words tsvector) ON COMMIT DROP")
    cursor.execute("ALTER TABLE seeded_passage ALTER COLUMN lines SET STORAGE EXTERNAL")
    with cursor.copy(_COPY.format("seeded_passage")) as copy:
        for place, (lines, found) in enumerate(passages()):
            copy.write_row((place, lines, packed_words(found)))
    # Three of the passages each, and not the same three.
    cursor.execute(
        f"INSERT INTO {_PASSAGE} "
        "SELECT terminal.id, number, number * 100000, number * 100000 + 99999, one.lines, one.words "
        f"FROM ({terminals}) terminal, generate_series(1, {PER_TRANSCRIPT}) number JOIN LATERAL "
        f"(SELECT abs(hashint8(terminal.n * 10 + number)) % {PASSAGES} AS place) chosen ON true "
        "JOIN seeded_passage one USING (place)"
    )


def about(named: dict[str, str]) -> tuple[bytes, list[str]]:
    """Lines and words of what is written about a recording."""
    lines = Lines(tuple((ABOUT.index(name), text) for name, text in named.items() if text))
    return packed(lines), _words_of(lines)


def passages() -> Iterator[tuple[bytes, list[str]]]:
    """Lines and words of passages, the same every time."""
    chance = random.Random(PASSAGES)
    vocabulary = _vocabulary(chance)
    for _ in range(PASSAGES):
        lines = Lines(tuple(_lines(chance, vocabulary)))
        yield packed(lines), _words_of(lines)


def _fetched(cursor: Any) -> list[Any]:
    cursor.execute(f"FETCH {AT_ONCE} FROM to_describe")
    return list(cursor.fetchall())


def _words_of(lines: Lines) -> list[str]:
    return [word for _, text in lines.own for word in words(text)][:MOST_WORDS]


def _vocabulary(chance: random.Random) -> tuple[list[str], list[float]]:
    """Words, and how often each comes with those before it: the n-th one n-th as often as the first."""
    found, syllables = dict.fromkeys(SAID), _SYLLABLES.split()
    while len(found) < VOCABULARY:
        found["".join(chance.choices(syllables, k=chance.randint(2, 5)))] = None
    return list(found), list(accumulate(1 / place for place in range(1, VOCABULARY + 1)))


def _lines(chance: random.Random, vocabulary: tuple[list[str], list[float]]) -> Iterator[tuple[int, str]]:
    known, weights = vocabulary
    length = at_ms = 0
    while length < CHARACTERS:
        host, load = chance.randrange(200), chance.random() * 20
        said = " ".join(chance.choices(known, cum_weights=weights, k=7))
        text = (
            f"2026-01-12 14:{chance.randrange(60):02}:{chance.randrange(60):02} host-{host} {said} load={load:.2f}"
        )
        yield at_ms, text
        length += len(text) + 1
        at_ms += chance.randrange(2_000)
