"""Upload of a terminal recording in one request."""

from typing import Any, ClassVar

from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from recordings.api import bodies
from recordings.api.access import user_of
from recordings.api.errors import ProblemError
from recordings.api.recordings import Recordings
from recordings.api.schema import MADE, problems
from recordings.api.serializers import RecordingOut, TerminalIn
from recordings.api.uploads import FormBody
from recordings.audit import actor_of
from recordings.ingest import simple, staging
from recordings.ingest.sidecars import BadSidecar, parsed
from recordings.media.errors import MediaError
from recordings.models import Kind, Recording
from recordings.permissions import Can

BARE = ("application/x-asciicast", "application/gzip", "application/octet-stream")


class RecordingsAndTerminals(Recordings):
    """The list of recordings, to which terminal recordings can be added."""

    does: ClassVar = {"POST": Can.CAPTURE}
    parser_classes = [FormBody]

    @extend_schema(
        operation_id="upload_terminal_recording",
        request={"multipart/form-data": TerminalIn, "application/x-asciicast": bytes, "application/gzip": bytes},
        parameters=[
            *MADE,
            OpenApiParameter("title", str, description="With a bare body instead of a form."),
            OpenApiParameter("sidecar", str, description="Likewise."),
        ],
        responses={201: RecordingOut, **problems(400, 401, 411, 413, 415, 422, 507)},
    )
    def post(self, request: Request) -> Response:
        """Send a terminal recording: an asciicast of version 1, 2 or 3, plain or gzip, with its sidecar if any.

        It is mostly `ready` in the answer. Large ones are `uploading`: all of them is safe on the portal, and they
        become ready by themselves, or fail with the reason. One with a wrong line is refused with its number; one
        that is only cut off is taken up to its last whole event and marked incomplete.
        """
        length = bodies.announced_length(request._request)
        fields: QueryDict = request._request.GET
        uploaded: bodies.Uploaded | None
        if request._request.content_type == "multipart/form-data":
            fields, uploaded = bodies.take_form(request._request, length, kind=Kind.TERMINAL)
        elif request._request.content_type in BARE:
            uploaded = bodies.take_bare(request._request, length, kind=Kind.TERMINAL)
        else:
            raise ProblemError(415, "Send the recording as multipart/form-data, or as application/x-asciicast.")
        if uploaded is None:
            raise ProblemError(400, bodies.NO_FILE)
        recording = received(request, uploaded, fields)
        address = reverse("api:recording", args=[recording.pk])
        return Response(RecordingOut(recording).data, status=201, headers={"Location": address})


def received(request: Request, uploaded: bodies.Uploaded, fields: Any) -> Recording:
    """The recording made of a file that has arrived. Raises ProblemError."""
    try:
        given = TerminalIn(data={name: fields[name] for name in ("title", "sidecar") if name in fields})
        given.is_valid(raise_exception=True)
        sidecar = parsed(given.validated_data["sidecar"])
    except BadSidecar as error:
        staging.drop(uploaded.arrived.upload_id)
        raise ProblemError(400, str(error)) from error
    except BaseException:
        staging.drop(uploaded.arrived.upload_id)
        raise
    about = simple.About(uploaded.name or "", given.validated_data["title"], sidecar)
    try:
        made = simple.receive(uploaded.arrived, actor_of(request), about)
    except MediaError as error:
        raise bodies.refused(error) from error
    return Recording.objects.visible_to(user_of(request)).for_display().get(pk=made.pk)
