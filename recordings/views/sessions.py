"""The list of sessions, and the page that shows the desktop of one."""

from urllib.parse import urlsplit
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings import desktops, library
from recordings.audit import actor_of
from recordings.forms import DesktopForm
from recordings.ingest import start
from recordings.models import Session, User
from recordings.models.session import SessionKind
from recordings.permissions import Can, can
from recordings.views.access import viewer_of

ROWS = 50


@never_cache
@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """The viewer's sessions, an admin's everyone's, newest first."""
    viewer = viewer_of(request)
    try:
        page = library.page(library.sessions_of(viewer), cursor=request.GET.get("cursor", ""), limit=ROWS)
    except library.BadCursor:
        return redirect("sessions")
    context = {
        "here": "sessions",
        "page": page,
        "paged": bool(request.GET.get("cursor")),
        "may_add": can(viewer, Can.NAME_DESKTOP),
        "everyone": can(viewer, Can.ADMINISTER),
    }
    return render(request, "recordings/sessions/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add(request: HttpRequest) -> HttpResponse:
    """Where an admin says where a desktop is, and whose it is."""
    viewer = viewer_of(request)
    if not can(viewer, Can.NAME_DESKTOP):
        raise PermissionDenied
    form = DesktopForm(request.POST or None, initial={"owner": viewer})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            session = start.open_session(
                owner=given["owner"],
                by=actor_of(request),
                app_id="desktop",
                kind=SessionKind.DESKTOP,
                title=given["title"],
                target=given["target"],
                password=given["password"],
            )
        except desktops.BadTarget as error:
            form.add_error("target", str(error))
        else:
            messages.success(request, f"“{session}” can be opened.")
            return redirect("session", session.pk)
    context = {"here": "sessions", "form": form, "people": User.objects.filter(is_active=True).order_by("username")}
    return render(request, "recordings/sessions/add.html", context, status=400 if form.errors else 200)


@never_cache
@require_safe
@ensure_csrf_cookie
@login_required
def session(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One session: its desktop while it runs, and what can be recorded of it."""
    found = _session_or_404(request, pk)
    live = live_address(request, reverse("session", args=[pk]))
    context = {
        "here": "sessions",
        "session": found,
        "live": live,
        "max_mb": settings.SORTIE_RECORDING_MAX_SIZE_MB,
        "mine": found.owner_id == viewer_of(request).pk,
    }
    # The same origin is allowed already, for WebSockets too.
    allowed = csp_update({"connect-src": [live.partition("/live/")[0]]} if settings.SORTIE_LIVE_URL else {})

    def shown(request: HttpRequest) -> HttpResponseBase:
        return render(request, "recordings/sessions/viewer.html", context)

    return allowed(shown)(request)


@require_POST
@login_required
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a session."""
    found = _session_or_404(request, pk, Can.STOP)
    start.close_session(found, actor_of(request))
    messages.success(request, f"“{found}” has ended.")
    return redirect("sessions")


def live_address(request: HttpRequest, path: str) -> str:
    """Where the WebSocket of a session's page is, as the browser is to call it."""
    scheme = "wss" if request.is_secure() else "ws"
    base = settings.SORTIE_LIVE_URL or f"{scheme}://{request.get_host()}"
    if base.startswith(":"):
        base = f"{scheme}://{urlsplit(f'//{request.get_host()}').hostname}{base}"
    return f"{base.rstrip('/')}/live{path}/vnc"


def _session_or_404(request: HttpRequest, pk: UUID, action: Can = Can.VIEW) -> Session:
    viewer = viewer_of(request)
    found = library.sessions_of(viewer).filter(pk=pk).first()
    if found is None or not can(viewer, action, found):
        raise Http404
    return found
