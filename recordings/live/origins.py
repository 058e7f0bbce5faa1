"""Which pages may open a WebSocket: those of this portal, whatever ALLOWED_HOSTS says.

Browsers send cookies along with a WebSocket that any page opens, and no rule of theirs keeps the page from reading
what comes. The Origin header, which no page can forge, is all there is to tell pages apart by.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host
from django.utils.http import is_same_domain

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SameSiteOnly:
    """Refuses the handshake (403) of any other page, and of what is no browser."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if is_ours(headers.get(b"origin", ""), headers.get(b"host", "")):
            await self._application(scope, receive, send)
        else:
            await WebsocketDenier()(scope, receive, send)


def is_ours(origin: str, host: str) -> bool:
    """Whether a page of `origin` is one of this portal, which was called as `host`, host:port."""
    try:
        page, called = urlsplit(origin), urlsplit(f"//{host}")
        if page.scheme not in _DEFAULT_PORTS or not page.hostname or not called.hostname:
            return False
        # Where the live process has a port of its own, its pages come from the one of the web process.
        ports = {called.port or _DEFAULT_PORTS[page.scheme], settings.SORTIE_PORT}
        ours = page.hostname == called.hostname and _port(page) in ports
    except ValueError:
        return False
    if any(_is_trusted(page, trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS):
        return True
    secure = page.scheme == "https" or not settings.SORTIE_HTTPS
    return ours and secure and validate_host(called.hostname, settings.ALLOWED_HOSTS)


def _is_trusted(page: SplitResult, trusted: str) -> bool:
    """As Django understands CSRF_TRUSTED_ORIGINS: `https://*.example.com` stands for its subdomains."""
    known = urlsplit(trusted.replace("://*.", "://.", 1))
    if page.scheme != known.scheme or _port(page) != _port(known):
        return False
    return is_same_domain(page.hostname or "", known.hostname or "")


def _port(address: SplitResult) -> int:
    return address.port or _DEFAULT_PORTS.get(address.scheme, 0)
