"""What every page knows about the portal."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def portal(request: HttpRequest) -> dict[str, Any]:
    return {
        "video_enabled": settings.SORTIE_VIDEO_RECORDING_ENABLED,
        "terminal_enabled": settings.SORTIE_TERMINAL_RECORDING_ENABLED,
    }
