"""Fills a bucket and deletes what is in it, in a process of its own (`child`), in the environment of a portal.

`python -m tests.bench.retainer`. Asked to `fill`, it puts `count` small objects into the bucket, and with `rows`
also the recordings they are of into the database, all older than their limit. Asked to `delete` the objects, or to
have retention `end` the recordings, `slowly` one by one or as the portal does it, it answers with the seconds and
the CPU seconds of this process that it took. What is left is an error.
"""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import django
from django.conf import settings

from tests.bench.child import Answer, answer

django.setup()

from django.core.management import call_command  # noqa: E402  (settings first)
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from recordings import retention  # noqa: E402
from recordings.models import AuditEvent, Recording, Session, Tag, User  # noqa: E402
from recordings.storage import ObjectMissing, current_store, new_key  # noqa: E402
from tests import seed_words  # noqa: E402

BATCH, OBJECTS_AT_ONCE = retention.BATCH, retention.OBJECTS_AT_ONCE
ROWS_AT_ONCE = 5_000
PUTS_AT_ONCE = 16
LOOKED_AT = 500
AGE = timedelta(days=settings.SORTIE_RECORDING_RETENTION_DAYS + 1)


class Retainer:
    def __init__(self) -> None:
        self._store: Any = current_store()
        self._keys: list[str] = []

    def respond(self, question: Answer) -> Answer:
        match question["what"]:
            case "migrate":
                call_command("migrate", verbosity=0)
            case "fill":
                self._fill(question["count"], rows=question["rows"])
            case "delete":
                return self._measured(self._delete_one_by_one if question["slowly"] else self._delete)
            case "end":
                retention.BATCH, retention.OBJECTS_AT_ONCE = (
                    (1, 1) if question["slowly"] else (BATCH, OBJECTS_AT_ONCE)
                )
                return self._measured(self._end)
        return {}

    def _fill(self, count: int, *, rows: bool) -> None:
        made = [uuid4() for _ in range(count)]
        self._keys = [new_key(pk, "webm") for pk in made]
        with ThreadPoolExecutor(PUTS_AT_ONCE) as pool:
            list(pool.map(lambda key: self._ask("put_object", key, Body=b"x" * 100), self._keys))
        if rows:
            _record(list(zip(made, self._keys, strict=True)))

    def _measured(self, delete: Callable[[], object]) -> Answer:
        began, cpu = time.perf_counter(), _cpu()
        delete()
        taken = {"seconds": time.perf_counter() - began, "cpu": _cpu() - cpu}
        # Some of them: listing a bucket in which very many have just been deleted takes SeaweedFS minutes.
        left = [key for key in self._keys[:: max(1, len(self._keys) // LOOKED_AT)] if self._is_there(key)]
        if left or Recording.objects.exists():
            raise RuntimeError(f"{left[:1]} or recordings are left")
        return taken

    def _delete_one_by_one(self) -> None:
        for key in self._keys:
            self._ask("delete_object", key)

    def _delete(self) -> None:
        for at in range(0, len(self._keys), OBJECTS_AT_ONCE):
            self._store.delete(self._keys[at : at + OBJECTS_AT_ONCE])

    def _end(self) -> None:
        """What the jobs do, but for the time between hiding and purging."""
        before, now, count = AuditEvent.objects.count(), timezone.now(), len(self._keys)
        hidden = retention.expire(now)
        purged = retention.purge(timezone.now() + timedelta(hours=settings.SORTIE_DELETED_KEEP_HOURS))
        told = AuditEvent.objects.count() - before
        if (hidden, purged.gone, told) != (count, count, 2 * count + 1):
            raise RuntimeError(f"{hidden} were hidden, {purged} of {count}, with {told} audit events")

    def _is_there(self, key: str) -> bool:
        try:
            self._store.size(key)
        except ObjectMissing:
            return False
        return True

    def _ask(self, operation: str, key: str, **arguments: Any) -> None:
        """One request, with the client that the store itself uses."""
        call = getattr(self._store._client, operation)
        call(Bucket=settings.SORTIE_RECORDING_S3_BUCKET, Key=self._store._name(key), **arguments)


def _record(made: list[tuple[Any, str]]) -> None:
    """Old recordings, each with a tag and its words, five to a session."""
    owner, _ = User.objects.get_or_create(username="bench")
    then = timezone.now() - AGE
    sessions = Session.objects.bulk_create(
        (Session(owner=owner, app_id="bench", stopped_at=then) for _ in range(0, len(made), 5)), ROWS_AT_ONCE
    )
    facts = {"status": "ready", "sha256": "0" * 64, "size_bytes": 100, "stored_size": 100, "storage_backend": "s3"}
    Recording.objects.bulk_create(
        (
            Recording(
                id=pk,
                session=sessions[number // 5],
                owner=owner,
                title=f"Invoices {number}",
                created_at=then,
                completed_at=then,
                storage_key=key,
                original_head=b"h" * 300,
                **facts,
            )
            for number, (pk, key) in enumerate(made)
        ),
        ROWS_AT_ONCE,
    )
    Tag.objects.bulk_create((Tag(recording_id=pk, name="invoices") for pk, _ in made), ROWS_AT_ONCE)
    with transaction.atomic(), connection.cursor() as cursor:
        seed_words.describe_all(cursor)
        cursor.execute("ANALYZE")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    answer(Retainer().respond)
