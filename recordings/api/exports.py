"""A terminal recording in other forms: asked for, followed while they are made, downloaded."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import exporting
from recordings.api.access import conflict, recording_or_404
from recordings.api.authentication import SignedIn
from recordings.api.errors import ProblemError
from recordings.api.schema import RANGES, problems
from recordings.audit import actor_of
from recordings.casts import CAST_TYPE
from recordings.media.terminal.encoding import TYPES
from recordings.models import Export, ExportForm, ExportStatus
from recordings.permissions import Can

SENT = (*TYPES.values(), CAST_TYPE)


class ExportIn(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=ExportForm.values)
    skip_idle = serializers.BooleanField(default=True, help_text="Show two seconds of idle time in a film.")


class ExportOut(serializers.ModelSerializer[Export]):
    format = serializers.CharField(source="form")
    progress = serializers.IntegerField(help_text="In per cent.")
    size_bytes = serializers.IntegerField(source="size", allow_null=True)
    url = serializers.SerializerMethodField(help_text="Of the file; empty until it is ready.")

    class Meta:
        model = Export
        fields = read_only_fields = [
            "id",
            "format",
            "skip_idle",
            "status",
            "progress",
            "error",
            "size_bytes",
            "url",
            "created_at",
            "expires_at",
        ]

    def get_url(self, export: Export) -> str:
        if export.status != ExportStatus.READY:
            return ""
        return reverse("api:export-file", args=[export.recording_id, export.pk])


class Exports(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"GET": Can.DOWNLOAD, "POST": Can.DOWNLOAD}

    @extend_schema(operation_id="list_exports", responses={200: ExportOut(many=True), **problems(401, 403, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """What a recording was exported as, or is being exported as."""
        exports: Any = recording_or_404(request, pk, Can.DOWNLOAD).exports.order_by("created_at", "pk")
        return Response(ExportOut(exports, many=True).data)

    @extend_schema(
        operation_id="create_export",
        request=ExportIn,
        responses={202: ExportOut, **problems(400, 401, 403, 404, 409, 429)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Have a video or a GIF made of a terminal recording, or a cast of version 2 or 3, and kept for a week.

        It is made in the background. Asked for again, the same one is told of. Ask for it by its id until it is
        `ready` or `failed`.
        """
        recording = recording_or_404(request, pk, Can.DOWNLOAD)
        given = ExportIn(data=request.data)
        given.is_valid(raise_exception=True)
        form, skip_idle = ExportForm(given.validated_data["format"]), given.validated_data["skip_idle"]
        try:
            export = exporting.order(recording, actor_of(request), form=form, skip_idle=skip_idle)
        except exporting.NotNow as error:
            raise conflict(error) from error
        except exporting.TooMany as error:
            raise ProblemError(429, str(error), headers={"Retry-After": "60"}) from error
        return Response(ExportOut(export).data, status=202)


class OneExport(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"GET": Can.DOWNLOAD, "DELETE": Can.DOWNLOAD}

    @extend_schema(operation_id="get_export", responses={200: ExportOut, **problems(401, 403, 404)})
    def get(self, request: Request, pk: UUID, export_id: UUID) -> Response:
        """How far one export is."""
        return Response(ExportOut(_export_or_404(request, pk, export_id)).data)

    @extend_schema(operation_id="delete_export", responses={204: None, **problems(401, 403, 404)})
    def delete(self, request: Request, pk: UUID, export_id: UUID) -> Response:
        """Remove an export, or stop making it."""
        exporting.withdraw(_export_or_404(request, pk, export_id), actor_of(request))
        return Response(status=204)


class ExportFile(APIView):
    permission_classes = [SignedIn]
    does: ClassVar = {"GET": Can.DOWNLOAD}

    @extend_schema(
        operation_id="download_export",
        parameters=[*RANGES],
        responses={
            **{(status, sent): OpenApiTypes.BINARY for sent in SENT for status in (200, 206)},
            302: None,
            304: None,
            **problems(401, 403, 404, 409, 412, 416),
        },
    )
    def get(self, request: Request, pk: UUID, export_id: UUID) -> HttpResponseBase:
        """The export as a file, whole or by `Range`. Object stores answer by redirect."""
        export = _export_or_404(request, pk, export_id)
        if export.status != ExportStatus.READY:
            raise ProblemError(409, "The export is not ready.")
        answer = exporting.download(request._request, export, actor_of(request))
        if answer.status_code == 412:
            raise ProblemError(412, "The export is another one by now.", headers={"ETag": answer["ETag"]})
        return answer

    @extend_schema(exclude=True)
    def head(self, request: Request, pk: UUID, export_id: UUID) -> HttpResponseBase:
        return self.get(request, pk, export_id)


def _export_or_404(request: Request, pk: UUID, export_id: UUID) -> Export:
    exports = recording_or_404(request, pk, Can.DOWNLOAD).exports
    export = exports.select_related("recording").filter(pk=export_id).first()
    if export is None:
        raise NotFound("There is no such export.")
    return export
