"""What lists of recordings can be narrowed by, the same for pages and API."""

from datetime import UTC, date, datetime, time
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.fields import IsoDateTimeField

from recordings.models import Kind, Recording, Status
from recordings.search.asking import Question, asked


class MomentField(IsoDateTimeField):
    """A time, or a day, which begins when it does in the zone that is active."""

    def to_python(self, value: Any) -> datetime | None:
        try:
            day = date.fromisoformat(str(value).strip())
        except ValueError:
            moment: datetime | None = super().to_python(value)
            return moment
        # Not as any other time without a zone: where a day begins at one o'clock, midnight is no such time.
        return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:  # the first and last hours that Python knows, in a time zone where they are over
            raise ValidationError("Enter a valid date/time.", code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class RecordingFilter(django_filters.FilterSet):
    """`status kind session since until q`; times are RFC 3339 or a day, `since` inclusive, `until` exclusive.

    `q` narrows nothing here: `question` is what `search.finding` has to find.
    """

    status = django_filters.MultipleChoiceFilter(choices=Status.choices, distinct=False)
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    session = django_filters.UUIDFilter(field_name="session_id")
    since = MomentFilter(field_name="created_at", lookup_expr="gte")
    until = MomentFilter(field_name="created_at", lookup_expr="lt")
    q = django_filters.CharFilter(method="all_rows")

    class Meta:
        model = Recording
        fields: list[str] = []

    def all_rows(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        return rows

    @property
    def question(self) -> Question | None:
        """What `q` asks; None if it is blank."""
        self.is_valid()  # which leaves in cleaned_data what is
        text: str = self.form.cleaned_data.get("q", "")
        return asked(text) if text.strip() else None
