"""What people work in, and what was recorded of it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings.admin import columns, filters
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.admin.base import address
from recordings.admin.lists import SessionList
from recordings.audit import Actor
from recordings.ingest.start import close_session
from recordings.models import Session, SessionStatus
from recordings.permissions import Can


def _stop(session: Session, by: Actor, reason: str) -> None:
    if session.status == SessionStatus.STOPPED:
        raise Refused("It has already ended.")
    close_session(session, by)


STOP = Act[Session](
    name="stop",
    label="Stop",
    icon="stop",
    can=Can.STOP,
    do=_stop,
    fits=lambda session: session.status != SessionStatus.STOPPED,
    one="“{name}” was stopped.",
    many="{count} sessions were stopped.",
    question="Stop {it}?",
    explained="No new recording can be started in it. What is being recorded can still be finished and uploaded.",
    destroys=True,
)


class SessionAdmin(ActingAdmin[Session]):
    acts = (STOP,)
    list_display = (
        "action_checkbox",
        "short_id",
        "called",
        "user",
        "kind",
        "target",
        "status",
        "recorded",
        "created",
    )
    list_display_links = ("short_id", "called")
    list_select_related = ("owner",)
    list_filter = (filters.BySessionStatus, "kind", filters.ByUser, filters.ByDate)
    search_fields = ("title",)
    search_help_text = "ID, title, application, target or user"
    fields = ("whole_id", "title", "app_id", "user", "kind", "target", "status", "created", "stopped", "recorded")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return Session.objects.visible_to(request.user)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SessionList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Session], bool]:
        """All of them: the list itself does the looking (recordings.admin.lists.Searched)."""
        return queryset, False

    @admin.display(description="ID")
    def short_id(self, session: Session) -> SafeString:
        return columns.short(session.pk)

    @admin.display(description="ID")
    def whole_id(self, session: Session) -> SafeString:
        return format_html("<code>{}</code>", session.pk)

    @admin.display(description="Title")
    def called(self, session: Session) -> str:
        return str(session)

    @admin.display(description="User")
    def user(self, session: Session) -> str:
        return session.owner.username

    @admin.display(description="Recordings")
    def recorded(self, session: Session) -> SafeString:
        return format_html('<a href="{}">Recordings</a>', address("recording", session=session.pk))

    @admin.display(description="Started")
    def created(self, session: Session) -> SafeString | str:
        return columns.when(session.created_at)

    @admin.display(description="Ended")
    def stopped(self, session: Session) -> SafeString | str:
        return columns.when(session.stopped_at)
