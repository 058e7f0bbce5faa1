"""Sessions, and the capture of a recording in one."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import desktops, library
from recordings.api.access import conflict, recording_of_session, session_or_403, session_or_404, user_of
from recordings.api.authentication import SignedIn
from recordings.api.paging import paged
from recordings.api.schema import PAGING, problems
from recordings.api.serializers import RecordingIdIn, SessionIn, SessionOut, StartedOut, StatusOut
from recordings.audit import actor_of
from recordings.ingest import start
from recordings.models import Policy, Session, User
from recordings.models.session import SessionKind
from recordings.permissions import Can, can


def _shown(session: Session) -> dict[str, object]:
    return dict(SessionOut(session, context={"policy": Policy.current()}).data)


class Sessions(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.CREATE_SESSION}

    @extend_schema(
        operation_id="list_sessions",
        parameters=PAGING,
        responses={200: SessionOut(many=True), **problems(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """Your sessions, newest first; an admin's list has everyone's."""
        context = {"policy": Policy.current()}
        return paged(
            request,
            library.sessions_of(user_of(request)),
            lambda rows: SessionOut(rows, many=True, context=context).data,
        )

    @extend_schema(
        operation_id="create_session", request=SessionIn, responses={201: SessionOut, **problems(400, 401, 403)}
    )
    def post(self, request: Request) -> Response:
        """Register a session. It is running unless `status` says otherwise."""
        given = SessionIn(data=request.data)
        given.is_valid(raise_exception=True)
        facts = dict(given.validated_data)
        user = user_of(request)
        if facts["target"] and facts["kind"] == SessionKind.DESKTOP and not can(user, Can.NAME_DESKTOP):
            raise PermissionDenied("Only an admin may say where a desktop is.")
        owner = _owner(user, facts.pop("user_id", None))
        try:
            session = start.open_session(owner=owner, by=actor_of(request), **facts)
        except desktops.BadTarget as error:
            raise ValidationError({"target": str(error)}) from error
        return Response(_shown(session), status=201)


def _owner(user: User, named: UUID | None) -> User:
    if named is None or named == user.pk:
        return user
    if not can(user, Can.ACT_FOR_OTHERS):
        raise PermissionDenied("Only an admin may open a session for somebody else.")
    owner = User.objects.filter(pk=named, is_active=True).first()
    if owner is None:
        raise ValidationError({"user_id": "There is no such user."})
    return owner


class OneSession(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="get_session", responses={200: SessionOut, **problems(401, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """One session. While auto-record is on it says `recording_policy: "auto"`."""
        return Response(_shown(session_or_404(request, pk)))


class StopSession(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.STOP}

    @extend_schema(operation_id="stop_session", request=None, responses={200: SessionOut, **problems(401, 404)})
    def post(self, request: Request, pk: UUID) -> Response:
        """End a session. What was recorded in it can still be stopped and uploaded."""
        session = session_or_404(request, pk, Can.STOP)
        return Response(_shown(start.close_session(session, actor_of(request))))


class StartRecording(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.CAPTURE}

    @extend_schema(
        operation_id="start_recording", request=None, responses={201: StartedOut, **problems(401, 403, 404, 409)}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Begin a recording in a running session. A session may have any number of them."""
        session = session_or_403(request, pk, Can.CAPTURE)
        try:
            recording = start.start(session, actor_of(request))
        except start.NotRunning as error:
            raise conflict(error) from error
        return Response({"recording_id": str(recording.pk), "status": recording.status}, status=201)


class StopRecording(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.CAPTURE}

    @extend_schema(
        operation_id="stop_recording",
        request=RecordingIdIn,
        responses={200: StatusOut, **problems(400, 401, 403, 404)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """The capture is over; its bytes are to be uploaded. Changes nothing when done twice."""
        session = session_or_403(request, pk, Can.CAPTURE)
        given = RecordingIdIn(data=request.data)
        given.is_valid(raise_exception=True)
        recording = recording_of_session(session, given.validated_data["recording_id"])
        return Response({"status": start.stop(recording, actor_of(request)).status})
