"""Recordings: list, read, edit, download, delete, restore, mark."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import audit, library, retention, watching
from recordings.api.access import conflict, recording_or_403, recording_or_404, user_of
from recordings.api.authentication import Admin, SignedIn
from recordings.api.errors import ProblemError
from recordings.api.paging import paged
from recordings.api.schema import PAGING, RANGES, problems
from recordings.api.serializers import ActivityOut, MarkerIn, MarkerOut, RecordingIn, RecordingOut
from recordings.audit import actor_of
from recordings.casts import Form
from recordings.filters import RecordingFilter
from recordings.models import Kind, Recording, Status
from recordings.permissions import Can
from recordings.transcripts import NoTranscript

FILTERS = [
    *PAGING,
    OpenApiParameter("status", str, many=True, enum=Status.values, description="One or more of them."),
    OpenApiParameter("kind", str, enum=Kind.values),
    OpenApiParameter("session", UUID),
    OpenApiParameter("since", OpenApiTypes.DATETIME, description="Created at this time or later."),
    OpenApiParameter("until", OpenApiTypes.DATETIME, description="Created before this time."),
    OpenApiParameter(
        "q",
        str,
        description="Words in title, notes, tags or session, or in what a terminal showed; see `/api/search`. "
        "A page may have fewer than `limit`, or none; the search goes on where its `Link` leads.",
    ),
]


def _listing(request: Request, rows: QuerySet[Recording]) -> Response:
    chosen = RecordingFilter(request.query_params, queryset=rows, request=request._request)
    if not chosen.is_valid():
        raise ValidationError(dict(chosen.errors))
    return paged(request, chosen.qs, lambda found: RecordingOut(found, many=True).data, question=chosen.question)


class Recordings(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="list_recordings",
        parameters=FILTERS,
        responses={200: RecordingOut(many=True), **problems(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """Your recordings, newest first."""
        return _listing(request, library.recordings_of(user_of(request)))


class AllRecordings(APIView):
    permission_classes = [Admin]

    @extend_schema(
        operation_id="list_all_recordings",
        parameters=FILTERS,
        responses={200: RecordingOut(many=True), **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Everyone's recordings, newest first."""
        return _listing(request, library.recordings_of(user_of(request), own=False))


class OneRecording(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="get_recording", responses={200: RecordingOut, **problems(401, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """Everything there is to know about a recording, but where its bytes are."""
        return Response(RecordingOut(recording_or_404(request, pk)).data)

    @extend_schema(
        operation_id="edit_recording", request=RecordingIn, responses={200: RecordingOut, **problems(400, 401, 404)}
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change title, notes or tags."""
        recording = recording_or_404(request, pk, Can.EDIT)
        given = RecordingIn(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(RecordingOut(library.edit(recording, actor_of(request), **given.validated_data)).data)

    @extend_schema(operation_id="delete_recording", responses={204: None, **problems(401, 403, 404, 409)})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a recording, whatever its status. It can be restored for a day, then its bytes are removed."""
        recording = recording_or_403(request, pk, Can.DELETE)
        try:
            retention.delete(recording, actor_of(request))
        except retention.OnHold as error:
            raise conflict(error) from error
        return Response(status=204)


class RestoreRecording(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="restore_recording", request=None, responses={200: RecordingOut, **problems(401, 404)}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Bring back a deleted recording."""
        user = user_of(request)
        deleted = Recording.objects.restorable_by(user, timezone.now()).filter(pk=pk).first()
        if deleted is None or not retention.restore(deleted, actor_of(request)):
            raise NotFound("There is no such recording to restore; its time may be over.")
        return Response(RecordingOut(recording_or_404(request, pk, Can.RESTORE)).data)


class DownloadRecording(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="download_recording",
        parameters=[
            OpenApiParameter("original", bool, description="Exactly the bytes that were uploaded."),
            OpenApiParameter("format", str, enum=[*Form, "webm"], description="One that there is of its kind."),
            *RANGES,
        ],
        responses={
            (200, "video/webm"): OpenApiTypes.BINARY,
            (206, "video/webm"): OpenApiTypes.BINARY,
            (200, "application/x-asciicast"): OpenApiTypes.BINARY,
            (206, "application/x-asciicast"): OpenApiTypes.BINARY,
            (200, "application/gzip"): OpenApiTypes.BINARY,
            (206, "application/gzip"): OpenApiTypes.BINARY,
            (200, "text/plain"): OpenApiTypes.BINARY,
            302: None,
            304: None,
            **problems(400, 401, 403, 404, 409, 412, 416),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The recording as a file, seekable; whole or by `Range`. Object stores answer by redirect."""
        original = request.query_params.get("original") in ("1", "true")
        recording = recording_or_403(request, pk, Can.DOWNLOAD, for_sending=not original)
        if recording.status != Status.READY:
            raise ProblemError(409, "Recording not ready")
        form = _form(request, recording)
        by = actor_of(request)
        try:
            answer = watching.download(request._request, recording, by, original=original, form=form)
        except NoTranscript as error:
            raise conflict(error) from error
        if answer.status_code == 412:
            raise ProblemError(412, "The recording is another one by now.", headers={"ETag": answer["ETag"]})
        return answer

    @extend_schema(exclude=True)
    def head(self, request: Request, pk: UUID) -> HttpResponseBase:
        return self.get(request, pk)


def _form(request: Request, recording: Recording) -> Form:
    """What `?format=` asks for. Raises 400 for what there is not."""
    asked = request.query_params.get("format", recording.extension)
    if recording.kind != Kind.TERMINAL and asked == recording.extension:
        return Form.CAST
    if recording.kind != Kind.TERMINAL or asked not in list(Form):
        known = list(Form) if recording.kind == Kind.TERMINAL else [recording.extension]
        raise ValidationError({"format": f"may be {', '.join(known)}."})
    return Form(asked)


class Markers(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="list_markers", responses={200: MarkerOut(many=True), **problems(401, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """The named moments of a recording, in order."""
        return Response(MarkerOut(recording_or_404(request, pk).markers.all(), many=True).data)

    @extend_schema(
        operation_id="create_marker", request=MarkerIn, responses={201: MarkerOut, **problems(400, 401, 404)}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Name a moment."""
        recording = recording_or_404(request, pk, Can.EDIT)
        given = MarkerIn(data=request.data)
        given.is_valid(raise_exception=True)
        at_ms = round(given.validated_data["at_seconds"] * 1000)
        marker = library.mark(recording, actor_of(request), at_ms=at_ms, label=given.validated_data["label"])
        return Response(MarkerOut(marker).data, status=201)


class OneMarker(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="delete_marker", responses={204: None, **problems(401, 404)})
    def delete(self, request: Request, pk: UUID, marker_id: UUID) -> Response:
        """Forget a named moment."""
        marker = recording_or_404(request, pk, Can.EDIT).markers.filter(pk=marker_id).first()
        if marker is None:
            raise NotFound("There is no such marker.")
        library.unmark(marker, actor_of(request))
        return Response(status=204)


class Activity(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="list_activity", responses={200: ActivityOut(many=True), **problems(401, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """Who watched, downloaded or changed a recording: the newest 500 events."""
        events: Any = audit.activity(recording_or_404(request, pk))[:500]
        return Response(ActivityOut(events, many=True).data)
