"""The admin site: who gets in, through which door, and how its pages are reached."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from recordings.admin import columns, start_page
from recordings.permissions import Can, can

TABS = [
    ("Overview", "admin:index"),
    ("Recordings", "admin:recordings_recording_changelist"),
    ("Sessions", "admin:recordings_session_changelist"),
    ("Shares", "admin:recordings_sharelink_changelist"),
    ("Audit log", "admin:recordings_auditevent_changelist"),
    ("Policy", "admin:recordings_policy_changelist"),
    ("Users", "admin:recordings_user_changelist"),
    ("Tokens", "admin:recordings_token_changelist"),
    ("Terminals", "admin:recordings_install_changelist"),
    ("Webhooks", "admin:recordings_webhook_changelist"),
]
# What has no tab of its own, and from which of them it is reached.
BELOW = {"admin:recordings_webhook_changelist": "admin:recordings_delivery_changelist"}


class PortalAdminSite(admin.AdminSite):
    """Django's admin behind Sortie's own sign-in page, which slows down those who guess."""

    site_header = site_title = "Sortie"
    index_title = "Overview"
    enable_nav_sidebar = False
    empty_value_display = columns.NOTHING

    def has_permission(self, request: HttpRequest) -> bool:
        return can(request.user, Can.ADMINISTER)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Let admins in, send visitors to the sign-in page, refuse everybody else."""
        admitted = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            response: HttpResponseBase = admitted(request, *args, **kwargs)
            return response

        return update_wrapper(guarded, view)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """On to the portal's sign-in page. Never looks at a password."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return LogoutView.as_view(next_page="login")(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Where everybody changes theirs."""
        return HttpResponseRedirect(reverse("account"))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        overview = start_page.context(timezone.now())
        return super().index(request, {"title": self.index_title, **overview, **(extra_context or {})})

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> Any:
        """The start page lists everything there is; there are no applications to choose between."""
        return HttpResponseRedirect(reverse("admin:index"))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "here": "admin", "tabs": list(self._tabs(request.path))}

    def _tabs(self, path: str) -> Any:
        start = reverse("admin:index")
        for label, name in TABS:
            url = reverse(name)
            places = [url] + ([reverse(BELOW[name])] if name in BELOW else [])
            here = path == url or (url != start and path.startswith(tuple(places)))
            yield {"label": label, "url": url, "current": here}


# Django makes the site from recordings.apps.AdminConfig; this is that one, for all who register with it.
site: admin.AdminSite = admin.site
