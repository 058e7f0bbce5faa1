"""The addresses of WebSockets."""

from django.urls import URLPattern, path

from recordings.live.vnc import VncBridge


def websocket_routes() -> list[URLPattern]:
    return [path("live/sessions/<uuid:pk>/vnc", VncBridge.as_asgi())]
