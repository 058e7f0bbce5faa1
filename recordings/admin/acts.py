"""What an admin can do to rows: the same from a list as from a row's own page, asked about first where it destroys.

An act names a stage function and how it is spoken of. This module finds the rows, asks, calls it, and says what
came of it; the stage function makes the change and writes the audit log.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from recordings.admin.base import PortalAdmin
from recordings.audit import Actor, actor_of
from recordings.permissions import Can, can

Row = TypeVar("Row", bound=Model)

PICKED = "_selected_action"  # what stock Django calls the boxes of a list
MOST_AT_ONCE = 200
LONGEST_REASON = 200


class Refused(Exception):
    """The change was not made; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Act(Generic[Row]):
    """Something to do to rows.

    `do(row, by, reason)` does it and raises Refused if it cannot be done. `fits(row)` is whether the row's page
    offers it. `one` and `many` say what was done, with {name}, {count} and {hours} (until a deleted one is purged).
    """

    name: str
    label: str
    icon: str
    can: Can
    do: Callable[[Row, Actor, str], None]
    fits: Callable[[Row], bool]
    one: str
    many: str
    question: str = ""
    explained: str = ""
    needs_reason: bool = False
    destroys: bool = False


class ActingAdmin(PortalAdmin[Row]):
    """Pages whose rows something can be done to."""

    acts: tuple[Act[Any], ...] = ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        return [path("do/<slug:name>/", view, name=f"{self._views()}_do"), *super().get_urls()]

    def _views(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def act_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Do the act called `name` to the rows of the body, after asking if it is one to ask about."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = next((act for act in self.acts if act.name == name), None)
        if act is None:
            raise Http404
        rows = self._picked(request)
        if not rows:
            messages.info(request, "Nothing was chosen, so nothing was changed.")
            return self._back(request)
        return self.ask_or_do(request, act, rows)

    def ask_or_do(self, request: HttpRequest, act: Act[Row], rows: Sequence[Row]) -> HttpResponse:
        """Ask, or do it when it has been answered."""
        if not all(self.may(request, act, row) for row in rows):
            raise PermissionDenied
        reason = request.POST.get("reason", "").strip()[:LONGEST_REASON]
        answered = request.method == "POST" and "confirmed" in request.POST
        if (act.question and not answered) or (act.needs_reason and not reason):
            return self._ask(request, act, rows, problem=answered)
        self._do(request, act, rows, reason)
        return self._back(request)

    def name_of(self, row: Row) -> str:
        """What messages and questions call it."""
        return str(row)

    def may(self, request: HttpRequest, act: Act[Row], row: Row) -> bool:
        """Whether the policy lets the user do `act` to `row`."""
        return can(request.user, act.can, row)  # type: ignore[arg-type]

    def offered(self, request: HttpRequest, row: Row) -> list[Act[Row]]:
        """What can be done to `row` as it is now."""
        return [act for act in self.acts if act.fits(row) and self.may(request, act, row)]

    def _picked(self, request: HttpRequest) -> list[Row]:
        rows = self.get_queryset(request)
        keys = []
        for text in request.POST.getlist(PICKED)[:MOST_AT_ONCE]:
            try:
                keys.append(self.opts.pk.to_python(text))
            except ValidationError:
                continue
        return list(rows.filter(pk__in=keys))

    def _ask(self, request: HttpRequest, act: Act[Row], rows: Sequence[Row], *, problem: bool) -> HttpResponse:
        hours = settings.SORTIE_DELETED_KEEP_HOURS
        several = f"{len(rows)} {self.heading.lower() or self.opts.verbose_name_plural}"
        context = {
            **self.admin_site.each_context(request),
            "title": act.question.format(it=f"“{self.name_of(rows[0])}”" if len(rows) == 1 else several),
            "opts": self.opts,
            "act": act,
            "rows": [(row, self.name_of(row)) for row in rows],
            "until": timezone.now() + timedelta(hours=hours),
            "explained": act.explained.format(hours=hours),
            "problem": problem,
            "do": self.act_address(act),
            "picked": PICKED,
            "next": self._next(request),
            "longest_reason": LONGEST_REASON,
        }
        return TemplateResponse(request, "admin/act.html", context)

    def act_address(self, act: Act[Row]) -> str:
        return reverse(f"admin:{self._views()}_do", args=(act.name,))

    def _do(self, request: HttpRequest, act: Act[Row], rows: Sequence[Row], reason: str) -> None:
        by = actor_of(request)
        done = []
        for row in rows:
            try:
                act.do(row, by, reason)
            except Refused as refusal:
                messages.error(request, f"“{self.name_of(row)}”: {refusal}")
            else:
                done.append(row)
        if done:
            said = act.one if len(done) == 1 else act.many
            hours = settings.SORTIE_DELETED_KEEP_HOURS
            messages.success(request, said.format(name=self.name_of(done[0]), count=len(done), hours=hours))

    def _next(self, request: HttpRequest) -> str:
        """Where the act was asked for, if that is a page of ours; else the list."""
        wanted = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
            return wanted
        return reverse(f"admin:{self._views()}_changelist")

    def _back(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(self._next(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"acts": self._with_addresses(self.acts), **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        offered = self._with_addresses(self.offered(request, row)) if row else []
        return super().change_view(request, object_id, form_url, {"offered": offered, **(extra_context or {})})

    def _with_addresses(self, acts: Sequence[Act[Row]]) -> list[tuple[Act[Row], str]]:
        return [(act, self.act_address(act)) for act in acts]
