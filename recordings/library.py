"""Finding recordings and what is written about them. A viewer is mandatory: nothing is listed without one."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q, QuerySet

from recordings import audit
from recordings.audit import Actor
from recordings.models import Action, Marker, Recording, Session, Tag
from recordings.querysets import keyset_after
from recordings.search.index import describe
from recordings.titles import clean_title

if TYPE_CHECKING:
    from recordings.querysets import Viewer

PAGE = 100
LOOKED_AT = 5_000
MOST_TAGS = 20

Row = TypeVar("Row", bound=models.Model)


class BadCursor(ValueError):
    """A page was asked for with a cursor that Sortie did not give out."""

    def __init__(self) -> None:
        super().__init__("The cursor is not one that a page of this list gave; start from the first page.")


@dataclass(frozen=True)
class Page:
    """Some rows, newest first, and the cursor of what comes after them (None at the end).

    `stopped`: no more rows were looked at for this page, though not all were found that it could have held.
    """

    rows: list[Any]
    next_cursor: str | None
    stopped: bool = False


def recordings_of(viewer: "Viewer", *, own: bool = True) -> QuerySet[Recording]:
    """What `viewer` may list: their own, or with `own=False` all they may see."""
    visible = Recording.objects.visible_to(viewer).for_display()
    return visible.filter(owner_id=viewer.pk) if own else visible


def deleted_of(viewer: "Viewer", now: datetime) -> QuerySet[Recording]:
    """The viewer's own recordings that can still be restored, last deleted first."""
    mine = Recording.objects.restorable_by(viewer, now).filter(owner_id=viewer.pk)
    return mine.for_display().order_by("-deleted_at", "-id")


def sessions_of(viewer: "Viewer") -> QuerySet[Session]:
    return Session.objects.visible_to(viewer).select_related("owner")


def page(
    rows: QuerySet[Row],
    *,
    cursor: str = "",
    limit: int = PAGE,
    having: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
    among: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
    within: int | None = None,
) -> Page:
    """One page of rows that have `created_at` and a UUID key, newest first. Never counts, never skips.

    having: narrows rows by what has to be looked up for each by itself; in LOOKED_AT rows for one page, or `within`
        fewer.
    among: narrows rows by what is looked up at once.
    With either of them, what the rows show is read only once it is known which they are.

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    every, end = rows, ""
    if having is not None:
        rows, end = window(rows, cursor, within or LOOKED_AT)
    narrowing = having or among
    if narrowing is not None:
        rows = narrowing(rows)
    ordered = rows.order_by("-created_at", "-pk")
    if cursor:
        ordered = ordered.filter(keyset_after(*read_cursor(cursor)))
    if narrowing is not None:
        keys = list(ordered.values_list("pk", flat=True)[: limit + 1])
        ordered = every.filter(pk__in=keys).order_by("-created_at", "-pk")
    found: list[Any] = list(ordered[: limit + 1])
    more = len(found) > limit
    if end and not more:
        return Page(found, end, stopped=True)
    return Page(found[:limit], cursor_after(found[limit - 1].created_at, found[limit - 1].pk) if more else None)


def window(rows: QuerySet[Row], cursor: str, most: int) -> tuple[QuerySet[Row], str]:
    """The newest of `rows` after `cursor`, at most so many, and the cursor of what comes after ("" at the end).

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    newest = rows.order_by("-created_at", "-pk")
    if cursor:
        newest = newest.filter(keyset_after(*read_cursor(cursor)))
    ends = list(newest.values_list("created_at", "pk")[most - 1 : most + 1])
    if len(ends) < 2:
        return newest, ""
    created_at, key = ends[0]
    not_older = Q(created_at__gt=created_at) | Q(pk__gte=key)
    return newest.filter(not_older, created_at__gte=created_at), cursor_after(created_at, key)


def cursor_after(created_at: datetime, key: UUID) -> str:
    """What stands for the place in a list after the row with this time and key."""
    text = f"{created_at.isoformat()}/{key.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The time and key that a cursor stands for.

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        created_at, _, key = text.partition("/")
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise BadCursor
        return moment.astimezone(UTC), UUID(key)
    except (ValueError, binascii.Error, OverflowError):
        raise BadCursor from None


def edit(
    recording: Recording,
    by: Actor,
    *,
    title: str | None = None,
    notes: str | None = None,
    tags: list[str] | None = None,
) -> Recording:
    """Change what is written about a recording; what is None stays. Bytes and facts are never changed."""
    changed: dict[str, str] = {}
    if title is not None:
        changed["title"] = clean_title(title)
    if notes is not None:
        changed["notes"] = notes
    with transaction.atomic():
        if changed:
            Recording.objects.filter(pk=recording.pk).update(**changed)
        if tags is not None:
            _retag(recording, tags)
        names = [*changed, *(["tags"] if tags is not None else [])]
        if names:
            describe(recording)
            audit.record(Action.EDIT, by, recording=recording, fields=names)
    return Recording.objects.for_display().get(pk=recording.pk)


def _retag(recording: Recording, tags: list[str]) -> None:
    names = dict.fromkeys(filter(None, (clean_title(tag, longest=50) for tag in tags)))
    recording.tags.all().delete()
    Tag.objects.bulk_create(Tag(recording=recording, name=name) for name in names)


def mark(recording: Recording, by: Actor, *, at_ms: int, label: str = "") -> Marker:
    """Name a moment of a recording, `at_ms` milliseconds from its start."""
    with transaction.atomic():
        marker = Marker.objects.create(recording=recording, author=by.user, at_ms=at_ms, label=clean_title(label))
        audit.record(Action.EDIT, by, recording=recording, fields=["markers"])
    return marker


def unmark(marker: Marker, by: Actor) -> None:
    with transaction.atomic():
        marker.delete()
        audit.record(Action.EDIT, by, recording=marker.recording, fields=["markers"])
