"""The switches, and the limits that are set where Sortie is started."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import policies
from recordings.admin.base import PortalAdmin
from recordings.audit import actor_of
from recordings.models import Policy
from recordings.permissions import Can, can
from recordings.policies import Switch


class PolicyAdmin(PortalAdmin[Policy]):
    """There is one policy: its list is its form."""

    fieldsets = (
        (None, {"fields": ("auto_record", "keep_input")}),
        (
            "Limits",
            {
                "fields": ("video_kept", "terminal_kept", "deleted_kept", "largest", "stored"),
                "description": "Set by environment variables where Sortie is started; a change needs a restart.",
            },
        ),
    )
    readonly_fields = ("video_kept", "terminal_kept", "deleted_kept", "largest", "stored")

    def has_change_permission(self, request: HttpRequest, obj: Policy | None = None) -> bool:
        return can(request.user, Can.ADMINISTER)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:recordings_policy_change", args=(1,)))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Policy | None:
        """The policy, also while nobody has saved one yet."""
        return Policy.current() if object_id == "1" else None

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: Any) -> None:
        for switch in Switch:
            if switch.value in form.changed_data:
                policies.turn(switch, actor_of(request), on=form.cleaned_data[switch.value])

    @admin.display(description="Video recordings")
    def video_kept(self, policy: Policy) -> SafeString:
        return _kept(settings.SORTIE_RECORDING_RETENTION_DAYS, "SORTIE_RECORDING_RETENTION_DAYS")

    @admin.display(description="Terminal recordings")
    def terminal_kept(self, policy: Policy) -> SafeString:
        return _kept(settings.SORTIE_TERMINAL_RETENTION_DAYS, "SORTIE_TERMINAL_RETENTION_DAYS")

    @admin.display(description="Deleted recordings")
    def deleted_kept(self, policy: Policy) -> SafeString:
        hours = settings.SORTIE_DELETED_KEEP_HOURS
        return _limit(f"can be restored for {hours} hours", "SORTIE_DELETED_KEEP_HOURS")

    @admin.display(description="Largest recording")
    def largest(self, policy: Policy) -> SafeString:
        return _limit(f"{settings.SORTIE_RECORDING_MAX_SIZE_MB:,} MB", "SORTIE_RECORDING_MAX_SIZE_MB")

    @admin.display(description="New recordings")
    def stored(self, policy: Policy) -> SafeString:
        if settings.SORTIE_RECORDING_STORAGE_BACKEND == "s3":
            place = f"go to the bucket {settings.SORTIE_RECORDING_S3_BUCKET}"
        else:
            place = f"go to {settings.SORTIE_RECORDING_STORAGE_PATH}"
        return _limit(place, "SORTIE_RECORDING_STORAGE_BACKEND")


def _kept(days: int, variable: str) -> SafeString:
    return _limit(f"are kept for {days} days" if days else "are kept for ever", variable)


def _limit(words: str, variable: str) -> SafeString:
    return format_html('{} <code class="variable">{}</code>', words, variable)
