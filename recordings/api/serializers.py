"""The JSON of the API: what goes out, field by field, and what may come in."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from recordings.library import MOST_TAGS
from recordings.models import AuditEvent, Marker, Policy, Recording, Session, SessionStatus, Status, Terminal
from recordings.models.session import SessionKind
from recordings.search.finding import Hit
from recordings.titles import clean_title


class LoginIn(serializers.Serializer[Any]):
    username = serializers.CharField(min_length=1, max_length=150)
    password = serializers.CharField(min_length=1, max_length=1000, trim_whitespace=False)


class UserOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class LoginOut(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the token ends.")
    user = UserOut()


class SessionIn(serializers.Serializer[Any]):
    app_id = serializers.CharField(min_length=1, max_length=100)
    kind = serializers.ChoiceField(choices=SessionKind.choices, default=SessionKind.DESKTOP)
    title = serializers.CharField(max_length=200, allow_blank=True, default="")
    target = serializers.CharField(
        max_length=255,
        allow_blank=True,
        default="",
        help_text="Of a desktop its VNC server, host:port or the path of a socket; only an admin may give one.",
    )
    password = serializers.CharField(
        max_length=64, allow_blank=True, default="", write_only=True, help_text="The VNC server's, kept encrypted."
    )
    status = serializers.ChoiceField(choices=SessionStatus.choices, default=SessionStatus.RUNNING)
    user_id = serializers.UUIDField(required=False, help_text="Whose session it is; only an admin may say so.")

    def validate_app_id(self, value: str) -> str:
        if not clean_title(value):
            raise serializers.ValidationError("This field may not be blank.", code="blank")
        return value


class SessionOut(serializers.ModelSerializer[Session]):
    user_id = serializers.UUIDField(source="owner_id")
    username = serializers.CharField(source="owner.username")
    recording_policy = serializers.ChoiceField(
        choices=["auto"], required=False, help_text='"auto" while auto-record is on; not there otherwise.'
    )

    class Meta:
        model = Session
        fields = [
            "id",
            "app_id",
            "kind",
            "title",
            "target",
            "status",
            "user_id",
            "username",
            "created_at",
            "stopped_at",
            "recording_policy",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Session) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        policy: Policy = self.context["policy"]
        return {**data, "recording_policy": "auto"} if policy.auto_record else data


class TerminalOut(serializers.ModelSerializer[Terminal]):
    user = serializers.CharField(source="login", help_text="Who worked there, by their name on the host.")
    session_id = serializers.CharField(source="reference", help_text="The recorder's own id of the session.")

    class Meta:
        model = Terminal
        fields = [
            "host",
            "host_id",
            "user",
            "session_id",
            "command",
            "shell",
            "agent",
            "recorded_at",
            "exit_status",
            "command_count",
            "events",
            "input_removed",
        ]


class RecordingOut(serializers.ModelSerializer[Recording]):
    session_id = serializers.UUIDField()
    user_id = serializers.UUIDField(source="owner_id")
    username = serializers.CharField(source="owner.username")
    format = serializers.CharField(source="extension")
    duration_seconds = serializers.SerializerMethodField()
    sha256 = serializers.SerializerMethodField(help_text="Of the bytes as they were uploaded.")
    error = serializers.SerializerMethodField(help_text="Why it failed or is incomplete.")
    storage_backend = serializers.SerializerMethodField()
    tags = serializers.SlugRelatedField[Any](many=True, read_only=True, slug_field="name")
    expires_at = serializers.DateTimeField(allow_null=True)
    terminal = serializers.SerializerMethodField(help_text="Of a terminal recording that is ready, else null.")

    class Meta:
        model = Recording
        fields = [
            "id",
            "session_id",
            "user_id",
            "username",
            "title",
            "filename",
            "kind",
            "format",
            "size_bytes",
            "duration_seconds",
            "width",
            "height",
            "sha256",
            "status",
            "incomplete",
            "error",
            "tags",
            "notes",
            "storage_backend",
            "created_at",
            "completed_at",
            "expires_at",
            "on_hold",
            "terminal",
        ]
        read_only_fields = fields

    @extend_schema_field(TerminalOut(allow_null=True))
    def get_terminal(self, recording: Recording) -> Any:
        there = getattr(recording, "terminal", None)
        return TerminalOut(there).data if there else None

    def get_duration_seconds(self, recording: Recording) -> float | None:
        return None if recording.duration_ms is None else recording.duration_ms / 1000

    def get_sha256(self, recording: Recording) -> str | None:
        return recording.sha256 or None

    def get_error(self, recording: Recording) -> str | None:
        return recording.error or None

    def get_storage_backend(self, recording: Recording) -> str | None:
        return recording.storage_backend or None


class RecordingIn(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, allow_blank=True, required=False)
    notes = serializers.CharField(max_length=10_000, allow_blank=True, required=False, trim_whitespace=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=50), max_length=MOST_TAGS, required=False)


class RecordingIdIn(serializers.Serializer[Any]):
    recording_id = serializers.UUIDField()


@extend_schema_field(OpenApiTypes.BINARY)
class SentFile(serializers.FileField):
    """A file of a form, which the description would else take for the address of one."""


class UploadIn(RecordingIdIn):
    duration = serializers.FloatField(required=False, help_text="Accepted and ignored: Sortie measures it.")
    file = SentFile(help_text="A WebM file.")


class TerminalIn(serializers.Serializer[Any]):
    file = SentFile(required=False, help_text="The .cast or .cast.gz file.")
    title = serializers.CharField(max_length=200, allow_blank=True, default="")
    sidecar = serializers.CharField(
        allow_blank=True,
        default="",
        trim_whitespace=False,
        help_text="What its recorder says of it, as JSON.",
    )


class StatusOut(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=Status.choices)


class StartedOut(StatusOut):
    recording_id = serializers.UUIDField()


class MarkerIn(serializers.Serializer[Any]):
    at_seconds = serializers.FloatField(min_value=0, max_value=86_400)
    label = serializers.CharField(max_length=200, allow_blank=True, default="")  # type: ignore[assignment]


class MarkerOut(serializers.ModelSerializer[Marker]):
    at_seconds = serializers.SerializerMethodField()

    class Meta:
        model = Marker
        fields = read_only_fields = ["id", "at_seconds", "label"]

    def get_at_seconds(self, marker: Marker) -> float:
        return marker.at_ms / 1000


class TranscriptIn(serializers.Serializer[Any]):
    at = serializers.FloatField(
        min_value=0, max_value=10_000_000, required=False, help_text="Seconds: the page with what was shown then."
    )
    q = serializers.CharField(max_length=500, required=False, help_text="Only lines that say this.")


class LineOut(serializers.Serializer[Any]):
    at_seconds = serializers.SerializerMethodField()
    text = serializers.CharField()
    marks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="With `q`, where it is said: [start, end] in the text.",
    )

    def get_at_seconds(self, line: Hit) -> float | None:
        return None if line.at_ms is None else line.at_ms / 1000


class HitOut(LineOut):
    field = serializers.CharField(
        help_text="Of what is written about the recording, such as `title` or `notes`; empty for what was shown."
    )


class FoundOut(serializers.Serializer[Any]):
    recording = RecordingOut()
    hits = HitOut(many=True)
    more = serializers.BooleanField(help_text="Whether there are more lines in it that say it.")


class ActivityOut(serializers.ModelSerializer[AuditEvent]):
    who = serializers.CharField(source="actor_name", help_text="Empty: Sortie itself.")
    detail = serializers.DictField(help_text="What else is known of it.")

    class Meta:
        model = AuditEvent
        fields = read_only_fields = ["at", "action", "who", "address", "detail"]


class SettingsOut(serializers.Serializer[Any]):
    recording_auto_record = serializers.ChoiceField(choices=["true", "false"])
    recording_keep_input = serializers.ChoiceField(choices=["true", "false"])


class SettingsIn(serializers.Serializer[Any]):
    recording_auto_record = serializers.ChoiceField(choices=["true", "false"], required=False)
    recording_keep_input = serializers.ChoiceField(choices=["true", "false"], required=False)


class ProblemOut(serializers.Serializer[Any]):
    """RFC 9457."""

    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False, help_text="Of a request with wrong fields: what is wrong with each."
    )
