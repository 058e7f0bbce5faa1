"""The audit log: read, searched and taken away as a file, never written."""

import csv
import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import close_old_connections
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import library
from recordings.admin import columns, filters, search, words
from recordings.admin.base import PortalAdmin, address
from recordings.admin.lists import NewestFirst
from recordings.models import AuditEvent, Recording, Session

CHUNK = 2000
HEADINGS = ("at", "action", "user", "address", "recording_id", "session_id", "detail")
# A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class EventList(NewestFirst):
    """Knows which of the recordings and sessions on its page still exist, by one question for each kind."""

    def read(self, request: HttpRequest) -> list[Any]:
        events: list[AuditEvent] = super().read(request)
        recordings = Recording.objects.select_related("session").defer("original_head", "tail_saved")
        there = recordings.in_bulk({event.recording_id for event in events if event.recording_id})
        sessions = Session.objects.in_bulk({event.session_id for event in events if event.session_id})
        for event in events:
            event.about = there.get(event.recording_id) or sessions.get(event.session_id)  # type: ignore[attr-defined]
        return events


class AuditEventAdmin(PortalAdmin[AuditEvent]):
    newest_by = "at"
    heading = "Audit log"
    list_display = ("when", "who", "what", "about", "details", "address")
    list_display_links = ("when",)
    list_filter = ("action", filters.ByActor, filters.ByAuditDate)
    search_fields = ("actor_name",)
    search_help_text = "Recording ID, address or user name"
    change_list_template = "admin/audit_log.html"
    fields = ("when", "who", "what", "recording_id", "session_id", "address", "details", "as_written")
    readonly_fields = fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventList

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.csv", view, name="recordings_auditevent_export"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """By the beginning of a recording's id, else by address, else by user name."""
        text = search_term.strip()
        ids = search.id_range(text)
        if not text:
            found = queryset
        elif ids:
            found = queryset.filter(recording_id__range=ids)
        elif _is_address(text):
            found = queryset.filter(address=text)
        else:
            found = queryset.filter(actor_name=text)
        return found, False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        query = request.GET.copy()
        query.pop("p", None)
        export = f"{reverse('admin:recordings_auditevent_export')}?{query.urlencode()}"
        return super().changelist_view(request, {"export": export, **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """What the list shows under the same filters, all of it, as CSV; sent while it is read."""
        try:
            events = self.get_changelist_instance(request).get_queryset(request)
        except admin.options.IncorrectLookupParameters:
            return HttpResponseRedirect(address("auditevent"))
        name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return StreamingHttpResponse(_csv(_all(events)), content_type="text/csv; charset=utf-8", headers=headers)

    @admin.display(description="When")
    def when(self, event: AuditEvent) -> SafeString | str:
        return columns.when(event.at, "full")

    @admin.display(description="Who")
    def who(self, event: AuditEvent) -> str:
        return event.actor_name or "Sortie"

    @admin.display(description="What")
    def what(self, event: AuditEvent) -> str:
        return event.get_action_display()

    @admin.display(description="Recording or session")
    def about(self, event: AuditEvent) -> SafeString | None:
        thing: Recording | Session | None = getattr(event, "about", None)
        if isinstance(thing, Recording):
            return columns.link("admin:recordings_recording_change", thing, thing.pk)
        if event.recording_id:
            return format_html('{} <span class="soft">(gone)</span>', columns.short(event.recording_id))
        return columns.link("admin:recordings_session_change", thing, thing.pk) if thing else None

    @admin.display(description="Detail")
    def details(self, event: AuditEvent) -> str:
        return words.detail(event, named=isinstance(getattr(event, "about", None), Recording)) or columns.NOTHING

    @admin.display(description="As written")
    def as_written(self, event: AuditEvent) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(event.detail, indent=2, ensure_ascii=False))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _all(events: QuerySet[AuditEvent]) -> Iterator[AuditEvent]:
    """Every event, newest first. Whoever takes the file may be slow, so nothing is held on to between two pages."""
    rows = events.annotate(created_at=F("at"))
    cursor: str | None = ""
    while cursor is not None:
        page = library.page(rows, cursor=cursor, limit=CHUNK)
        close_old_connections()
        yield from page.rows
        cursor = page.next_cursor


class _Line:
    """Takes what csv writes and gives it back."""

    def write(self, text: str) -> str:
        return text


def _csv(events: Iterable[AuditEvent]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(HEADINGS)
    for event in events:
        yield writer.writerow([_cell(value) for value in _values(event)])


def _values(event: AuditEvent) -> tuple[Any, ...]:
    detail = json.dumps(event.detail, ensure_ascii=False) if event.detail else ""
    return (
        event.at.isoformat(),
        event.action,
        event.actor_name,
        event.address,
        event.recording_id,
        event.session_id,
        detail,
    )


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
