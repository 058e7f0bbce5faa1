"""What every page knows about the portal."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

THEME_COOKIE = "sortie-theme"


def portal(request: HttpRequest) -> dict[str, Any]:
    """`theme` is the viewer's choice, "light" or "dark", as base/theme.js keeps it; empty follows their system."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "video_enabled": settings.SORTIE_VIDEO_RECORDING_ENABLED,
        "terminal_enabled": settings.SORTIE_TERMINAL_RECORDING_ENABLED,
        "theme": theme if theme in ("light", "dark") else "",
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
    }
