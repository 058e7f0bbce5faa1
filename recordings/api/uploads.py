"""Upload of a recording in one request."""

from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings.api import bodies
from recordings.api.access import NO_SUCH_RECORDING, recording_of_session, session_or_403
from recordings.api.authentication import SignedIn
from recordings.api.errors import ProblemError
from recordings.api.schema import problems
from recordings.api.serializers import RecordingIdIn, StatusOut, UploadIn
from recordings.audit import actor_of
from recordings.ingest import simple, staging, start
from recordings.media.errors import MediaError
from recordings.models import Recording, Session, Status
from recordings.permissions import Can


class FormBody(BaseParser):
    """Only tells the description of the API what is sent; the body is read by `bodies`."""

    media_type = "multipart/form-data"


class UploadRecording(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"POST": Can.CAPTURE}
    parser_classes = [FormBody]

    @extend_schema(
        operation_id="upload_recording",
        request={"multipart/form-data": UploadIn, "video/webm": bytes},
        parameters=[
            OpenApiParameter("recording_id", UUID, description="With a bare `video/webm` body instead of a form.")
        ],
        responses={
            200: StatusOut,
            202: StatusOut,
            **problems(400, 401, 403, 404, 411, 413, 415, 422, 507),
        },
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Send a recording's WebM file and have it made ready.

        200 says that it is ready. 202 says that all of it is safe on the portal, and that it will be ready once the
        store can be reached again. A recording that is ready already stays as it is.
        """
        session = session_or_403(request, pk, Can.CAPTURE)
        length = bodies.announced_length(request._request)
        media_type = request._request.content_type
        alive = partial(start.still_sending, session)
        if media_type == "multipart/form-data":
            fields, uploaded = bodies.take_form(request._request, length, alive)
        elif media_type in ("video/webm", "application/octet-stream"):
            fields = request._request.GET
            _recording_id(fields)
            uploaded = bodies.take_bare(request._request, length, alive)
        else:
            raise ProblemError(415, "Send the recording as multipart/form-data, or as video/webm by itself.")
        return _finish(request, session, fields, uploaded)


def _finish(request: Request, session: Session, fields: Any, uploaded: bodies.Uploaded | None) -> Response:
    try:
        recording_id = _recording_id(fields)
        if uploaded is None:
            raise ProblemError(400, bodies.NO_FILE)
        recording = recording_of_session(session, recording_id)
    except BaseException:
        if uploaded is not None:
            staging.drop(uploaded.arrived.upload_id)
        raise
    try:
        done = simple.complete(
            recording, uploaded.arrived, actor_of(request), simple.About(filename=uploaded.name or "")
        )
    except MediaError as error:
        raise bodies.refused(error) from error
    except Recording.DoesNotExist as error:
        raise NotFound(NO_SUCH_RECORDING) from error
    return Response({"status": done.status}, status=200 if done.status == Status.READY else 202)


def _recording_id(fields: Any) -> UUID:
    given = RecordingIdIn(data=fields)
    given.is_valid(raise_exception=True)
    value: UUID = given.validated_data["recording_id"]
    return value
