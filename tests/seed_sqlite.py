"""Fill a portal's SQLite with terminal recordings that were never made, each with a transcript."""

import random
import time
from datetime import timedelta
from typing import Any

from tests import seed_words
from tests.seed import TERMINAL_FACTS, WORDS, Seeded

AT_ONCE = 500


def fill(recordings: int) -> Seeded:
    """Add so many of one owner, found by their titles and by what was shown; tells how long the words took."""
    from django.db import connection, transaction
    from django.utils import timezone

    from recordings.models import Recording, Session, Terminal, User

    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        owner = User.objects.create_user("seeded-0")
        session = Session.objects.create(owner=owner, app_id="seed", stopped_at=now)
        rows = [
            Recording(
                owner=owner,
                session=session,
                kind="terminal",
                title=f"{WORDS[number % len(WORDS)]} {number}",
                created_at=now - timedelta(minutes=number),
            )
            for number in range(recordings)
        ]
        Recording.objects.bulk_create(rows, batch_size=AT_ONCE)
        Terminal.objects.bulk_create(
            (Terminal(recording=row, **TERMINAL_FACTS) for row in rows), batch_size=AT_ONCE
        )
        begun = time.monotonic()
        _insert_passages(cursor, rows)
        return Seeded(owner, recordings, time.monotonic() - begun)


def _insert_passages(cursor: Any, rows: list[Any]) -> None:
    pool = [(lines, " ".join(found)) for lines, found in seed_words.passages()]
    chance = random.Random(1)
    passages: list[tuple[Any, ...]] = []
    words: list[tuple[int, str]] = []
    for row in rows:
        lines, about = seed_words.about({"title": row.title})
        chosen = chance.sample(pool, seed_words.PER_TRANSCRIPT)
        for number, (packed, found) in enumerate([(lines, " ".join(about)), *chosen]):
            words.append((len(words) + 1, found))
            passages.append((len(words), row.pk.hex, number, 0, 0, packed))
    cursor.executemany(
        "INSERT INTO recordings_passage (id, recording_id, number, start_ms, end_ms, lines)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        passages,
    )
    cursor.executemany("INSERT INTO recordings_words (rowid, words) VALUES (%s, %s)", words)
