"""The addresses of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from recordings.api.urls import routes
from recordings.views.urls import page_routes

_enabled = {
    "video": settings.SORTIE_VIDEO_RECORDING_ENABLED,
    "terminal": settings.SORTIE_TERMINAL_RECORDING_ENABLED,
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include((routes(**_enabled), "api"))),
    path("admin/", admin.site.urls),
    *page_routes(**_enabled),
]

handler400 = "recordings.views.errors.bad_request"
handler403 = "recordings.views.errors.permission_denied"
handler404 = "recordings.views.errors.not_found"
handler500 = "recordings.views.errors.server_error"
