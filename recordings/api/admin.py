"""The portal's switches, for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import policies
from recordings.api.authentication import Admin
from recordings.api.schema import problems
from recordings.api.serializers import SettingsIn, SettingsOut
from recordings.audit import actor_of
from recordings.models import Policy
from recordings.policies import Switch

NAMES = {f"recording_{switch}": switch for switch in Switch}


class Settings(APIView):
    permission_classes = [Admin]

    @extend_schema(operation_id="get_settings", responses={200: SettingsOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """The switches; values are the strings "true" and "false"."""
        policy = Policy.current()
        return Response({name: str(getattr(policy, switch)).lower() for name, switch in NAMES.items()})

    @extend_schema(
        operation_id="change_settings", request=SettingsIn, responses={204: None, **problems(400, 401, 403)}
    )
    def put(self, request: Request) -> Response:
        """Turn switches. They act at once."""
        given = request.data
        if not isinstance(given, dict) or not given or set(given) - set(NAMES):
            raise ValidationError("Send an object with one or more of " + ", ".join(f'"{name}"' for name in NAMES))
        for name, value in given.items():
            if not isinstance(value, str) or value not in ("true", "false"):
                raise ValidationError({name: 'must be the string "true" or "false".'})
        for name, value in given.items():
            policies.turn(NAMES[name], actor_of(request), on=value == "true")
        return Response(status=204)
