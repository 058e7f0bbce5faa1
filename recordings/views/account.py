"""One's own account: the password, and the tokens of the programs that act for one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings import accounts, logins, tokens
from recordings.audit import actor_of
from recordings.forms import PasswordForm, TokenForm
from recordings.models import Install, Token
from recordings.throttle import TooManyAttempts
from recordings.views.access import viewer_of

SHOWN = 200


@never_cache
@require_safe
@login_required
def index(request: HttpRequest) -> HttpResponse:
    return _page(request)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("present", "new", "again")
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Give oneself a new password. This browser stays signed in; others, and programs, do not."""
    if request.method != "POST":  # somebody goes back to where a mistake was shown
        return redirect("account")
    user = viewer_of(request)
    form = PasswordForm(user, request.POST)
    wait = 0
    if form.is_valid():
        try:
            logins.confirm(request, user, form.cleaned_data["present"])
        except logins.WrongCredentials as error:
            form.add_error("present", str(error))
        except TooManyAttempts as error:
            form.add_error("present", str(error))
            wait = error.retry_after
        else:
            accounts.set_password(user, form.cleaned_data["new"], actor_of(request))
            update_session_auth_hash(request, user)
            messages.success(request, "Your password was changed. Everything else was signed out.")
            return redirect("account")
    response = _page(request, password_form=form, status=429 if wait else 400)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it: in this answer, and never again."""
    if request.method != "POST":
        return redirect("account")
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            token, secret = tokens.create(
                viewer_of(request),
                actor_of(request),
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at,
            )
        except tokens.BadToken as error:
            form.add_error("name", str(error))
        else:
            return _page(request, made=token, secret=secret)
    return _page(request, token_form=form, status=400)


@require_POST
@login_required
def revoke_token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one of one's own tokens."""
    token = Token.objects.of(viewer_of(request)).filter(pk=pk).first()
    if token is not None and tokens.revoke(token, actor_of(request)):
        messages.success(request, f"“{token}” can no longer be used.")
    return redirect("account")


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    mine = list(Token.objects.of(viewer_of(request)).select_related("user")[:SHOWN])
    context = {
        "here": "account",
        "tokens": [token for token in mine if not token.from_login],
        "installs": Install.objects.of(viewer_of(request))[:SHOWN],
        "programs": [token for token in mine if token.from_login and not token.is_over],
        "token_form": TokenForm(),
        **more,
    }
    return render(request, "recordings/account/page.html", context, status=status)
