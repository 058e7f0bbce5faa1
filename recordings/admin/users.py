"""People who can sign in. Any admin may look; only superusers manage them, and make admins."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters

from recordings import accounts
from recordings.admin import columns, filters
from recordings.admin.base import PortalAdmin, address
from recordings.audit import actor_of
from recordings.forms import NewPasswordForm
from recordings.models import User
from recordings.permissions import Can, can

if TYPE_CHECKING:
    _Stock = StockUserAdmin[User]
else:
    _Stock = StockUserAdmin

FLAGS = ("is_active", "is_staff", "is_superuser")


class UserAdmin(PortalAdmin[User], _Stock):
    """Django's, without groups and single permissions: `recordings.permissions` asks for neither."""

    newest_by = "date_joined"
    ordering = None
    list_display = ("username", "full_name", "email", "roles", "access", "recordings", "seen", "joined")
    list_display_links = ("username",)
    list_filter = (filters.Admins, filters.Active)
    search_help_text = "Name or e-mail address"
    filter_horizontal = ()
    # Sortie knows no other way to sign in, so there is none to choose.
    add_form = UserCreationForm
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "recordings", "tokens")}),
        (
            "Access",
            {
                "fields": FLAGS,
                "description": "Accounts are never deleted, because recordings and the audit log name them: "
                "take “active” away, and nothing can be done with the account.",
            },
        ),
        ("Dates", {"fields": ("seen", "joined")}),
    )
    readonly_fields = ("recordings", "tokens", "seen", "joined")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can(request.user, Can.MANAGE_USERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return can(request.user, Can.MANAGE_USERS)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Nobody changes their own access: the last superuser could not take it back."""
        return (*self.readonly_fields, *FLAGS) if obj and obj.pk == request.user.pk else self.readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.all() if can(request.user, Can.ADMINISTER) else User.objects.none()

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        if not change:
            accounts.add(obj, actor_of(request))
        elif form.changed_data:
            accounts.change(obj, actor_of(request), changed=form.changed_data)

    @method_decorator(sensitive_post_parameters("new", "again"))
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Give somebody a new password, or none."""
        user = self.get_object(request, id)
        if user is None:
            raise Http404
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        form = NewPasswordForm(user, request.POST if request.method == "POST" else None)
        if "take" in request.POST:
            accounts.take_password(user, actor_of(request))
            messages.success(request, "Nobody can sign in to this account by a password any more.")
            return self._back_to(user)
        if form.is_valid():
            accounts.set_password(user, form.cleaned_data["new"], actor_of(request))
            update_session_auth_hash(request, user)  # so that nobody signs themselves out
            messages.success(request, "The password was changed. Its user was signed out everywhere.")
            return self._back_to(user)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Password of {user.username}",
            "opts": self.opts,
            "person": user,
            "password_form": form,
        }
        return TemplateResponse(request, "admin/set_password.html", context, status=400 if form.errors else 200)

    def _back_to(self, user: User) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:recordings_user_change", args=(user.pk,)))

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or columns.NOTHING

    @admin.display(description="Role")
    def roles(self, user: User) -> str:
        return "Superuser" if user.is_superuser and user.is_staff else "Admin" if user.is_staff else "User"

    @admin.display(description="Access")
    def access(self, user: User) -> str:
        return "Active" if user.is_active else "Inactive"

    @admin.display(description="Recordings")
    def recordings(self, user: User) -> SafeString:
        return format_html('<a href="{}">Recordings</a>', address("recording", user=user.username))

    @admin.display(description="Tokens")
    def tokens(self, user: User) -> SafeString:
        return format_html('<a href="{}">Tokens</a>', address("token", user=user.username))

    @admin.display(description="Last signed in")
    def seen(self, user: User) -> SafeString | str:
        return columns.when(user.last_login)

    @admin.display(description="Joined")
    def joined(self, user: User) -> SafeString | str:
        return columns.when(user.date_joined)
