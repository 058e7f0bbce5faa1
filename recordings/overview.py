"""What an admin should know at a glance: how much there is, how it grew, what needs attention, what goes next.

Every read is bounded, so that the start page is as quick at a million recordings as at ten: counts stop at a
thousand, lists at a few, and sums over everything are taken once an hour by the worker (`measure`). Only while
there are few recordings are they summed as they are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from celery.schedules import crontab
from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from recordings import retention
from recordings.models import Job, Kind, Recording, Status, StorageDay, User, Webhook
from recordings.models.recording import retention_days
from recordings.retention import Due

COUNTED = 1_000
FEW = 10_000
SHOWN = 5
DAYS = 90
# The sweep comes every five seconds: what has waited this long shows that nobody works, or that a store refuses.
PATIENCE = timedelta(minutes=5)


@dataclass(frozen=True)
class Number:
    """A count that stopped at `value` if there are `more`."""

    value: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.value:,}{'+' if self.more else ''}"

    def __bool__(self) -> bool:
        return self.value > 0


@dataclass(frozen=True)
class Totals:
    """Recordings there are and the bytes that are stored, as of `at`; None if nobody has measured yet."""

    recordings: int
    stored_bytes: int
    at: datetime


@dataclass(frozen=True)
class Some:
    """How many there are of something, and the newest of them."""

    number: Number
    rows: list[Any]


@dataclass(frozen=True)
class Attention:
    """What somebody should look into."""

    failed: Some
    incomplete: Some
    stuck: Some
    unpurged: Some
    hooks: Some
    held: Number
    waiting: Number

    @property
    def idle(self) -> bool:
        """Whether work has been waiting for so long that no worker can be running."""
        return bool(self.waiting)


@dataclass(frozen=True)
class NextRun:
    """When retention runs next, and what it will hide then."""

    at: datetime
    takes: list[Due]
    number: Number


@dataclass(frozen=True)
class Overview:
    """All of it."""

    at: datetime
    today: Number
    totals: Totals | None
    people: Number
    history: list[StorageDay]
    attention: Attention
    next_run: NextRun


def read(now: datetime) -> Overview:
    """The overview at `now`."""
    totals = _totals(now)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    there = Recording.objects.filter(deleted_at=None)
    return Overview(
        at=now,
        today=up_to(there.filter(created_at__gte=midnight)),
        totals=totals,
        people=up_to(User.objects.filter(is_active=True)),
        history=_history(now, totals),
        attention=_attention(now),
        next_run=_next_run(now),
    )


def up_to(rows: QuerySet[Any], most: int = COUNTED) -> Number:
    """Count `rows`, but no further than `most`."""
    found = rows.order_by()[: most + 1].count()
    return Number(min(found, most), found > most)


# --- How much there is ------------------------------------------------------------------------------------------


def measure(now: datetime) -> StorageDay:
    """Sum over all recordings and write the day down. Reads every row: for the worker, once an hour."""
    sums = _sums(Recording.objects.order_by())
    day, _ = StorageDay.objects.update_or_create(
        day=now.astimezone(UTC).date(),
        defaults={"recordings": sums["recordings"], "stored_bytes": sums["stored_bytes"], "measured_at": now},
    )
    return day


def _totals(now: datetime) -> Totals | None:
    sums = _sums(Recording.objects.order_by().only("pk", "deleted_at", "stored_size")[: FEW + 1])
    if sums["rows"] <= FEW:
        return Totals(sums["recordings"], sums["stored_bytes"], now)
    last = StorageDay.objects.order_by("-day").first()
    return Totals(last.recordings, last.stored_bytes, last.measured_at) if last else None


def _sums(rows: QuerySet[Recording]) -> dict[str, int]:
    return rows.aggregate(
        rows=Count("pk"),
        recordings=Count("pk", filter=Q(deleted_at=None)),
        stored_bytes=Sum("stored_size", default=0),
    )


def _history(now: datetime, totals: Totals | None) -> list[StorageDay]:
    """The days that were measured, oldest first; the last one is as fresh as the totals."""
    today = now.astimezone(UTC).date()
    days = list(StorageDay.objects.filter(day__gt=today - timedelta(days=DAYS), day__lt=today))
    if totals:
        days.append(_day_of(today, totals))
    return days


def _day_of(day: date, totals: Totals) -> StorageDay:
    return StorageDay(
        day=day, recordings=totals.recordings, stored_bytes=totals.stored_bytes, measured_at=totals.at
    )


# --- What needs attention ---------------------------------------------------------------------------------------


def _attention(now: datetime) -> Attention:
    there = Recording.objects.filter(deleted_at=None)
    late = now - PATIENCE
    overdue = Job.objects.due(late)
    silent = Recording.objects.silent(late).filter(created_at__lte=late)
    waiting = up_to(overdue).value + up_to(silent).value
    return Attention(
        failed=_some(there.filter(status=Status.FAILED, completed_at=None)),
        incomplete=_some(there.filter(incomplete=True)),
        stuck=_some(Job.objects.exclude(error="").select_related("recording__session"), newest="-created_at"),
        hooks=_some(Webhook.objects.filter(failures__gt=0)),
        unpurged=_some(Recording.objects.due_for_purge(late), newest="purge_after"),
        held=up_to(Recording.objects.filter(on_hold=True)),
        waiting=Number(waiting),
    )


def _some(rows: QuerySet[Any], *, newest: str = "-created_at") -> Some:
    number = up_to(rows)
    if not number:
        return Some(number, [])
    if rows.model is Recording:
        # Which they are first: else what they show may be read of all of them.
        keys = list(rows.order_by(newest, "-pk").values_list("pk", flat=True)[:SHOWN])
        rows = Recording.objects.filter(pk__in=keys).select_related("session", "owner")
        rows = rows.defer("original_head", "tail_saved")
    return Some(number, list(rows.order_by(newest, "-pk")[:SHOWN]))


# --- What goes next ---------------------------------------------------------------------------------------------


def _next_run(now: datetime) -> NextRun:
    schedule: crontab = settings.CELERY_BEAT_SCHEDULE["retention"]["schedule"]
    started, ends_in, _ = schedule.remaining_delta(now)
    at: datetime = started + ends_in
    numbers = [up_to(rows) for rows in _due_rows(at)]
    number = Number(sum(one.value for one in numbers), any(one.more for one in numbers))
    return NextRun(at.astimezone(UTC), retention.due(at, most=SHOWN) if number else [], number)


def _due_rows(at: datetime) -> Iterator[QuerySet[Recording]]:
    for kind in Kind:
        if days := retention_days(kind):
            yield Recording.objects.older_than_limit(kind, at, days)
