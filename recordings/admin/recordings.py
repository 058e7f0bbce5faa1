"""Everybody's recordings: the list, and the page of one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import audit, enrich, library, retention
from recordings.admin import columns, filters, words
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.admin.base import address
from recordings.admin.lists import RecordingList
from recordings.admin.recording_form import RecordingForm
from recordings.audit import Actor, actor_of
from recordings.ingest import finish
from recordings.models import Kind, Recording, Status
from recordings.permissions import Can, can
from recordings.templatetags.sortie import clock, megabytes

EVENTS = 25
FACTS = ("status_signs", "user", "session_link", "created", "completed", "length", "size", "picture")
KEEPING = ("hold", "kept", "storage", "key", "checksum", "upload_name", "whole_id")


# --- What can be done ------------------------------------------------------------------------------------------


def _delete(recording: Recording, by: Actor, reason: str) -> None:
    try:
        retention.delete(recording, by)
    except retention.OnHold as held:
        raise Refused(str(held)) from held


def _restore(recording: Recording, by: Actor, reason: str) -> None:
    if not retention.restore(recording, by):
        raise Refused("It is not deleted, or the time to restore it is over.")


def _hold(recording: Recording, by: Actor, reason: str) -> None:
    if not retention.hold(recording, by, reason=reason):
        raise Refused("It is deleted, and the time to restore it is over.")


def _release(recording: Recording, by: Actor, reason: str) -> None:
    if not recording.on_hold:
        raise Refused("It is not on hold.")
    retention.release(recording, by)


def _make_pictures(recording: Recording, by: Actor, reason: str) -> None:
    with transaction.atomic():
        enrich.order(recording)


def _reprocess(recording: Recording, by: Actor, reason: str) -> None:
    try:
        finish.retry(recording, by)
    except finish.NothingToRetry as error:
        raise Refused(str(error)) from error


DELETE = Act[Recording](
    name="delete",
    label="Delete",
    icon="delete",
    can=Can.DELETE,
    do=_delete,
    fits=lambda recording: not recording.deleted_at and not recording.on_hold,
    one="“{name}” was deleted. It can be restored for {hours} hours.",
    many="{count} recordings were deleted. They can be restored for {hours} hours.",
    question="Delete {it}?",
    explained="What is deleted disappears at once, for its owner too. Until the time below it can be restored; "
    "after that its bytes are removed for good. What is on hold stays.",
    destroys=True,
)
ACTS: tuple[Act[Recording], ...] = (
    Act(
        name="hold",
        label="Put on hold",
        icon="hold",
        can=Can.HOLD,
        do=_hold,
        fits=lambda recording: not recording.on_hold,
        one="“{name}” is on hold.",
        many="{count} recordings are on hold.",
        question="Put {it} on hold?",
        explained="Neither the owner nor retention can remove what is on hold, until an admin releases it. "
        "The owner sees the reason.",
        needs_reason=True,
    ),
    Act(
        name="release",
        label="Release",
        icon="hold",
        can=Can.HOLD,
        do=_release,
        fits=lambda recording: recording.on_hold,
        one="“{name}” is no longer on hold.",
        many="{count} recordings are no longer on hold.",
    ),
    Act(
        name="restore",
        label="Restore",
        icon="restore",
        can=Can.RESTORE,
        do=_restore,
        fits=lambda recording: recording.deleted_at is not None,
        one="“{name}” is back.",
        many="{count} recordings are back.",
    ),
    Act(
        name="reprocess",
        label="Reprocess",
        icon="upload",
        can=Can.CAPTURE,
        do=_reprocess,
        fits=lambda recording: recording.status == Status.FAILED and recording.uploads.exists(),
        one="“{name}” is being put away again.",
        many="{count} recordings are being put away again.",
    ),
    Act(
        name="pictures",
        label="Make pictures again",
        icon="video",
        can=Can.EDIT,
        do=_make_pictures,
        fits=lambda recording: recording.kind == Kind.VIDEO and recording.status == Status.READY,
        one="The pictures of “{name}” are being made again.",
        many="The pictures of {count} recordings are being made again.",
    ),
    DELETE,
)


class RecordingAdmin(ActingAdmin[Recording]):
    acts = ACTS
    form = RecordingForm
    list_display = (
        *("action_checkbox", "short_id", "called", "session_link", "user"),
        *("kind_sign", "length", "size", "signs", "created"),
    )
    list_display_links = ("short_id", "called")
    list_select_related = ("session", "owner")
    list_filter = (
        filters.ByStatus,
        "kind",
        filters.Incomplete,
        filters.OnHold,
        filters.Deleted,
        filters.ByUser,
        filters.BySession,
        filters.ByDate,
        filters.ByStore,
    )
    search_fields = ("title",)  # shows the field; get_search_results decides what it finds
    search_help_text = "ID, title, session, user or tag"
    fieldsets = (
        (None, {"fields": ("title", "notes", "tags")}),
        ("Facts", {"fields": FACTS}),
        ("Keeping", {"fields": KEEPING}),
    )
    readonly_fields = (*FACTS, *KEEPING)
    change_form_template = "admin/recording.html"

    # --- Who may, and what is listed --------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recording]:
        everything = Recording.objects.administered_by(request.user)
        return everything.select_related("session", "owner").defer("original_head", "tail_saved")

    def has_change_permission(self, request: HttpRequest, obj: Recording | None = None) -> bool:
        if obj is None:
            return can(request.user, Can.ADMINISTER)
        return can(request.user, Can.EDIT, obj) and obj.deleted_at is None

    def has_delete_permission(self, request: HttpRequest, obj: Recording | None = None) -> bool:
        return can(request.user, Can.ADMINISTER) if obj is None else can(request.user, Can.DELETE, obj)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordingList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Recording], bool]:
        """All of them: the list itself does the looking (recordings.admin.lists.Searched)."""
        return queryset, False

    # --- Changes ----------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Recording, form: Any, change: Any) -> None:
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            library.edit(obj, actor_of(request), **changed)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's address for deleting one: the same question and the same answer as from the list."""
        recording = self.get_object(request, object_id)
        if recording is None:
            return HttpResponseRedirect(address("recording"))
        return self.ask_or_do(request, DELETE, [recording])

    def delete_model(self, request: HttpRequest, obj: Recording) -> None:
        self.delete_queryset(request, [obj])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """However Django comes to delete rows, they are hidden, and held ones stay."""
        for recording in queryset:
            try:
                retention.delete(recording, actor_of(request))
            except retention.OnHold as held:
                messages.error(request, f"“{recording}”: {held}")

    # --- The page of one --------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        recording = self.get_object(request, object_id)
        more = _about(recording) if recording else {}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    # --- Columns and facts ------------------------------------------------------------------------------------

    @admin.display(description="ID")
    def short_id(self, recording: Recording) -> SafeString:
        return columns.short(recording.pk)

    @admin.display(description="Title")
    def called(self, recording: Recording) -> str:
        return recording.name

    @admin.display(description="Session")
    def session_link(self, recording: Recording) -> SafeString:
        """By its title, or by its application where the title says no more than the recording's own."""
        session = recording.session
        words = session.app_id if session.title in ("", recording.title) else session.title
        return columns.link("admin:recordings_session_change", words, session.pk)

    @admin.display(description="User")
    def user(self, recording: Recording) -> str:
        return recording.owner.username

    @admin.display(description="Kind")
    def kind_sign(self, recording: Recording) -> SafeString:
        return columns.kind(recording)

    @admin.display(description="Duration")
    def length(self, recording: Recording) -> str:
        return clock(recording.duration_ms) or columns.NOTHING

    @admin.display(description="Size")
    def size(self, recording: Recording) -> str:
        return megabytes(recording.size_bytes) or columns.NOTHING

    @admin.display(description="Status")
    def signs(self, recording: Recording) -> SafeString:
        return columns.signs(recording)

    @admin.display(description="Created")
    def created(self, recording: Recording) -> SafeString | str:
        return columns.when(recording.created_at)

    @admin.display(description="Status")
    def status_signs(self, recording: Recording) -> SafeString:
        return columns.signs(recording)

    @admin.display(description="Completed")
    def completed(self, recording: Recording) -> SafeString | str:
        return columns.when(recording.completed_at)

    @admin.display(description="Picture")
    def picture(self, recording: Recording) -> str:
        size = f"{recording.width} × {recording.height}" if recording.width else ""  # noqa: RUF001
        return ", ".join(filter(None, (size, recording.codecs))) or columns.NOTHING

    @admin.display(description="Hold")
    def hold(self, recording: Recording) -> str:
        if not recording.on_hold:
            return columns.NOTHING
        return recording.hold_reason or "On hold, without a reason"

    @admin.display(description="Kept")
    def kept(self, recording: Recording) -> SafeString | str:
        if recording.deleted_at:
            gone = columns.when(recording.purge_after)
            return format_html("Deleted {}; can be restored until {}", columns.when(recording.deleted_at), gone)
        if recording.on_hold:
            return "Until it is released"
        if recording.expires_at:
            return format_html("Until {}, when retention takes it", columns.when(recording.expires_at))
        return "For ever"

    @admin.display(description="Stored")
    def storage(self, recording: Recording) -> str:
        if not recording.storage_backend:
            return columns.NOTHING
        return f"{recording.storage_backend}, {megabytes(recording.stored_size)}"

    @admin.display(description="Storage key")
    def key(self, recording: Recording) -> SafeString:
        return format_html("<code>{}</code>", recording.storage_key) if recording.storage_key else columns.NOTHING

    @admin.display(description="SHA-256 of the upload")
    def checksum(self, recording: Recording) -> SafeString:
        return format_html("<code>{}</code>", recording.sha256) if recording.sha256 else columns.NOTHING

    @admin.display(description="ID")
    def whole_id(self, recording: Recording) -> SafeString:
        return format_html("<code>{}</code>", recording.pk)

    @admin.display(description="Tags")
    def tags(self, recording: Recording) -> str:
        return ", ".join(tag.name for tag in recording.tags.all()) or columns.NOTHING


def _about(recording: Recording) -> dict[str, Any]:
    """What the page shows beside the form."""
    return {
        "download": _download(recording),
        "playable": recording.status == Status.READY and not recording.deleted_at,
        "events": [(event, words.detail(event, named=True)) for event in audit.activity(recording)[:EVENTS]],
        "everything": address("auditevent", q=recording.pk),
        "jobs": list(recording.jobs.all()),
        "picked_field": "_selected_action",
    }


def _download(recording: Recording) -> str:
    """Where the file is to be had; nowhere while the API is switched off or there is no file."""
    if recording.status != Status.READY or recording.deleted_at:
        return ""
    try:
        return reverse("api:download", args=(recording.pk,))
    except NoReverseMatch:
        return ""
