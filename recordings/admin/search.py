"""Finding rows by what an admin has at hand: an id or its beginning, a name, a word of a title.

Words are looked for in titles without an index, so in a window of the newest rows (`library.window`).
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from recordings.models import Tag, User

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


def has_words(rows: QuerySet[Any], text: str, has: Any) -> QuerySet[Any]:
    """The rows for which `has(word)` holds for every word of `text`."""
    for word in text.split()[:MOST_WORDS]:
        rows = rows.filter(has(word))
    return rows


def recording_has(word: str) -> Q:
    """Whether a recording's title, session or owner have `word`, or it is one of its tags."""
    tagged = Tag.objects.filter(name__in={word, word.lower()}).values("recording_id")
    session = Q(session__title__icontains=word) | Q(session__app_id__icontains=word)
    return Q(title__icontains=word) | session | Q(owner_id__in=_people(word)) | Q(pk__in=tagged)


def session_has(word: str) -> Q:
    """Whether a session's title, application, target or owner have `word`."""
    own = Q(title__icontains=word) | Q(app_id__icontains=word) | Q(target__icontains=word)
    return own | Q(owner_id__in=_people(word))


def _people(word: str) -> list[UUID]:
    return list(User.objects.filter(username__istartswith=word).values_list("pk", flat=True)[:100])
