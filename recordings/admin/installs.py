"""Connected terminals: whose, since when, and last used when. They can be revoked."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import installs
from recordings.admin import columns
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.audit import Actor
from recordings.models import Install
from recordings.permissions import Can, can


def _revoke(install: Install, by: Actor, reason: str) -> None:
    if not installs.revoke(install, by):
        raise Refused("It was revoked already.")


REVOKE = Act[Install](
    name="revoke",
    label="Revoke",
    icon="close",
    can=Can.ADMINISTER,
    do=_revoke,
    fits=lambda install: not install.is_revoked,
    one="“{name}” was revoked.",
    many="{count} terminals were revoked.",
    question="Revoke {it}?",
    explained="Nothing can be uploaded from there from now on, unless its user connects it again.",
    destroys=True,
)


class InstallAdmin(ActingAdmin[Install]):
    acts = (REVOKE,)
    heading = "Connected terminals"
    list_display = ("action_checkbox", "begins", "owner", "name_there", "calls_itself", "since", "used", "over")
    list_display_links = None
    list_select_related = ("user",)
    fields = ("begins", "owner", "name_there", "calls_itself", "since", "used", "over")
    readonly_fields = fields

    def name_of(self, row: Install) -> str:
        return f"{row} of {row.user.username}"

    def may(self, request: HttpRequest, act: Act[Install], row: Install) -> bool:
        return can(request.user, act.can)

    @admin.display(description="Id begins with")
    def begins(self, install: Install) -> SafeString:
        return format_html("<code>{}</code>", install)

    @admin.display(description="User")
    def owner(self, install: Install) -> str:
        return install.user.username

    @admin.display(description="Name there")
    def name_there(self, install: Install) -> str:
        return install.login

    @admin.display(description="Program")
    def calls_itself(self, install: Install) -> str:
        return install.agent

    @admin.display(description="Connected")
    def since(self, install: Install) -> SafeString | str:
        return columns.when(install.created_at)

    @admin.display(description="Last used")
    def used(self, install: Install) -> SafeString | str:
        return columns.when(install.last_used_at)

    @admin.display(description="Revoked")
    def over(self, install: Install) -> SafeString | str:
        return columns.when(install.revoked_at)
