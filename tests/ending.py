"""Recordings at their end: old ones, those whose time is over, and a store that does not let go of them."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from recordings.models import Recording, User
from recordings.storage import DeletionIncomplete, StorageUnavailable, current_store
from tests.making import session_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)


def row(owner: User, age: timedelta, **facts: Any) -> Recording:
    """A ready recording completed `age` before NOW, without bytes."""
    whole = {"status": "ready", "storage_backend": current_store().name, "sha256": "s", "size_bytes": 1}
    key = f"{'0' * 8}-0000-4000-8000-{Recording.objects.count():012x}/{'0' * 16}.webm"
    facts = {**whole, "storage_key": key, "completed_at": NOW - age, **facts}
    return Recording.objects.create(session=session_of(owner), owner=owner, **facts)


def make_due(*recordings: Recording) -> None:
    """As if their time to be restored were over."""
    past = timezone.now() - TICK
    Recording.objects.filter(pk__in=[r.pk for r in recordings]).update(deleted_at=past, purge_after=past)


class Failing:
    """The real store, in which deleting fails for some, or all (None), after `first` was called."""

    def __init__(self, keys: set[str] | None = None, first: Callable[[], Any] = lambda: None) -> None:
        self.keys, self.first = keys, first

    def __call__(self, name: str) -> "Failing":
        return self

    def delete(self, keys: Iterable[str]) -> None:
        self.first()
        if self.keys is None:
            raise StorageUnavailable("It is away.")
        asked = list(keys)
        current_store().delete([key for key in asked if key not in self.keys])
        remaining = {key: "locked" for key in asked if key in self.keys}
        if remaining:
            raise DeletionIncomplete(remaining)
