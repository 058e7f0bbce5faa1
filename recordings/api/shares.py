"""Share links of a recording: made, listed with their use, revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import sharing
from recordings.api.access import conflict, recording_or_404
from recordings.api.authentication import SignedIn
from recordings.api.schema import problems
from recordings.audit import actor_of
from recordings.models import ShareLink
from recordings.permissions import Can


class ShareIn(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        min_value=1,
        max_value=sharing.LONGEST.days,
        default=sharing.PRESET.days,
        help_text="How long it leads there.",
    )
    password = serializers.CharField(
        max_length=1000, allow_blank=True, default="", trim_whitespace=False, write_only=True
    )
    can_download = serializers.BooleanField(default=False)
    view_limit = serializers.IntegerField(min_value=1, max_value=1_000_000, allow_null=True, default=None)


class ShareOut(serializers.ModelSerializer[ShareLink]):
    author = serializers.CharField(source="author.username", default="")
    has_password = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=["open", "used up", "expired", "revoked"])

    class Meta:
        model = ShareLink
        fields = [
            "id",
            "state",
            "author",
            "created_at",
            "expires_at",
            "has_password",
            "can_download",
            "view_limit",
            "views",
            "downloads",
            "last_used_at",
        ]

    def get_has_password(self, link: ShareLink) -> bool:
        return bool(link.password)


class NewShareOut(ShareOut):
    url = serializers.SerializerMethodField(help_text="Told this once: only its hash is kept.")

    class Meta(ShareOut.Meta):
        fields = ["url", *ShareOut.Meta.fields]

    def get_url(self, link: ShareLink) -> str:
        return str(self.context["url"])


class Shares(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="list_shares", responses={200: ShareOut(many=True), **problems(401, 403, 404)})
    def get(self, request: Request, pk: UUID) -> Response:
        """The links to a recording and how they were used, newest first."""
        links: Any = (
            recording_or_404(request, pk).shares.select_related("author").order_by("-created_at", "-id")[:200]
        )
        return Response(ShareOut(links, many=True).data)

    @extend_schema(
        operation_id="create_share",
        request=ShareIn,
        responses={201: NewShareOut, **problems(400, 401, 403, 404, 409)},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Make a link by which anybody who has it can watch, with no account, until it ends."""
        recording = recording_or_404(request, pk, Can.SHARE)
        given = ShareIn(data=request.data)
        given.is_valid(raise_exception=True)
        facts = dict(given.validated_data)
        try:
            link, secret = sharing.create(
                recording, actor_of(request), lasts=timedelta(days=facts.pop("days")), **facts
            )
        except sharing.BadLink as error:
            raise conflict(error) from error
        url = request.build_absolute_uri(reverse("shared", args=[secret]))
        return Response(NewShareOut(link, context={"url": url}).data, status=201)


class OneShare(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="revoke_share", responses={204: None, **problems(401, 403, 404)})
    def delete(self, request: Request, pk: UUID, share_id: UUID) -> Response:
        """Have a link lead nowhere from now on, for those too who are watching by it."""
        link = (
            recording_or_404(request, pk, Can.SHARE).shares.select_related("recording").filter(pk=share_id).first()
        )
        if link is None:
            raise NotFound("There is no such link.")
        sharing.revoke(link, actor_of(request))
        return Response(status=204)
