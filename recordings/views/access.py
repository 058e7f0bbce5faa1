"""How a page gets at its viewer and at a recording."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from recordings.models import Recording, User
from recordings.permissions import Can, can


def viewer_of(request: HttpRequest) -> User:
    """Who is signed in; views that call this have asked for it (`login_required`)."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def recording_or_404(
    request: HttpRequest, pk: UUID, action: Can = Can.VIEW, *, for_sending: bool = False
) -> Recording:
    """A recording of which the viewer may know; to others it does not exist."""
    viewer = viewer_of(request)
    visible = Recording.objects.visible_to(viewer)
    recording = (visible.for_sending() if for_sending else visible.for_display()).filter(pk=pk).first()
    if recording is None or not can(viewer, action, recording):
        raise Http404
    return recording
