"""What lists can be narrowed by. A choice is a link or a small form, and leaves the other filters as they are."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters, ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from recordings.models import Session, SessionStatus, Status, User, Webhook

Params = dict[str, list[str]]


class Typed(ListFilter):
    """Narrowed by what is typed into a field of the filter's menu."""

    template = "admin/filter_typed.html"
    parameter = ""
    input_type = "text"
    hint = ""

    def __init__(
        self, request: HttpRequest, params: Params, model: type[Model], model_admin: "ModelAdmin[Any]"
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.text = params.pop(self.parameter, [""])[-1].strip()

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def has_output(self) -> bool:
        return True

    def chosen(self) -> str:
        """What the chip says while the filter is on."""
        return self.text

    def choices(self, changelist: ChangeList) -> Iterator[Mapping[str, object]]:
        yield {
            "query_string": changelist.get_query_string(remove=[self.parameter]),
            "kept": _others(self, changelist),
        }


class ByUser(Typed):
    """A person's, by user name. An unknown name finds nothing, which is the truth."""

    title = "user"
    parameter = "user"
    hint = "User name"
    field = "owner"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.text:
            return queryset
        person = User.objects.filter(username=self.text).values_list("pk", flat=True).first()
        return queryset.filter(**{f"{self.field}_id": person}) if person else queryset.none()


class ByTokenOwner(ByUser):
    field = "user"


class ByWebhook(Typed):
    """What one webhook was told. Links lead here, so there is only a chip to take it off again."""

    title = parameter = "webhook"

    def has_output(self) -> bool:
        return bool(self.text)

    def chosen(self) -> str:
        hook = Webhook.objects.filter(pk=_uuid(self.text)).first()
        return hook.url if hook else self.text

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(webhook_id=_uuid(self.text)) if self.text else queryset


class ByAuthor(ByUser):
    field = "author"


class ByActor(Typed):
    """By the name that was written down, which outlives the account."""

    title = "user"
    parameter = "user"
    hint = "User name"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(actor_name=self.text) if self.text else queryset


class BySession(Typed):
    """One session's recordings. Links lead here, so there is only a chip to take it off again."""

    title = "session"
    parameter = "session"

    def has_output(self) -> bool:
        return bool(self.text)

    @cached_property
    def session(self) -> Session | None:
        return Session.objects.filter(pk=_uuid(self.text)).first()

    def chosen(self) -> str:
        return str(self.session or self.text)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(session_id=_uuid(self.text))


class ByDate(ListFilter):
    """From a day on, before a day, or one of the last days; days in UTC."""

    title = "date"
    template = "admin/filter_dates.html"
    field = "created_at"
    quick = ((0, "Today"), (6, "Past 7 days"), (29, "Past 30 days"))

    def __init__(
        self, request: HttpRequest, params: Params, model: type[Model], model_admin: "ModelAdmin[Any]"
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.since = _day(params.pop("since", [""])[-1])
        self.until = _day(params.pop("until", [""])[-1])

    def expected_parameters(self) -> list[str | None]:
        return ["since", "until"]

    def has_output(self) -> bool:
        return True

    def chosen(self) -> str:
        today = timezone.now().astimezone(UTC).date()
        for days, label in self.quick:
            if self.since == today - timedelta(days=days) and not self.until:
                return label
        since = f"from {self.since:%-d %b %Y}" if self.since else ""
        until = f"before {self.until:%-d %b %Y}" if self.until else ""
        return f"{since} {until}".strip()

    def choices(self, changelist: ChangeList) -> Iterator[Mapping[str, object]]:
        yield {
            "query_string": changelist.get_query_string(remove=["since", "until"]),
            "kept": _others(self, changelist),
        }
        today = timezone.now().astimezone(UTC).date()
        for days, label in self.quick:
            since = {"since": (today - timedelta(days=days)).isoformat(), "until": None}
            yield {"query_string": changelist.get_query_string(since), "display": label}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.since:
            queryset = queryset.filter(**{f"{self.field}__gte": _midnight(self.since)})
        if self.until:
            queryset = queryset.filter(**{f"{self.field}__lt": _midnight(self.until)})
        return queryset


class ByAuditDate(ByDate):
    field = "at"


class ByStatus(SimpleListFilter):
    title = parameter_name = "status"
    statuses: ClassVar[Any] = Status
    finished: ClassVar[str] = Status.READY
    finished_at = "completed_at"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return list(self.statuses.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in self.statuses.values:
            return queryset
        found = queryset.filter(status=self.value())
        # Those in any other status are few, and an index knows them by this.
        return found if self.value() == self.finished else found.filter(**{self.finished_at: None})


class BySessionStatus(ByStatus):
    statuses = SessionStatus
    finished = SessionStatus.STOPPED
    finished_at = "stopped_at"


class ByStore(SimpleListFilter):
    """By the store itself: which ones occur could only be told by reading every row."""

    title, parameter_name = "storage", "storage"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("local", "Local disk"), ("s3", "S3")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(storage_backend=self.value()) if self.value() else queryset


class YesNo(SimpleListFilter):
    """Rows with a mark, or those without."""

    field = ""
    words = ("Yes", "No")

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("yes", self.words[0]), ("no", self.words[1])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        marked = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if marked is None else queryset.filter(**{self.field: marked})


class Incomplete(YesNo):
    title = parameter_name = field = "incomplete"
    words = ("Incomplete", "Complete")


class OnHold(YesNo):
    title, parameter_name, field = "hold", "held", "on_hold"
    words = ("On hold", "Not on hold")


class Admins(YesNo):
    title, parameter_name, field = "role", "admins", "is_staff"
    words = ("Admins", "Not admins")


class Revoked(YesNo):
    title, parameter_name, field = "state", "revoked", "revoked_at__isnull"
    words = ("Not revoked", "Revoked")


class Delivered(YesNo):
    title, parameter_name, field = "result", "failed", "delivered_at__isnull"
    words = ("Not taken", "Taken")


class FromLogin(YesNo):
    title, parameter_name, field = "origin", "login", "from_login"
    words = ("By signing in", "Made for a purpose")


class Active(YesNo):
    title, parameter_name, field = "access", "active", "is_active"
    words = ("Active", "Inactive")


class Deleted(SimpleListFilter):
    """Deleted ones are listed only when asked for."""

    title, parameter_name = "deleted", "deleted"

    def lookups(self, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> list[tuple[str, str]]:
        return [("yes", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(deleted_at__isnull=self.value() != "yes")

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Not deleted"}
        yield from others


def _others(own: ListFilter, changelist: ChangeList) -> list[tuple[str, str]]:
    """The rest of the query, which a form of `own` carries along."""
    mine = own.expected_parameters()
    return [
        (name, value) for name, values in changelist.filter_params.items() if name not in mine for value in values
    ]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise IncorrectLookupParameters(f"{text!r} is not an id.") from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise IncorrectLookupParameters(f"{text!r} is not a date.") from error


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
