"""The live application: WebSockets, MCP for agents, and probes. Pages and API are the WSGI application's."""

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sortie.settings")
get_asgi_application()

from recordings.live.closing import ClosesAtOnce  # noqa: E402  (models are there only after Django's set-up)
from recordings.live.observed import Observed  # noqa: E402
from recordings.live.origins import SameSiteOnly  # noqa: E402
from recordings.live.urls import websocket_routes  # noqa: E402
from recordings.mcp_server import web as mcp  # noqa: E402
from sortie import probes  # noqa: E402

_mcp, _lifespan = mcp.application()


async def _over_http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """MCP, and probes; everything else is the web process's."""
    if scope["path"] == mcp.PATH and mcp.is_offered():
        await _mcp(scope, receive, send)
        return
    authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    question = probes.Question(scope["path"], scope["query_string"].decode("latin-1"), authorization)
    # In a thread of its own, as it may take seconds.
    ask = database_sync_to_async(probes.answer, thread_sensitive=False)
    answer = await ask(question) or probes.NOT_HERE
    headers = {"content-type": answer.content_type, "cache-control": "no-store", **answer.headers}
    listed = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": listed})
    await send({"type": "http.response.body", "body": answer.body})


_websockets = SameSiteOnly(Observed(ClosesAtOnce(AuthMiddlewareStack(URLRouter(websocket_routes())))))
application = ProtocolTypeRouter({"http": _over_http, "websocket": _websockets, "lifespan": _lifespan})
