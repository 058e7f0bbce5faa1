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

from recordings import audit, segments, watching
from recordings.models import ExportForm, Kind, Recording, Status
from recordings.permissions import Can
from recordings.storage import ObjectMissing, StorageUnavailable
from recordings.views.access import recording_or_404

EVENTS = 50
IDLE_MS = 2_000


# media-chrome writes <style> into the shadow roots of its controls and has no other way: without 'unsafe-inline'
# for style elements Chromium shows none of them. Style attributes and every script stay under the strict policy.
_CONTROLS = {"style-src-elem": [SELF, UNSAFE_INLINE]}
# asciinema-player's terminal is a WebAssembly module, which without this stays blank and says nothing.
_TERMINAL = {**_CONTROLS, "script-src": ["'wasm-unsafe-eval'"]}


@never_cache
@require_safe
@login_required
def player(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Watch a recording and read what is known of it."""
    recording = recording_or_404(request, pk)
    return player_page(
        request,
        "recordings/player/page.html",
        recording,
        events=audit.activity(recording)[:EVENTS],
        markers=recording.markers.all(),
        hours=settings.SORTIE_DELETED_KEEP_HOURS,
        reads=recording.kind == Kind.TERMINAL and recording.status == Status.READY,
    )


def player_page(request: HttpRequest, template: str, recording: Recording, **context: Any) -> HttpResponseBase:
    """A page that plays the recording, under the policy its player needs."""
    is_terminal = recording.kind == Kind.TERMINAL and recording.status == Status.READY
    if is_terminal:
        context |= {
            "gaps": gaps_of(recording),
            "segmented": segments.has(recording),
            "films": [(form.value, form.label) for form in ExportForm if form.is_film],
        }

    @csp_update(_TERMINAL if is_terminal else _CONTROLS)
    def page(request: HttpRequest) -> HttpResponseBase:
        return render(request, template, {"recording": recording, **context})

    return page(request)


def gaps_of(recording: Recording) -> list[dict[str, float]]:
    """The longest gaps in which nothing happens, `start` and `length` in thousandths of the recording."""
    whole = recording.duration_ms or 1
    return [
        {"start": round(start / whole * 1000, 1), "length": round(length / whole * 1000, 1)}
        for start, length in recording.terminal.idle
        if length > IDLE_MS
    ]


@require_safe
@login_required
def media(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The bytes the page plays, by ranges; 503 while the store is away, 410 if it has lost them."""
    recording = recording_or_404(request, pk, Can.VIEW, for_sending=True)
    if recording.status != Status.READY:
        raise Http404
    try:
        return watching.watch(request, recording, audit.actor_of(request))
    except StorageUnavailable:
        return HttpResponse(status=503)
    except ObjectMissing:
        return HttpResponse(status=410)
