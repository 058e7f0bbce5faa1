"""Tokens: whose, for what, since when and until when. Only their hashes are known; they can be revoked."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from recordings import tokens
from recordings.admin import columns, filters
from recordings.admin.acts import Act, ActingAdmin, Refused
from recordings.audit import Actor, actor_of
from recordings.forms import TokenForSomebodyForm
from recordings.models import Token, User
from recordings.permissions import Can, can


def _revoke(token: Token, by: Actor, reason: str) -> None:
    if not tokens.revoke(token, by):
        raise Refused("It was revoked already.")


REVOKE = Act[Token](
    name="revoke",
    label="Revoke",
    icon="close",
    can=Can.ADMINISTER,
    do=_revoke,
    fits=lambda token: True,
    one="“{name}” was revoked.",
    many="{count} tokens were revoked.",
    question="Revoke {it}?",
    explained="Whatever uses it is refused from now on.",
    destroys=True,
)


class TokenAdmin(ActingAdmin[Token]):
    acts = (REVOKE,)
    heading = "Tokens"
    list_display = ("action_checkbox", "called", "owner", "begins", "allows", "since", "used", "until")
    list_display_links = None
    list_select_related = ("user",)
    list_filter = (filters.ByTokenOwner, filters.FromLogin)
    fields = ("called", "owner", "begins", "allows", "since", "used", "until")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Who could make tokens for others could act as them.
        return can(request.user, Can.MANAGE_USERS)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make a token that acts as somebody, and show it: in this answer, and never again."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForSomebodyForm(request.POST if request.method == "POST" else None)
        more: dict[str, Any] = {"token_form": form}
        if form.is_valid():
            try:
                made, secret = tokens.create(
                    form.cleaned_data["user"],
                    actor_of(request),
                    name=form.cleaned_data["name"],
                    scopes=form.cleaned_data["scopes"],
                    expires_at=form.expires_at,
                )
                more |= {"made": made, "secret": secret}
            except tokens.BadToken as error:
                form.add_error("name", str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": "Add token",
            "opts": self.opts,
            "people": User.objects.filter(is_active=True).order_by("username")[:1000],
            **more,
        }
        return TemplateResponse(request, "admin/token_add.html", context, status=400 if form.errors else 200)

    def name_of(self, row: Token) -> str:
        return f"{row} of {row.user.username}"

    def may(self, request: HttpRequest, act: Act[Any], row: Any) -> bool:
        return can(request.user, act.can)

    @admin.display(description="Name")
    def called(self, token: Token) -> str:
        return token.name

    @admin.display(description="User")
    def owner(self, token: Token) -> str:
        return token.user.username

    @admin.display(description="Begins with")
    def begins(self, token: Token) -> SafeString:
        return format_html("<code>{}…</code>", token.begins_with)

    @admin.display(description="Scopes")
    def allows(self, token: Token) -> str:
        return "all, by signing in" if token.from_login else token.scopes

    @admin.display(description="Created")
    def since(self, token: Token) -> SafeString | str:
        return columns.when(token.created_at)

    @admin.display(description="Last used")
    def used(self, token: Token) -> SafeString | str:
        return columns.when(token.last_used_at)

    @admin.display(description="Ends")
    def until(self, token: Token) -> SafeString | str:
        if token.is_over:
            return format_html('{} <span class="soft">(over)</span>', columns.when(token.expires_at))
        return columns.when(token.expires_at) if token.expires_at else "Never"
