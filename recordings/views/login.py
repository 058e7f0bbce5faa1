"""Signing in and out."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from recordings.forms import LoginForm
from recordings.logins import WrongCredentials, sign_in
from recordings.throttle import TooManyAttempts

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Ask for name and password, then go where `next` says, if that is a page of ours."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    if request.user.is_authenticated and request.method != "POST":
        return _on_to(request, wanted)
    form = LoginForm(request.POST or None)
    problem, wait = "", 0
    if request.method == "POST":
        try:
            if form.is_valid():
                user = sign_in(request, form.cleaned_data["username"], form.cleaned_data["password"])
                login(request, user, backend=_BACKEND)
                return _on_to(request, wanted)
            problem = "Type your user name and your password."
        except WrongCredentials:
            problem = "This user name and password do not belong together. Check both and try again."
        except TooManyAttempts as error:
            problem = f"Too many attempts. Wait {_in_words(error.retry_after)}, then try again."
            wait = error.retry_after
    context = {"form": form, "problem": problem, "next": wanted}
    response = render(request, "recordings/login.html", context, status=429 if wait else 200)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _in_words(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"


def _on_to(request: HttpRequest, wanted: str) -> HttpResponseRedirect:
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    # Not `redirect` for both: it takes what is no path for the name of a view.
    return HttpResponseRedirect(wanted) if ours and wanted.startswith("/") else redirect("library")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("login")
