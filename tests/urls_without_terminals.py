"""The addresses of a portal in which only video is switched on."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from recordings.api.urls import routes
from recordings.views.urls import page_routes

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include((routes(video=True, terminal=False), "api"))),
    path("admin/", admin.site.urls),
    *page_routes(video=True, terminal=False),
]
