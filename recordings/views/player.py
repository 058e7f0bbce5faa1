"""The page of one recording, and the media it plays."""

from typing import Any
from uuid import UUID

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recordings import audit, watching
from recordings.models import Status
from recordings.permissions import Can
from recordings.storage import ObjectMissing, StorageUnavailable
from recordings.views.access import recording_or_404

EVENTS = 50


# media-chrome writes <style> into the shadow roots of its controls and has no other way: without 'unsafe-inline'
# for style elements Chromium shows none of them. Style attributes and every script stay under the strict policy.
_styles_of_controls = csp_update({"style-src-elem": [SELF, UNSAFE_INLINE]})


@_styles_of_controls  # type: ignore[arg-type]  # its types know no view with an address
@never_cache
@require_safe
@login_required
def player(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Watch a recording and read what is known of it."""
    recording = recording_or_404(request, pk)
    context: dict[str, Any] = {
        "recording": recording,
        "events": audit.activity(recording)[:EVENTS],
        "markers": recording.markers.all(),
        "hours": settings.SORTIE_DELETED_KEEP_HOURS,
    }
    return render(request, "recordings/player/page.html", context)


@require_safe
@login_required
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The bytes the page plays, by ranges; 503 while the store is away, 410 if it has lost them."""
    recording = recording_or_404(request, pk, Can.VIEW)
    if recording.status != Status.READY:
        raise Http404
    try:
        return watching.watch(request, recording, audit.actor_of(request))
    except StorageUnavailable:
        return HttpResponse(status=503)
    except ObjectMissing:
        return HttpResponse(status=410)
