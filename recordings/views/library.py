"""The list of recordings, and deleting and restoring from it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings import library, retention
from recordings.audit import actor_of
from recordings.filters import RecordingFilter
from recordings.models import Recording, Session
from recordings.permissions import Can, can, is_admin
from recordings.search.asking import Question
from recordings.search.finding import Found, find, with_hits
from recordings.views import chips
from recordings.views.access import viewer_of
from recordings.views.zones import zone_of

ROWS = 30
IN_ROW = {"title", "tags", "session", "target"}
MOST_AT_ONCE = 200


# Rows repeat themselves: compressed, a page of them has a tenth of its size. Its only secret, the CSRF token, is
# masked anew each time, and Django adds noise to the length.
@gzip_page
@never_cache
@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """My Recordings; an admin may look at everyone's."""
    try:
        return render(request, "recordings/library/page.html", _in_their_days(request))
    except library.BadCursor:
        return redirect("library")


@gzip_page
@never_cache
@require_safe
@login_required
def rows(request: HttpRequest) -> HttpResponse:
    """Only the rows of the same list, for the page to bring itself up to date."""
    try:
        return render(request, "recordings/library/_rows.html", _in_their_days(request))
    except library.BadCursor:
        return HttpResponse(status=404)


def _in_their_days(request: HttpRequest) -> dict[str, Any]:
    with timezone.override(zone_of(request)):
        return _listing(request)


def _listing(request: HttpRequest) -> dict[str, Any]:
    query, viewer = request.GET, viewer_of(request)
    everyone = is_admin(viewer) and query.get("everyone") == "1"
    asked = RecordingFilter(query, queryset=library.recordings_of(viewer, own=not everyone))
    page, found = _page(asked.qs, asked.question, query.get("cursor", ""))
    cleaned = asked.form.cleaned_data
    filtered = any(cleaned.get(name) for name in (*chips.NAMES, "q"))
    both_kinds = settings.SORTIE_VIDEO_RECORDING_ENABLED and settings.SORTIE_TERMINAL_RECORDING_ENABLED
    return {
        "here": "library",
        "keep_hours": settings.SORTIE_DELETED_KEEP_HOURS,
        "page": page,
        "found": found,
        "everyone": everyone,
        "paged": bool(query.get("cursor")),
        "q": query.get("q", ""),
        "filtered": filtered,
        "nothing_yet": not (page.rows or filtered or query.get("cursor")),
        "zone": timezone.get_current_timezone_name(),
        "kept": [(name, value) for name in ("everyone", *chips.NAMES) for value in query.getlist(name) if value],
        "groups": chips.groups(
            query, cleaned, kinds=both_kinds, session_name=_session_name(request, cleaned.get("session"))
        ),
    }


def _page(rows: QuerySet[Recording], question: Question | None, cursor: str) -> tuple[library.Page, list[Found]]:
    """A page of recordings, each with the lines that answer the question if there is one."""
    page = find(rows, question, cursor=cursor, limit=ROWS)
    if question is None:
        return page, [Found(recording, [], more=False) for recording in page.rows]
    return page, [_below(found) for found in with_hits(page.rows, question)]


def _below(found: Found) -> Found:
    """Without the hits that its row shows anyway."""
    return replace(found, hits=[hit for hit in found.hits if hit.field not in IN_ROW])


def _session_name(request: HttpRequest, pk: UUID | None) -> str:
    session = Session.objects.visible_to(viewer_of(request)).filter(pk=pk).first() if pk else None
    return str(session) if session else ""


@never_cache
@require_safe
@login_required
def deleted(request: HttpRequest) -> HttpResponse:
    """What was deleted and can still be brought back."""
    rows = library.deleted_of(viewer_of(request), timezone.now())[:MOST_AT_ONCE]
    hours = settings.SORTIE_DELETED_KEEP_HOURS
    return render(request, "recordings/library/deleted.html", {"rows": rows, "hours": hours})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete_many(request: HttpRequest) -> HttpResponse:
    """Ask whether to delete the chosen recordings; then do it. Held ones stay, and the answer says so."""
    asked, viewer = request.POST if request.method == "POST" else request.GET, viewer_of(request)
    chosen = [
        recording
        for recording in Recording.objects.visible_to(viewer).filter(pk__in=_ids(asked.getlist("id")))
        if can(viewer, Can.DELETE, recording)
    ]
    if not chosen:
        messages.info(request, "Nothing was chosen, so nothing was deleted.")
        return redirect("library")
    if request.method != "POST":
        context = {"rows": chosen, "hours": settings.SORTIE_DELETED_KEEP_HOURS}
        return render(request, "recordings/library/delete.html", context)
    _delete(request, chosen)
    return redirect("deleted")


def _delete(request: HttpRequest, chosen: list[Recording]) -> None:
    gone = 0
    for recording in chosen:
        try:
            retention.delete(recording, actor_of(request))
            gone += 1
        except retention.OnHold as held:
            messages.warning(request, f"“{recording.name}” was not deleted. {held}")
    if gone:
        messages.success(request, "Deleted one recording." if gone == 1 else f"Deleted {gone} recordings.")


@require_POST
@login_required
def restore_many(request: HttpRequest) -> HttpResponse:
    """Bring deleted recordings back."""
    viewer = viewer_of(request)
    back = [
        recording
        for recording in Recording.objects.restorable_by(viewer, timezone.now()).filter(
            pk__in=_ids(request.POST.getlist("id"))
        )
        if can(viewer, Can.RESTORE, recording) and retention.restore(recording, actor_of(request))
    ]
    if back:
        messages.success(
            request, f"“{back[0].name}” is back." if len(back) == 1 else f"{len(back)} recordings are back."
        )
    else:
        messages.info(request, "It could not be restored: its time was over, or it was not deleted.")
    return redirect("library" if back else "deleted")


def _ids(texts: list[str]) -> list[UUID]:
    """Those that are ids, of a number that one page can show."""
    found = []
    for text in texts[:MOST_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
