"""Fill a portal's PostgreSQL with recordings that were never made: `python -m tests.seed 1000000 100000`.

For looking at Sortie at a size that nobody records in an afternoon. The rows are copies of one, with other names,
times and owners; there are no bytes behind them. A quarter are terminals; the second number is how many of those
have transcripts. DATABASE_URL and the rest of the environment are the portal's.
"""

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

PER_SESSION = 5
TERMINAL_EVERY = 4
DAYS = 230
OWNERS = 200
TAGS = ("invoices", "audit", "training", "incident", "handover", "test", "demo")
WORDS = ("Monthly", "Weekly", "Invoices", "Backup", "Firewall", "Payroll", "Restore", "Patch", "Report")
TERMINAL_FACTS: dict[str, Any] = {
    "version": 2,
    "most_columns": 80,
    "most_rows": 24,
    "text_complete": True,
    "played_size": 20_000,
    "plain_size": 20_000,
    "original_start": 0,
    "original_packed": False,
    "original_size": 20_000,
    "original_sha256": "0" * 64,
    "input_removed": False,
}
_TITLE = "(ARRAY[{}])[1 + n % {}] || ' ' || (ARRAY[{}])[1 + n / 7 % {}] || ' ' || n"


@dataclass(frozen=True)
class Seeded:
    """The first owner has a tenth of all recordings, the others share the rest."""

    owner: Any
    recordings: int
    indexed_in: float


def fill(recordings: int, transcripts: int = 0) -> Seeded:
    """Add so many recordings of the last DAYS, a fifth as many sessions, half the tags and twice the audit events.

    Raises RuntimeError on any database but PostgreSQL, which makes the rows itself.
    """
    from django.db import connection, transaction

    from tests import seed_words

    if connection.vendor != "postgresql":
        raise RuntimeError("Only PostgreSQL can be filled.")
    # Several seedings do not meet.
    salt = str(time.time_ns())
    with transaction.atomic(), connection.cursor() as cursor:
        owners, template = _template()
        for statement in _statements(template, owners, recordings, salt):
            cursor.execute(statement)
        _forget(template)
        index = _take_index(cursor)
        seed_words.describe_all(cursor)
        seed_words.transcribe(cursor, _transcribed(recordings, transcripts, salt))
        # Else what is to be checked at the end stands in the way of the index.
        connection.check_constraints()
        begun = time.monotonic()
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(index)
        indexed_in = time.monotonic() - begun
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Seeded(owners[0], recordings, indexed_in)


def _take_index(cursor: Any) -> str:
    """Drop the index of words, which is made much faster for all rows at once; what makes it anew."""
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'passage_words'")
    [statement] = cursor.fetchone()
    cursor.execute("DROP INDEX passage_words")
    return str(statement)


def _transcribed(recordings: int, transcripts: int, salt: str) -> str:
    """A query for the terminals that get a transcript, spread over all there are."""
    terminals = recordings // TERMINAL_EVERY
    number = f"{TERMINAL_EVERY} * (i::bigint * {terminals} / {max(transcripts, 1)})"
    numbers = f"SELECT {number} AS n FROM generate_series(0, {min(transcripts, terminals) - 1}) i"
    return f"SELECT md5('r{salt}' || n)::uuid AS id, n FROM ({numbers}) numbers"


def _template() -> tuple[list[Any], Any]:
    """The owners, and a recording for the others to be copied from."""
    from django.utils import timezone

    from recordings.models import AuditEvent, Recording, Session, Tag, Terminal, User

    known = User.objects.count()
    made = User.objects.bulk_create(
        User(username=f"seeded-{known + number}", password="!") for number in range(OWNERS)
    )
    session = Session.objects.create(owner=made[0], app_id="seed", stopped_at=timezone.now())
    recording = Recording.objects.create(
        session=session,
        owner=made[0],
        status="ready",
        completed_at=timezone.now(),
        size_bytes=50_000_000,
        stored_size=50_010_000,
        duration_ms=600_000,
        width=1280,
        height=720,
        codecs="vp9",
        sha256="0" * 64,
        storage_backend="s3",
        storage_key="seeded",
    )
    Tag.objects.create(recording=recording, name="seed")
    Terminal.objects.create(recording=recording, **TERMINAL_FACTS)
    AuditEvent.objects.create(action="upload", actor=made[0], actor_name="seed", recording_id=recording.pk)
    return made, recording


def _forget(template: Any) -> None:
    session = template.session
    template.delete()
    session.delete()


def _statements(template: Any, owners: list[Any], count: int, salt: str) -> list[str]:
    from django.utils import timezone

    from recordings.models import AuditEvent, Recording, Session, Tag, Terminal

    recording, session = f"md5('r{salt}' || n)::uuid", f"md5('s{salt}' || n / {PER_SESSION})::uuid"
    listed = ", ".join(f"'{owner.pk}'" for owner in owners)
    owner = f"(ARRAY[{listed}])[CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % {OWNERS} END]::uuid"
    words = ", ".join(f"'{word}'" for word in WORDS)
    title = _TITLE.format(words, len(WORDS), words, len(WORDS))
    at = f"'{timezone.now().isoformat()}'::timestamptz - n * interval '{DAYS * 86_400 / count} seconds'"
    failed = "n % 997 = 0"
    return [
        _copies(Session, f"generate_series(0, {count - 1}, {PER_SESSION}) n", template.session.pk, {
            "id": session, "owner_id": owner, "title": title, "created_at": at, "stopped_at": at,
        }),
        _copies(Recording, f"generate_series(0, {count - 1}) n", template.pk, {
            "id": recording,
            "session_id": session,
            "owner_id": owner,
            "title": title,
            "kind": f"CASE WHEN n % {TERMINAL_EVERY} = 0 THEN 'terminal' ELSE 'video' END",
            "status": f"CASE WHEN {failed} THEN 'failed' ELSE 'ready' END",
            "completed_at": f"CASE WHEN NOT {failed} THEN {at} + interval '10 minutes' END",
            "created_at": at,
            "storage_key": f"{recording} || '/' || substr(md5('k{salt}' || n), 1, 16) || '.webm'",
            "on_hold": "n % 1009 = 0",
            "incomplete": "n % 503 = 0",
            "deleted_at": f"CASE WHEN n % 101 = 0 THEN {at} + interval '1 hour' END",
            "purge_after": "CASE WHEN n % 101 = 0 THEN now() + interval '1 day' END",
        }),
        _copies(Terminal, f"generate_series(0, {count - 1}, {TERMINAL_EVERY}) n", None, {
            "recording_id": recording,
        }),
        _copies(Tag, f"generate_series(0, {count - 1}, 2) n", None, {
            "recording_id": recording, "name": f"(ARRAY{list(TAGS)!r})[1 + n / 2 % {len(TAGS)}]",
        }),
        _copies(AuditEvent, f"generate_series(0, {2 * count - 1}) m, LATERAL (SELECT m / 2 AS n) halved", None, {
            "id": f"md5('a{salt}' || m)::uuid", "recording_id": recording, "session_id": session, "at": at,
            "action": "CASE WHEN m % 2 = 0 THEN 'start' ELSE 'upload' END", "actor_id": owner,
        }),
    ]  # fmt: skip


def _copies(model: Any, numbers: str, template: Any, different: dict[str, str]) -> str:
    """Rows like the template's, or like any, but for some columns; `n` is the number of each."""
    columns = [field.column for field in model._meta.concrete_fields]
    # The database counts these.
    columns = [name for name in columns if name != "id" or name in different]
    values = [different.get(name, f'one."{name}"') for name in columns]
    table = model._meta.db_table
    which = f"WHERE id = '{template}'" if template else "LIMIT 1"
    listed = ", ".join(f'"{name}"' for name in columns)
    return (
        f'INSERT INTO "{table}" ({listed}) SELECT {", ".join(values)} '
        f'FROM (SELECT * FROM "{table}" {which}) one, {numbers}'
    )


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")
    django.setup()
    begun = time.monotonic()
    recordings, transcripts = map(int, [*sys.argv[1:], *("1000000", "100000")[len(sys.argv) - 1 :]])
    seeded = fill(recordings, transcripts)
    took = f"{time.monotonic() - begun:.0f} s, {seeded.indexed_in:.0f} of them for the index of words"
    print(f"{seeded.recordings:,} recordings in {took}; a tenth are {seeded.owner}'s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
