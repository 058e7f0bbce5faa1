"""The server over streamable HTTP, for the live process.

Before anything is read of a request: is it for this portal (`Host`), is it not from a page of another site
(`Origin`), and whose token does it show? Pages of other sites can reach a portal in a private network through a
browser in it, which is what the first two are for.
"""

import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http.request import split_domain_port, validate_host
from mcp.server.transport_security import TransportSecuritySettings

from recordings import meters, tokens, trace
from recordings.live.origins import is_ours
from recordings.live.vnc import address_of
from recordings.mcp_server import callers, server

logger = logging.getLogger(__name__)
requests = logging.getLogger("sortie.requests")

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

PATH = "/mcp"
LARGEST_REQUEST = 256 * 1024
_BEARER = ("WWW-Authenticate", 'Bearer realm="Sortie"')


class Refused(Exception):
    """A request is answered with an error: status, sentence and a header."""

    def __init__(self, status: int, title: str, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status, self.title, self.headers = status, title, headers


class Observed:
    """Gives each request an id, counts it, and writes a line about it."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        request_id = uuid4().hex
        trace.begin(request_id=request_id)
        begun, status = time.monotonic(), 500

        async def say(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            with meters.requests_in_progress.track_inprogress():
                await self._application(scope, receive, say)
        finally:
            _tell(scope, status, time.monotonic() - begun)


class AtTheDoor:
    """Lets in those with a valid token, whom tools then act for."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            check_addresses(headers.get(b"host", ""), headers.get(b"origin"))
            if scope["method"] != "POST":
                # Nothing is told that was not asked for, so there is nothing to listen for.
                raise Refused(405, "Method Not Allowed", "Only POST is known here.", ("Allow", "POST"))
            secret = await _admitted(headers.get(b"authorization", ""))
        except Refused as refused:
            await _answer(send, refused)
            return
        with callers.showing(callers.Credential(secret, address_of(scope))):
            await self._application(scope, receive, send)


def is_offered() -> bool:
    """Whether there is anything recorded that agents could ask for."""
    return bool(settings.SORTIE_VIDEO_RECORDING_ENABLED or settings.SORTIE_TERMINAL_RECORDING_ENABLED)


def application() -> tuple[Application, Application]:
    """What answers at PATH, and what has to be told of the process's beginning and end."""
    served = server.make().streamable_http_app(
        streamable_http_path=PATH,
        # Nothing of a client is kept between its requests, so that any of several processes can answer each.
        stateless_http=True,
        json_response=True,
        max_request_body_size=LARGEST_REQUEST,
        # Ours know Django's settings.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return Observed(AtTheDoor(served)), served


def check_addresses(host: str, origin: str | None) -> None:
    """Raises Refused if a request is for another site, or from a page of one. Programs send no Origin."""
    domain, _ = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1"]
    if not domain or not validate_host(domain, allowed):
        raise Refused(421, "Misdirected Request", "No portal is called like this here; see ALLOWED_HOSTS.")
    if origin is not None and not is_ours(origin, host):
        raise Refused(403, "Forbidden", "Pages of other sites may not use this.")


async def _admitted(authorization: str) -> str:
    """The token, if it is one. Raises Refused."""
    kind, _, secret = authorization.partition(" ")
    if kind.lower() != "bearer":
        raise Refused(401, "Unauthorized", "Send Authorization: Bearer and a token.", _BEARER)
    try:
        token = await database_sync_to_async(tokens.admit)(secret.strip())
    except (OperationalError, InterfaceError) as error:
        logger.warning("A token could not be looked up: %s", error)
        detail = "The database cannot be reached. Try again in a moment."
        raise Refused(503, "Service Unavailable", detail, ("Retry-After", "2")) from error
    if token is None:
        raise Refused(401, "Unauthorized", callers.NOT_VALID, _BEARER)
    return secret.strip()


async def _answer(send: Any, refused: Refused) -> None:
    body = json.dumps({"title": refused.title, "status": refused.status, "detail": str(refused)}).encode()
    headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body))), *refused.headers]
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": refused.status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _tell(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] == "POST" else "other"
    meters.requests.labels(method, "mcp", status).inc()
    meters.request_seconds.labels(method, "mcp").observe(seconds)
    facts = {
        "method": method,
        "path": PATH,
        "route": "mcp",
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "address": address_of(scope),
    }
    requests.info("%s %s %d", method, PATH, status, extra={"facts": facts})
