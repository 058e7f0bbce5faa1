"""The viewer's time zone, which their browser names in a cookie (base/times.js): days are counted in it."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from django.http import HttpRequest

COOKIE = "sortie-zone"


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone that the browser is in, of the IANA database; UTC before it has said so, or if nobody knows it."""
    name = request.COOKIES.get(COOKIE, "")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # which it is depends on what was sent in the place of a name
        return UTC
