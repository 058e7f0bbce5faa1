"""The page that records a screen, a window or a tab. All of it happens in the browser, through the API."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe


@never_cache
@require_safe
@ensure_csrf_cookie
@login_required
def record(request: HttpRequest) -> HttpResponse:
    return render(
        request, "recordings/record.html", {"here": "record", "max_mb": settings.SORTIE_RECORDING_MAX_SIZE_MB}
    )
