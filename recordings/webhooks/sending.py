"""One signed request to a webhook's address, as https://www.standardwebhooks.com describes it."""

import base64
import hmac
import http.client
import socket
import ssl
import threading
from contextlib import suppress
from hashlib import sha256

from recordings.webhooks.addresses import parsed, resolved

CONNECT_WITHIN = 5.0
ANSWER_WITHIN = 10.0
AGENT = "Sortie-Webhook/1"


class NotDelivered(Exception):
    """There was no answer; the text says why."""


def signature(secret: str, *, message: str, timestamp: int, body: str) -> str:
    """What `webhook-signature` must be: `v1,` and the base64 of an HMAC-SHA256 of `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()


def post(url: str, *, secret: str, message: str, timestamp: int, body: str) -> int:
    """Send `body`, of message id `message`; the status of the answer. Follows no redirect and reads no answer.

    Raises:
        BadAddress: it may not be sent there.
        NotDelivered: nobody answered in time.
    """
    parts = parsed(url)
    connection = _connection(url, resolved(url))
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": AGENT,
        "Connection": "close",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message=message, timestamp=timestamp, body=body),
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body.encode(), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(_why(error)) from error
    finally:
        connection.close()


def _connection(url: str, address: str) -> http.client.HTTPConnection:
    """To the IP address that was checked, whatever the name may stand for by now."""
    parts = parsed(url)
    name, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)

    class ToAddress(http.client.HTTPConnection):
        def connect(self) -> None:
            plug = socket.create_connection((address, port), timeout=CONNECT_WITHIN)
            # For all of it: a receiver that sends a byte now and then is never silent for long. By a second handle,
            # as TLS takes the first one away.
            self.spare = plug.dup()
            self.limit = threading.Timer(ANSWER_WITHIN, _cut, [self.spare])
            self.limit.start()
            self.sock = ssl.create_default_context().wrap_socket(plug, server_hostname=name) if secure else plug

        def close(self) -> None:
            if hasattr(self, "limit"):
                self.limit.cancel()
                self.spare.close()
            super().close()

    return ToAddress(name, port)


def _cut(plug: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        plug.shutdown(socket.SHUT_RDWR)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "There was no answer in time."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate cannot be trusted: {error.verify_message}."
    if isinstance(error, http.client.HTTPException):
        return "What answered does not speak HTTP."
    return f"It cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."
