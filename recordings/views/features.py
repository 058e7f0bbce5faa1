"""Pages of features that are switched off: they say so, and how an admin turns them on."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def all_off(request: HttpRequest, **address: object) -> HttpResponse:
    """In place of the library and every recording's page when no kind of recording is on."""
    return render(
        request,
        "recordings/switched_off.html",
        {
            "title": "Recording is switched off",
            "detail": "Sortie neither records nor shows recordings now. What was recorded before is kept.",
            "variable": "SORTIE_VIDEO_RECORDING_ENABLED",
            "nothing_on": True,
        },
    )


@login_required
def terminal_off(request: HttpRequest, **address: object) -> HttpResponse:
    """In place of the page that connects terminals when only screens are recorded."""
    return render(
        request,
        "recordings/switched_off.html",
        {
            "title": "Terminal recording is switched off",
            "detail": "Recordings made before can still be watched.",
            "variable": "SORTIE_TERMINAL_RECORDING_ENABLED",
        },
        status=404,
    )


@login_required
def video_off(request: HttpRequest, **address: object) -> HttpResponse:
    """In place of the record page and of sessions when only terminals are recorded."""
    return render(
        request,
        "recordings/switched_off.html",
        {
            "title": "Screen recording is switched off",
            "detail": "Recordings made before can still be watched.",
            "variable": "SORTIE_VIDEO_RECORDING_ENABLED",
        },
        status=404,
    )
