"""The first page of the admin: recordings.overview, put into the order and the links of a page."""

from datetime import datetime
from typing import Any

from django.conf import settings

from recordings import overview
from recordings.admin import chart
from recordings.admin.base import address
from recordings.overview import Overview


def context(now: datetime) -> dict[str, Any]:
    """What templates/admin/index.html shows."""
    seen = overview.read(now)
    today = seen.at.date().isoformat()
    return {
        "seen": seen,
        "chart": chart.draw(seen.history),
        "days": list(reversed(seen.history)),
        "today_list": address("recording", since=today),
        "all_list": address("recording"),
        "people_list": address("user"),
        "held_list": address("recording", held="yes"),
        "concerns": list(_concerns(seen)),
        "limits": settings,
    }


def _concerns(seen: Overview) -> Any:
    """Groups of recordings somebody should look into; those without any are left out."""
    found = seen.attention
    groups = (
        ("Failed", "No usable bytes", found.failed, address("recording", status="failed")),
        ("Incomplete", "Less arrived than was recorded", found.incomplete, address("recording", incomplete="yes")),
        (
            "Cannot be removed",
            "Deleted, but the store refuses or does not answer; tried again every few seconds",
            found.unpurged,
            address("recording", deleted="yes"),
        ),
    )
    for title, explained, some, url in groups:
        if some.number:
            yield {"title": title, "explained": explained, "some": some, "url": url}
