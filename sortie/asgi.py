"""The live application: WebSockets. Pages, API and uploads are the WSGI application's."""

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")
get_asgi_application()

from recordings.live.closing import ClosesAtOnce  # noqa: E402
from recordings.live.origins import SameSiteOnly  # noqa: E402
from recordings.live.urls import websocket_routes  # noqa: E402  (models are there only after Django's set-up)


async def _elsewhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The answer to plain HTTP, which the web process serves."""
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Only WebSockets here.\n"})


_websockets = SameSiteOnly(ClosesAtOnce(AuthMiddlewareStack(URLRouter(websocket_routes()))))
application = ProtocolTypeRouter({"http": _elsewhere, "websocket": _websockets})
