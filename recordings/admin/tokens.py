"""Bearer tokens: whose, since when and until when. Only their hashes are known; they can be revoked."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from knox.models import AuthToken

from recordings import logins
from recordings.admin import columns, filters
from recordings.admin.acts import Act, ActingAdmin
from recordings.admin.lists import Newest
from recordings.audit import Actor
from recordings.permissions import Can, can


def _revoke(token: Any, by: Actor, reason: str) -> None:
    logins.revoke_token(token)


REVOKE = Act[Any](
    name="revoke",
    label="Revoke",
    icon="close",
    can=Can.ADMINISTER,
    do=_revoke,
    fits=lambda token: True,
    one="“{name}” was revoked.",
    many="{count} tokens were revoked.",
    question="Revoke {it}?",
    explained="Whatever uses it is signed out at once.",
    destroys=True,
)


class TokenAdmin(ActingAdmin[AuthToken]):
    acts = (REVOKE,)
    heading = "Tokens"
    list_display = ("action_checkbox", "begins_with", "owner", "since", "until")
    list_display_links = None
    list_select_related = ("user",)
    list_per_page = 200
    list_filter = (filters.ByTokenOwner,)
    ordering = ("-created",)
    fields = ("begins_with", "owner", "since", "until")
    readonly_fields = fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Newest

    def name_of(self, row: Any) -> str:
        return f"{row.token_key}… of {row.user.username}"

    def may(self, request: HttpRequest, act: Act[Any], row: Any) -> bool:
        return can(request.user, act.can)

    @admin.display(description="Begins with")
    def begins_with(self, token: Any) -> SafeString:
        return format_html("<code>{}…</code>", token.token_key)

    @admin.display(description="User")
    def owner(self, token: Any) -> str:
        return str(token.user.username)

    @admin.display(description="Created")
    def since(self, token: Any) -> SafeString | str:
        return columns.when(token.created)

    @admin.display(description="Ends")
    def until(self, token: Any) -> SafeString | str:
        if token.expiry and token.expiry <= timezone.now():
            return format_html('{} <span class="soft">(over)</span>', columns.when(token.expiry))
        return columns.when(token.expiry) if token.expiry else "Never"
