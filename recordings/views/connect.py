"""Where the asciinema command sends people to say that a terminal is theirs."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from recordings import installs
from recordings.audit import actor_of
from recordings.models import Install
from recordings.views.access import viewer_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def connect(request: HttpRequest, install_id: UUID) -> HttpResponse:
    """Ask whether a terminal is to upload for whoever is signed in; then it does."""
    viewer = viewer_of(request)
    if request.method != "POST":
        install = installs.found(install_id)
        theirs = install is not None and install.user_id != viewer.pk
        return _page(request, install_id, install=None if theirs else install, taken=theirs)
    try:
        install = installs.connect(viewer, install_id, actor_of(request))
    except installs.NotYours:
        return _page(request, install_id, install=None, taken=True)
    return _page(request, install_id, install=install, taken=False)


@require_POST
@login_required
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let one of one's own terminals upload no more."""
    install = Install.objects.of(viewer_of(request)).select_related("user").filter(pk=pk).first()
    if install is not None and installs.revoke(install, actor_of(request)):
        messages.success(request, f"The terminal {install} can no longer upload.")
    return redirect("account")


def _page(request: HttpRequest, install_id: UUID, *, install: Install | None, taken: bool) -> HttpResponse:
    context = {
        "install_id": install_id,
        "connected": install is not None and not install.is_revoked,
        "revoked": install is not None and install.is_revoked,
        "taken": taken,
        "portal": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "recordings/connect.html", context, status=409 if taken else 200)
