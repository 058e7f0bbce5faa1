"""How a view gets at an object: by the policy, or not at all."""

from uuid import UUID

from django.http import HttpRequest
from rest_framework.exceptions import NotFound, PermissionDenied

from recordings.api.errors import ProblemError
from recordings.models import Recording, Session, User
from recordings.permissions import Can, can

NO_RECORDING = "There is no such recording."
NO_SESSION = "There is no such session."
NO_SUCH_RECORDING = "This session has no such recording."


def user_of(request: HttpRequest) -> User:
    """The signed-in user; views that call this are closed to others."""
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    return user


def recording_or_404(request: HttpRequest, pk: UUID, action: Can = Can.VIEW) -> Recording:
    """A recording of which the caller may know; to others it does not exist."""
    recording = Recording.objects.visible_to(user_of(request)).for_display().filter(pk=pk).first()
    if recording is None or not can(user_of(request), action, recording):
        raise NotFound(NO_RECORDING)
    return recording


def recording_or_403(request: HttpRequest, pk: UUID, action: Can, *, for_sending: bool = False) -> Recording:
    """The same for routes whose clients expect 403 for what is somebody else's."""
    there = Recording.objects.filter(pk=pk, deleted_at=None)
    recording = (there.for_sending() if for_sending else there.for_display()).first()
    if recording is None:
        raise NotFound(NO_RECORDING)
    if not can(user_of(request), action, recording):
        raise PermissionDenied("This recording is not yours.")
    return recording


def session_or_404(request: HttpRequest, pk: UUID, action: Can = Can.VIEW) -> Session:
    session = Session.objects.visible_to(user_of(request)).select_related("owner").filter(pk=pk).first()
    if session is None or not can(user_of(request), action, session):
        raise NotFound(NO_SESSION)
    return session


def session_or_403(request: HttpRequest, pk: UUID, action: Can) -> Session:
    session = Session.objects.select_related("owner").filter(pk=pk).first()
    if session is None:
        raise NotFound(NO_SESSION)
    if not can(user_of(request), action, session):
        raise PermissionDenied("This session is not yours.")
    return session


def recording_of_session(session: Session, recording_id: UUID) -> Recording:
    """The recording of a body's `recording_id`, which counts only within the session of the address."""
    recording = Recording.objects.filter(pk=recording_id, session=session, deleted_at=None).first()
    if recording is None:
        raise NotFound(NO_SUCH_RECORDING)
    return recording


def conflict(error: Exception) -> ProblemError:
    return ProblemError(409, str(error))
