"""The pictures of a recording: its poster, and what shows when one points at a moment of it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from recordings import enrich
from recordings.models import PictureKind
from recordings.permissions import Can
from recordings.storage import ObjectMissing, StorageUnavailable
from recordings.views.access import recording_or_404

# Their addresses change when they are made anew (see `version` in pages), so that a browser may keep them.
_KEPT = "private, max-age=86400"


@require_safe
@login_required
def poster(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _picture(request, pk, PictureKind.POSTER)


@require_safe
@login_required
def storyboard(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _picture(request, pk, PictureKind.STORYBOARD)


@require_safe
@login_required
def storyboard_track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Which part of the storyboard shows which moment, as WebVTT."""
    recording = recording_or_404(request, pk, Can.VIEW)
    address = f"{reverse('storyboard', args=[pk])}?{request.GET.urlencode()}"
    track = enrich.storyboard_track(recording, address=address.rstrip("?"))
    if track is None:
        raise Http404
    return HttpResponse(track, content_type="text/vtt; charset=utf-8", headers=_headers())


def _picture(request: HttpRequest, pk: UUID, kind: PictureKind) -> HttpResponse:
    recording = recording_or_404(request, pk, Can.VIEW)
    try:
        jpeg = enrich.picture(recording, kind)
    except StorageUnavailable:
        return HttpResponse(status=503)
    except (enrich.NoPictures, ObjectMissing):
        raise Http404 from None
    return HttpResponse(jpeg, content_type="image/jpeg", headers=_headers())


def _headers() -> dict[str, str]:
    return {
        "Cache-Control": _KEPT,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
