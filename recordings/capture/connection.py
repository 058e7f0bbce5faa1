"""An HTTP connection to a portal, kept open: through a proxy if there is to be one, never to another host."""

import base64
import http.client
import json
import ssl
import urllib.parse
import urllib.request

from recordings.capture import home
from recordings.capture.portal import LONGEST_ANSWER, host, unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT_SECONDS = 60.0
# How much is handed to the network at a time, so that a progress bar has something to show on a slow line.
BLOCK_BYTES = 64 * 1024
# How a connection ends before its time; over TLS it may be that nobody says goodbye.
LOST = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Broken(Exception):
    """No answer came, and the request may have been carried out or not. The text says what happened."""


class Answer:
    """What came back. Names of headers are in lower case."""

    def __init__(self, status: int, reason: str, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    @property
    def content(self) -> dict[str, object]:
        """The JSON object in the body, an empty one if there is none."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def detail(self) -> str:
        """What a problem document says, "" if this is none."""
        said = self.content.get("detail")
        return said if isinstance(said, str) else ""


class Connection:
    """Requests to the portal at `url` with a bearer token. If it breaks, it is opened anew for the next one."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self.url = url
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._base = parts.path
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": home.AGENT, "Accept": "application/json"}
        self._proxy = proxy_for(parts)
        self._open: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        headers: "Mapping[str, str] | None" = None,
        body: bytes = b"",
        sent: "Callable[[int], None] | None" = None,
    ) -> Answer:
        """Send one request and read its answer; `sent` is told how much of the body has gone.

        Raises Broken, and Refused where trying again cannot help: the portal cannot prove who it is.
        """
        try:
            if self._open is None:
                self._open = self._connected()
            self._send(self._open, method, path, {**self._headers, **(headers or {})}, body, sent)
            return self._answer(self._open)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._broken(error) from error

    def close(self) -> None:
        """Hang up."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        if self._proxy is None:
            made = kind(self._host, self._port, timeout=TIMEOUT_SECONDS)
        else:
            made = kind(self._proxy.hostname or "", self._proxy.port or 80, timeout=TIMEOUT_SECONDS)
            if self._secure:
                made.set_tunnel(self._host, self._port, headers=proxy_credentials(self._proxy))
        try:
            made.connect()
        except LOST:
            raise
        except ssl.SSLError as error:
            raise unreachable(self.url, error) from error
        return made

    def _send(
        self,
        to: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: "Mapping[str, str]",
        body: bytes,
        sent: "Callable[[int], None] | None",
    ) -> None:
        target = self._base + path
        if self._proxy is not None and not self._secure:
            target = f"{self.url}{path}"
            headers = {**headers, **proxy_credentials(self._proxy)}
        to.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            to.putheader(name, value)
        if body or method in ("POST", "PATCH"):
            to.putheader("Content-Length", str(len(body)))
        to.endheaders()
        view = memoryview(body)
        try:
            for start in range(0, len(body), BLOCK_BYTES):
                to.send(view[start : start + BLOCK_BYTES])
                if sent is not None:
                    sent(min(start + BLOCK_BYTES, len(body)))
        except (BrokenPipeError, ConnectionResetError):
            # Who refuses a request need not read all of it first, and the answer says why.
            return

    def _answer(self, source: http.client.HTTPConnection) -> Answer:
        with source.getresponse() as response:
            body = response.read(LONGEST_ANSWER)
            headers = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, response.reason, headers, body)
            ended = response.will_close or not response.isclosed()
        if ended:
            self.close()
        return answer

    def _broken(self, error: Exception) -> Broken:
        if isinstance(error, TimeoutError):
            return Broken(f"{host(self.url)} does not answer")
        if isinstance(error, (*LOST, ssl.SSLError, http.client.HTTPException)):
            return Broken(f"the connection to {host(self.url)} was lost")
        return Broken(str(unreachable(self.url, error)))


def proxy_for(url: urllib.parse.SplitResult) -> urllib.parse.SplitResult | None:
    """The proxy that `https_proxy`, `http_proxy` and `no_proxy` name for this address, if any."""
    named = urllib.request.getproxies().get(url.scheme)
    if not named or urllib.request.proxy_bypass(url.hostname or ""):
        return None
    return urllib.parse.urlsplit(named if "://" in named else f"http://{named}")


def proxy_credentials(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    """The header that logs in to the proxy, if its address has a name and a password."""
    if proxy.username is None:
        return {}
    pair = f"{urllib.parse.unquote(proxy.username)}:{urllib.parse.unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
