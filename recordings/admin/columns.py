"""How rows write a value: short, and as the pages of the portal write it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from recordings.models import Recording, Status
from recordings.templatetags.sortie import icon, moment

# What stands for no value; lists leave it out where there is little room.
NOTHING: SafeString = mark_safe('<span class="nothing">–</span>')  # noqa: RUF001, S308  (a constant with an en dash)


def short(key: UUID) -> SafeString:
    """The first eight digits of an id: enough to tell rows apart, and to search for."""
    return format_html('<code class="id" title="{}">{}</code>', key, str(key)[:8])


def link(to: str, text: object, *args: object, css: str = "") -> SafeString:
    """A link to the admin page called `to`."""
    return format_html('<a href="{}" class="{}">{}</a>', reverse(to, args=args), css, text)


def when(at: datetime | None, style: str = "") -> SafeString | str:
    return moment(at, style) or NOTHING


def kind(recording: Recording) -> SafeString:
    return icon(recording.kind, label=recording.get_kind_display())


def signs(recording: Recording) -> SafeString:
    """The status and every mark that matters, as badges; a ready one only says so."""
    badges = [_badge(*badge) for badge in _marks(recording)]
    if recording.status == Status.READY:
        badges.insert(0, mark_safe('<span class="plain-status">Ready</span>'))  # noqa: S308  (no variable in it)
    return format_html('<span class="signs">{}</span>', format_html_join(" ", "{}", ((badge,) for badge in badges)))


def _marks(recording: Recording) -> list[tuple[str, str, str]]:
    """(style, picture, word) of each badge."""
    marks = []
    if recording.status == Status.RECORDING:
        marks.append(("recording", "record", "Recording"))
    if recording.status == Status.UPLOADING:
        marks.append(("uploading", "upload", "Uploading"))
    if recording.status == Status.FAILED:
        marks.append(("failed", "alert", "Failed"))
    if recording.incomplete:
        marks.append(("incomplete", "alert", "Incomplete"))
    if recording.on_hold:
        marks.append(("held", "hold", "On hold"))
    if recording.deleted_at:
        marks.append(("deleted", "delete", "Deleted"))
    return marks


def _badge(style: str, picture: str, word: str) -> Any:
    return format_html('<span class="badge {}">{}{}</span>', style, icon(picture), word)
