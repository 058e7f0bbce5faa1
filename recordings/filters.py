"""What lists of recordings can be narrowed by, the same for pages and API."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters.fields import IsoDateTimeField

from recordings.models import Kind, Recording, Status, Tag


class MomentField(IsoDateTimeField):
    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:  # the first and last hours that Python knows, in a time zone where they are over
            raise ValidationError("Enter a valid date/time.", code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class RecordingFilter(django_filters.FilterSet):
    """`status kind session since until q`; times are RFC 3339 or a date, `since` inclusive, `until` exclusive."""

    status = django_filters.MultipleChoiceFilter(choices=Status.choices)
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    session = django_filters.UUIDFilter(field_name="session_id")
    since = MomentFilter(field_name="created_at", lookup_expr="gte")
    until = MomentFilter(field_name="created_at", lookup_expr="lt")
    q = django_filters.CharFilter(method="containing")

    class Meta:
        model = Recording
        fields: list[str] = []

    def containing(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        """Rows whose title, notes, session or tags contain every word of `value`."""
        for word in value.split()[:10]:
            rows = rows.filter(
                Q(title__icontains=word)
                | Q(notes__icontains=word)
                | Q(session__title__icontains=word)
                | Q(session__app_id__icontains=word)
                | Exists(Tag.objects.filter(recording=OuterRef("pk"), name__icontains=word))
            )
        return rows
