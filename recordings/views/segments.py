"""A large terminal recording as its page plays it: an index, and segments."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from recordings import audit, watching
from recordings.audit import Actor
from recordings.models import Recording
from recordings.permissions import Can
from recordings.segments import NoSegments
from recordings.storage import ObjectMissing, StorageUnavailable
from recordings.views.access import recording_or_404

Give = Callable[[Recording, Actor], HttpResponseBase]


@require_safe
@login_required
def index(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    return _given(request, pk, lambda recording, by: watching.segment_index(request, recording, by))


@require_safe
@login_required
def part(request: HttpRequest, pk: UUID, number: int) -> HttpResponseBase:
    return _given(request, pk, lambda recording, by: watching.segment(request, recording, number, by))


def _given(request: HttpRequest, pk: UUID, give: Give) -> HttpResponseBase:
    """503 while the store is away, 410 if it has lost them, 404 where there are none, or others by now."""
    recording = recording_or_404(request, pk, Can.VIEW, for_sending=True)
    try:
        return give(recording, audit.actor_of(request))
    except StorageUnavailable:
        return HttpResponse(status=503)
    except ObjectMissing:
        return HttpResponse(status=410)
    except NoSegments:
        raise Http404 from None
