"""The start page of the admin and its picture."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from recordings.admin import chart
from recordings.models import Job, JobKind, Recording, Status, StorageDay, User
from tests.making import ready, started

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def update(recording: Recording, **facts: Any) -> Recording:
    Recording.objects.filter(pk=recording.pk).update(**facts)
    recording.refresh_from_db()
    return recording


@pytest.mark.django_db
def test_the_start_page(alice: User, ada: User, settings: Settings) -> None:
    settings.SORTIE_RECORDING_RETENTION_DAYS = 30
    client = Client()
    client.force_login(ada)
    empty = client.get("/admin/").content.decode()
    assert "No recording has failed" in empty
    assert "The curve begins tomorrow" in empty
    assert "Takes nothing" in empty

    failed = update(started(alice), status=Status.FAILED, error="Nothing arrived.", title="<b>Shell")
    old = update(ready(alice), completed_at=timezone.now() - timedelta(days=40), title="Old demo")
    job = Job.objects.create(kind=JobKind.FINISH, recording=started(alice), error="No answer.")
    Job.objects.filter(pk=job.pk).update(run_after=timezone.now() - timedelta(minutes=10))
    for days in (2, 1):
        day = timezone.now().date() - timedelta(days=days)
        StorageDay.objects.create(day=day, recordings=7, stored_bytes=days * 2**20, measured_at=timezone.now())
    text = client.get("/admin/").content.decode()
    for expected in (
        f"/admin/recordings/recording/{failed.pk}/change/",
        "&lt;b&gt;Shell",
        "Nothing arrived.",
        f"/admin/recordings/recording/{old.pk}/change/",
        "Video recordings are kept for 30 days",
        "No answer.",
        "Nobody does the background work.",
        '<path class="line" d="M0.00 ',
        "/admin/recordings/recording/?status=failed",
        "/admin/recordings/recording/?held=yes",
    ):
        assert expected in text, expected
    assert text.count("<rect") == 3


@pytest.mark.django_db
def test_the_start_page_asks_as_much_of_many_as_of_few(
    alice: User, ada: User, django_assert_max_num_queries: Any
) -> None:
    client = Client()
    client.force_login(ada)
    for _ in range(30):
        update(started(alice), status=Status.FAILED, error="Nothing arrived.")
    with django_assert_max_num_queries(24):
        text = client.get("/admin/").content.decode()
    assert text.count("Nothing arrived.") == 5


# --- The picture ----------------------------------------------------------------------------------------------


def days(*megabytes: float) -> list[StorageDay]:
    first = NOW.date()
    return [
        StorageDay(
            day=first + timedelta(days=place), recordings=1, stored_bytes=int(amount * 2**20), measured_at=NOW
        )
        for place, amount in enumerate(megabytes)
    ]


def test_a_curve_needs_two_days() -> None:
    assert chart.draw([]) is None
    assert chart.draw(days(1)) is None


def test_the_curve_fits_its_box() -> None:
    drawn = chart.draw(days(0, 2, 4))
    assert drawn is not None
    assert drawn.line == "M0.00 160.0L360.00 80.0L720.00 0.0"
    assert drawn.area.endswith("V160H0Z")
    assert drawn.labels == ["4 MB", "3 MB", "2 MB", "1 MB", "0 MB"]
    assert [(column.x, column.width) for column in drawn.columns] == [(0, 180), (180, 360), (540, 180)]


def test_days_that_were_not_measured_leave_a_gap() -> None:
    some = days(1, 1, 1)
    drawn = chart.draw([some[0], some[2]])
    assert drawn is not None
    assert [(column.x, column.width) for column in drawn.columns] == [(0, 180), (540, 180)]
    assert drawn.line.startswith("M0.00 ")
    assert "L720.00" in drawn.line


@pytest.mark.parametrize(
    ("most", "top"), [(0, "4 MB"), (3.9, "4 MB"), (5, "8 MB"), (9, "20 MB"), (11_917, "20,000 MB")]
)
def test_the_scale_has_round_numbers(most: float, top: str) -> None:
    drawn = chart.draw(days(0, most))
    assert drawn is not None
    assert drawn.labels[0] == top
