"""Share links: to what, by whom, until when, and how they were used. They can be revoked."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import sharing
from recordings.admin import columns, filters
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.admin.words import counted
from recordings.audit import Actor
from recordings.models import ShareLink
from recordings.permissions import Can, can


def _revoke(link: ShareLink, by: Actor, reason: str) -> None:
    if not sharing.revoke(link, by):
        raise Refused("It was revoked already.")


REVOKE = Act[ShareLink](
    name="revoke",
    label="Revoke",
    icon="close",
    can=Can.SHARE,
    do=_revoke,
    fits=lambda link: link.revoked_at is None,
    one="“{name}” was revoked.",
    many="{count} links were revoked.",
    question="Revoke {it}?",
    explained="It leads nowhere from then on, for those too who are watching by it.",
    destroys=True,
)


class ShareAdmin(ActingAdmin[ShareLink]):
    acts = (REVOKE,)
    heading = "Share links"
    list_display = ("action_checkbox", "short", "to", "by", "means", "used", "since", "until", "sign")
    list_display_links = None
    list_select_related = ("recording__session", "recording__owner", "author")
    list_filter = (filters.ByAuthor, filters.Revoked)
    fields = ("short", "to", "by", "means", "used", "last", "since", "until", "sign")
    readonly_fields = fields

    def name_of(self, row: ShareLink) -> str:
        return f"{row} to {row.recording.name}"

    def may(self, request: HttpRequest, act: Act[Any], row: ShareLink) -> bool:
        return can(request.user, act.can, row.recording)

    @admin.display(description="ID")
    def short(self, link: ShareLink) -> SafeString:
        return columns.short(link.pk)

    @admin.display(description="Recording")
    def to(self, link: ShareLink) -> SafeString:
        return columns.link("admin:recordings_recording_change", link.recording, link.recording_id)

    @admin.display(description="By")
    def by(self, link: ShareLink) -> SafeString | str:
        return link.author.username if link.author else columns.NOTHING

    @admin.display(description="Allows")
    def means(self, link: ShareLink) -> str:
        limit = counted(link.view_limit, "view") if link.view_limit else ""
        download = "download" if link.can_download else ""
        return ", ".join(filter(None, ("with password" if link.password else "", limit, download))) or "watching"

    @admin.display(description="Used")
    def used(self, link: ShareLink) -> str:
        downloads = counted(link.downloads, "download") if link.downloads else ""
        return ", ".join(filter(None, (counted(link.views, "view"), downloads)))

    @admin.display(description="Last used")
    def last(self, link: ShareLink) -> SafeString | str:
        return columns.when(link.last_used_at)

    @admin.display(description="Created")
    def since(self, link: ShareLink) -> SafeString | str:
        return columns.when(link.created_at)

    @admin.display(description="Ends")
    def until(self, link: ShareLink) -> SafeString | str:
        return columns.when(link.expires_at)

    @admin.display(description="State")
    def sign(self, link: ShareLink) -> SafeString | str:
        return (
            "Open" if link.state == "open" else format_html('<span class="soft">{}</span>', link.state.capitalize())
        )
