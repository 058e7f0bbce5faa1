"""What all pages of the admin have in common: who may, how rows are listed, what is left out of stock Django."""

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from recordings.admin.lists import NewestFirst
from recordings.permissions import Can, can

Row = TypeVar("Row", bound=Model)

if TYPE_CHECKING:

    class StockAdmin(admin.ModelAdmin[Row]):
        """Django's own."""

else:

    class StockAdmin(admin.ModelAdmin):
        """Django's own, which takes a type argument only for the type checker."""

        def __class_getitem__(cls, row):
            return cls


class PortalAdmin(StockAdmin[Row]):
    """Pages for Sortie's admins. Rows can be looked at; a subclass says what more can be done to them."""

    list_per_page = 50
    actions = None  # recordings.admin.acts offers what can be done, the same in lists and on a row's own page
    # At a million rows a count or a sort without an index is what makes an admin slow. None is asked for.
    sortable_by = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    newest_by = "created_at"
    heading = ""  # of the list, where the model's name is not what people call it

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can(request.user, Can.ADMINISTER)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return can(request.user, Can.ADMINISTER)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestFirst

    @property
    def media(self) -> forms.Media:
        """None of stock Django's scripts: nothing here has pop-ups, slugs or calendars."""
        return forms.Media()

    def response_change(self, request: HttpRequest, obj: Row) -> HttpResponse:
        """Stay on the page, which shows what has been saved."""
        messages.success(request, "Saved.")
        return HttpResponseRedirect(request.path)

    # The audit log is written by the functions that make the change; Django's log would be a second, lesser one.

    def log_addition(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Row, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(address("auditevent", q=object_id))


def address(model: str, /, app: str = "recordings", **query: object) -> str:
    """Where the list of a model's rows is, narrowed by `query`."""
    url = reverse(f"admin:{app}_{model}_changelist")
    return f"{url}?{urlencode(query)}" if query else url
