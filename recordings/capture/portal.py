"""What this machine knows of a portal: its address and a token, in a file only its user can read."""

import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request

from recordings.capture import home, sidecar

TYPE_CHECKING = False
if TYPE_CHECKING:
    import http.client
    from collections.abc import Mapping
    from typing import IO

LOGIN_PATH = "/api/auth/login"
TIMEOUT_SECONDS = 30.0
LONGEST_ANSWER = 1024 * 1024
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """The portal does not do it, or there is none. The text says why; `hint` says what to do."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Login:
    """A token for a portal: `url` without a slash at the end, `expires` seconds since 1970, None if nobody said."""

    def __init__(self, url: str, username: str, token: str, expires: float | None) -> None:
        self.url = url
        self.username = username
        self.token = token
        self.expires = expires


def token_file() -> str:
    """Where the token is kept."""
    return os.path.join(home.home(), "portal.json")


def remember(login: Login) -> None:
    """Keep the token, readable by its user alone. Raises OSError."""
    home.make_folder(home.home())
    sidecar.write(token_file(), vars(login))


def remembered() -> Login | None:
    """The login that was kept, None if there is none that can be used. Raises OSError."""
    try:
        with open(token_file(), encoding="utf-8") as file:
            kept = json.load(file)
        expires = None if kept["expires"] is None else float(kept["expires"])
        return Login(str(kept["url"]), str(kept["username"]), str(kept["token"]), expires)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def address(text: str) -> str:
    """The portal's address as typed, tidied: `https://` if no scheme is given. Raises Refused."""
    url = urllib.parse.urlsplit(text if "://" in text else f"https://{text}")
    if url.scheme not in ("http", "https") or not url.hostname or url.username or url.query or url.fragment:
        raise Refused(f"{text} is no portal's address", "https://sortie.example is one")
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"


def is_exposed(url: str) -> bool:
    """Whether a password sent there can be read on the way."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS


def log_in(url: str, username: str, password: str, now: float) -> Login:
    """Exchange name and password for a token. Raises Refused."""
    answer = post(url + LOGIN_PATH, {"username": username, "password": password})
    token, lasts = answer.get("access_token"), answer.get("expires_in")
    user = answer.get("user")
    if not isinstance(token, str) or not isinstance(lasts, int | float) or not isinstance(user, dict):
        raise Refused(f"{url} answers, but not as a Sortie portal does", "is the address right?")
    return Login(url, str(user.get("username") or username), token, now + lasts)


def post(url: str, content: "Mapping[str, str]") -> dict[str, object]:
    """Post JSON, read JSON. Raises Refused."""
    body = json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": home.AGENT}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - `address` allows http(s) only
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = json.loads(response.read(LONGEST_ANSWER))
    except urllib.error.HTTPError as error:
        raise refusal(url, error) from error
    except urllib.error.URLError as error:
        raise unreachable(url, error.reason) from error
    except (OSError, ValueError) as error:
        raise Refused(f"{host(url)} does not answer as a Sortie portal does", "is the address right?") from error
    return answer if isinstance(answer, dict) else {}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a password must not go where nobody typed it to go."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: "IO[bytes]",
        code: int,
        msg: str,
        headers: "http.client.HTTPMessage",
        newurl: str,
    ) -> None:
        """Always None: the redirect is then an HTTPError."""


def refusal(url: str, error: urllib.error.HTTPError) -> Refused:
    """What a status that is not 200 means."""
    if error.code == 401:
        return Refused("the name or the password is wrong")
    if error.code == 429:
        wait = error.headers.get("Retry-After") or "some"
        return Refused("too many attempts", f"try again in {wait} seconds")
    if error.code in (301, 302, 303, 307, 308):
        target = error.headers.get("Location") or "elsewhere"
        return Refused(f"{host(url)} sends to {target.removesuffix(LOGIN_PATH)}", "log in there, if you trust it")
    if error.code == 404:
        return Refused(f"{host(url)} answers, but not as a Sortie portal does", "is the address right?")
    return Refused(f"{host(url)} answers {error.code} {error.reason}{detail(error)}")


def detail(error: urllib.error.HTTPError) -> str:
    """What a problem document says."""
    try:
        said = json.loads(error.read(LONGEST_ANSWER)).get("detail")
    except (OSError, ValueError, AttributeError):
        return ""
    return f": {said}" if said else ""


def unreachable(url: str, reason: object) -> Refused:
    """Why there was no answer."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        hint = "SSL_CERT_FILE names a file with your authority's certificate"
        return Refused(f"the certificate of {host(url)} cannot be verified: {reason.verify_message}", hint)
    if isinstance(reason, ssl.SSLError):
        return Refused(f"{host(url)} does not speak TLS", "is it http:// rather than https://?")
    text = getattr(reason, "strerror", None) or str(reason)
    return Refused(f"{host(url)} cannot be reached: {text}")


def host(url: str) -> str:
    """The part of an address that people know a portal by."""
    return urllib.parse.urlsplit(url).netloc
