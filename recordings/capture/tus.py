"""The portal's resumable uploads: tus 1.0 (https://tus.io/protocols/resumable-upload), with checksums.

Besides what tus has, `Sortie-Kinds` of the portal's answer to OPTIONS names the kinds of recording that it takes,
and `Sortie-Recording` of that to POST and HEAD is the id of the recording that the upload will be.
"""

import base64
import hashlib
import re

from recordings.capture.connection import Broken, Connection
from recordings.capture.portal import Refused, host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recordings.capture.connection import Answer

UPLOADS = "/api/uploads"
VERSION = {"Tus-Resumable": "1.0.0"}
# What the portal takes of Upload-Metadata.
LONGEST_METADATA = 1024
ID = re.compile(r"[0-9a-f-]{8,64}")
# Request timeout, too early, locked, too many requests; then the portal's own trouble, which passes: a server that
# is being restarted, a store or a proxy that is away, a disk or a quota that is full.
PASSING = (408, 423, 425, 429, 500, 502, 503, 504, 507)
CHECKSUM_MISMATCH = 460
# What to ask for to learn nothing but whether one may ask.
NO_UPLOAD = "00000000-0000-4000-8000-000000000000"


class Later(Exception):
    """Not now. The text says why, `seconds` when to try again, None if nothing says."""

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class Gone(Exception):
    """The portal does not know the upload, or no more."""


class LoggedOut(Refused):
    """The portal does not take the token, or not for this."""


class NotTaken(Refused):
    """The portal takes no recordings of this kind, whichever it is."""


class PieceTooLarge(Exception):
    """Something before the portal takes no piece as large as this."""


class Portal:
    """What a portal can do. `largest` in bytes, None if it does not say; `kinds` likewise."""

    def __init__(self, largest: int | None, kinds: frozenset[str] | None) -> None:
        self.largest = largest
        self.kinds = kinds


class Uploads:
    """Uploads over one connection. Everything raises Refused where trying again cannot help, else Later."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._abilities: Portal | None = None

    @property
    def url(self) -> str:
        """The portal's address."""
        return self._connection.url

    def abilities(self) -> Portal:
        """What the portal takes; asked once."""
        if self._abilities is None:
            answer = self._ask("OPTIONS", UPLOADS)
            self._check(answer, 204, 200)
            largest, kinds = answer.headers.get("tus-max-size", ""), answer.headers.get("sortie-kinds")
            named = None if kinds is None else frozenset(kind.strip() for kind in kinds.split(","))
            self._abilities = Portal(int(largest) if largest.isdecimal() else None, named)
        return self._abilities

    def create(self, length: int, metadata: str) -> tuple[str, str]:
        """Begin an upload of `length` bytes; its id, and that of its recording, "" if the portal does not say."""
        headers = {"Upload-Length": str(length), "Upload-Metadata": metadata}
        answer = self._ask("POST", UPLOADS, headers)
        if answer.status == 415:
            raise NotTaken(f"{host(self.url)} does not take it: {answer.detail or answer.reason}")
        self._check(answer, 201)
        # The portal may not know what it is called from outside: only the id is believed.
        upload = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
        if not ID.fullmatch(upload):
            raise self._no_portal()
        return upload, recording_of(answer)

    def check_token(self) -> None:
        """Raises LoggedOut if the portal does not take the token, or not for uploads."""
        try:
            self.offset(NO_UPLOAD)
        except Gone:
            return

    def offset(self, upload: str) -> tuple[int, str]:
        """How many bytes the portal has, and the id of the recording, "" if it does not say. Raises Gone."""
        answer = self._ask("HEAD", f"{UPLOADS}/{upload}")
        self._check(answer, 200, 204)
        return self._offset_in(answer), recording_of(answer)

    def send(self, upload: str, at: int, piece: bytes, sent: "Callable[[int], None] | None" = None) -> int:
        """Add a piece at `at`. The new offset, wherever that is. Raises Gone, PieceTooLarge."""
        digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(at),
            "Upload-Checksum": f"sha256 {digest}",
        }
        answer = self._ask("PATCH", f"{UPLOADS}/{upload}", headers, piece, sent)
        if answer.status == 409 and "upload-offset" in answer.headers:
            return self._offset_in(answer)
        if answer.status == CHECKSUM_MISMATCH:
            raise Later("the portal got something else than was sent", 0.0)
        if answer.status == 413 and "tus-resumable" not in answer.headers:
            raise PieceTooLarge
        self._check(answer, 204)
        return self._offset_in(answer)

    def drop(self, upload: str) -> None:
        """Have the portal forget an upload, if it can be reached and knows it."""
        try:
            self._ask("DELETE", f"{UPLOADS}/{upload}")
        except (Later, Refused):
            return

    def recording(self, recording_id: str) -> dict[str, object] | None:
        """What the portal says of a recording; None if it has none of this id, or will not say."""
        answer = self._ask("GET", f"/api/recordings/{recording_id}")
        return answer.content if answer.status == 200 else None

    def _ask(
        self,
        method: str,
        path: str,
        headers: "Mapping[str, str] | None" = None,
        body: bytes = b"",
        sent: "Callable[[int], None] | None" = None,
    ) -> "Answer":
        try:
            return self._connection.request(method, path, {**VERSION, **(headers or {})}, body, sent)
        except Broken as error:
            raise Later(str(error)) from error

    def _offset_in(self, answer: "Answer") -> int:
        text = answer.headers.get("upload-offset", "")
        if not text.isdecimal():
            raise self._no_portal()
        return int(text)

    def _check(self, answer: "Answer", *expected: int) -> None:
        """Raises what any other status than those expected means."""
        status, where = answer.status, host(self.url)
        said = f": {answer.detail}" if answer.detail else ""
        if status < 300:
            if status not in expected or not {"tus-resumable", "tus-version"} & answer.headers.keys():
                raise self._no_portal()
            return
        if status in PASSING:
            raise Later(f"{where} answers {status} {answer.reason}{said}", retry_after(answer))
        if status == 410 or (status == 404 and "tus-resumable" in answer.headers):
            raise Gone
        if status == 404:
            raise NotTaken(
                f"{where} takes no recordings", "recording is switched off there, or it is no Sortie portal"
            )
        self._check_login(answer)
        if status in (415, 422):
            raise Refused(f"{where} does not take it{said}")
        if status == 413:
            raise Refused(f"{where} does not take so much{said}", "SORTIE_RECORDING_MAX_SIZE_MB is its limit")
        raise Refused(f"{where} answers {status} {answer.reason}{said}")

    def _check_login(self, answer: "Answer") -> None:
        """Raises LoggedOut where another login would help."""
        status, where = answer.status, host(self.url)
        if status == 401:
            raise LoggedOut(f"{where} does not know this login any more", f"log in again: sortie login {self.url}")
        if status == 403 and 'scope="upload"' in answer.headers.get("www-authenticate", ""):
            raise LoggedOut("the token may not be used for uploads", "make one with the scope `upload`")
        if status in (301, 302, 303, 307, 308):
            target = answer.headers.get("location", "elsewhere").partition(UPLOADS)[0]
            raise LoggedOut(f"{where} sends to {target}", f"log in there, if you trust it: sortie login {target}")

    def _no_portal(self) -> Refused:
        return NotTaken(f"{host(self.url)} answers, but not as a Sortie portal does", "is the address right?")


def metadata(*pairs: tuple[str, str]) -> str:
    """Upload-Metadata of as many of the pairs as the portal takes, those that matter most first; empty ones go."""
    made = ""
    for key, value in pairs:
        encoded = f"{key} {base64.b64encode(value.encode('utf-8', 'replace')).decode()}"
        longer = f"{made},{encoded}" if made else encoded
        if value and len(longer) <= LONGEST_METADATA:
            made = longer
    return made


def recording_of(answer: "Answer") -> str:
    """The id of the recording that an upload is for."""
    found = answer.headers.get("sortie-recording", "")
    return found if ID.fullmatch(found) else ""


def retry_after(answer: "Answer") -> float | None:
    """Seconds that the portal asks to wait, five minutes at most; None if it does not, or names a date."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), 300.0) if text.isdecimal() else None
