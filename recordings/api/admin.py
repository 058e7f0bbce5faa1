"""The portal's switches, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import policies
from recordings.api.authentication import Admin
from recordings.api.schema import problems
from recordings.api.serializers import SettingsOut
from recordings.audit import actor_of
from recordings.models import Policy

AUTO_RECORD = "recording_auto_record"


class Settings(APIView):
    permission_classes = [Admin]

    @extend_schema(operation_id="get_settings", responses={200: SettingsOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """The switches; values are the strings "true" and "false"."""
        return Response({AUTO_RECORD: str(Policy.current().auto_record).lower()})

    @extend_schema(
        operation_id="change_settings", request=SettingsOut, responses={204: None, **problems(400, 401, 403)}
    )
    def put(self, request: Request) -> Response:
        """Turn a switch. It acts at once."""
        if not isinstance(request.data, dict) or set(request.data) != {AUTO_RECORD}:
            raise ValidationError(f'Send an object with the one setting there is, "{AUTO_RECORD}".')
        value = request.data[AUTO_RECORD]
        if not isinstance(value, str) or value not in ("true", "false"):
            raise ValidationError({AUTO_RECORD: 'must be the string "true" or "false".'})
        policies.set_auto_record(value == "true", actor_of(request))
        return Response(status=204)
