"""Finding rows by what an admin has at hand: an id or its beginning, a name, a word written about them."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from recordings import library
from recordings.models import Recording, Session, User
from recordings.search.asking import asked
from recordings.search.finding import Wanted, find_named

# Shorter ones are words ("decade") more often than ids; lists show eight digits.
SHORTEST_ID = 8
MOST_WORDS = 10


def id_range(text: str) -> tuple[UUID, UUID] | None:
    """The first and last id that begin with `text`, or None if it is no beginning of an id."""
    digits = text.strip().lower().replace("-", "")
    if not SHORTEST_ID <= len(digits) <= 32 or not set(digits) <= set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))


def by_id(rows: QuerySet[Any], text: str) -> QuerySet[Any] | None:
    """The rows whose id begins with `text`; None if it is no id, or none of theirs."""
    ids = id_range(text)
    if ids is None or not rows.filter(pk__range=ids).exists():
        return None
    return rows.filter(pk__range=ids)


def recordings(rows: QuerySet[Recording], text: str, cursor: str, limit: int) -> library.Page:
    """A page of recordings that have every word of `text` written about them, or in the name of their owner."""
    wanted = [
        Wanted(term, tuple(_people(word))) for word in text.split()[:MOST_WORDS] for term in asked(word).terms
    ]
    return find_named(rows, wanted, cursor=cursor, limit=limit)


def sessions(rows: QuerySet[Session], text: str, cursor: str, limit: int) -> library.Page:
    """A page of sessions that have every word of `text`. No index has them: it looks at so many rows at a time."""
    every = [_session_has(word) for word in text.split()[:MOST_WORDS]]
    return library.page(rows, cursor=cursor, limit=limit, having=lambda some: some.filter(*every))


def _session_has(word: str) -> Q:
    """Whether a session's title, application, target or owner have `word`."""
    own = Q(title__icontains=word) | Q(app_id__icontains=word) | Q(target__icontains=word)
    return own | Q(owner_id__in=_people(word))


def _people(word: str) -> list[UUID]:
    return list(User.objects.filter(username__istartswith=word).values_list("pk", flat=True)[:100])
