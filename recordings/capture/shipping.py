"""Files to the portal, each once: what has been sent is known again by what is in it."""

import time

from recordings.capture import tus
from recordings.capture.connection import Connection
from recordings.capture.ledger import Ledger, Unfinished, claimed
from recordings.capture.parcel import Parcel
from recordings.capture.portal import Login, Refused
from recordings.capture.sending import Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from recordings.capture.library import Entry
    from recordings.capture.sending import Onlooker

SENT, KNOWN, REFUSED = "sent", "already sent", "refused before"


class Shipment:
    """What became of one file: `state` is SENT, KNOWN or REFUSED; `seconds` is how long it took."""

    def __init__(self, parcel: Parcel, url: str, state: str, recording: str, seconds: float) -> None:
        self.session_id = parcel.entry.session_id
        self.path = parcel.path
        self.size = parcel.size
        self.sha256 = parcel.sha256
        self.state = state
        self.seconds = seconds
        # Where people find it: the library, if the portal did not say which recording it is.
        self.url = f"{url}/recordings/{recording}" if recording else f"{url}/"

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "session_id": self.session_id,
            "path": self.path,
            "sha256": self.sha256,
            "size_bytes": self.size,
            "state": self.state,
            "url": self.url,
        }


class Shipper:
    """Sends files as the user of a login. `patience`: seconds to try for without getting any further."""

    def __init__(self, login: Login, onlooker: "Onlooker", *, patience: float) -> None:
        self.ledger = Ledger(login)
        self._login = login
        self._connection = Connection(login.url, login.token)
        self._sender = Sender(tus.Uploads(self._connection), onlooker, patience=patience)

    def ship(self, entry: "Entry", *, title: str = "", again: bool = False, insist: bool = True) -> Shipment:
        """Send a file, unless it is there. `again`: send it all the same, as a new recording. `insist`: send also
        what was refused before.

        Raises what Parcel, `claimed` and `Sender.deliver` raise; a file that is refused is written down as such.
        """
        parcel = Parcel(entry, title)
        try:
            with claimed(parcel.sha256):
                return self._ship(parcel, again=again, insist=insist)
        finally:
            parcel.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ship(self, parcel: Parcel, *, again: bool, insist: bool) -> Shipment:
        begun = time.monotonic()
        known = self.ledger.find(parcel.sha256)
        unfinished = Unfinished(self._login, parcel.sha256)
        if known is not None:
            self.ledger.saw(parcel)
            if not (again or (known.refused and insist)):
                state = REFUSED if known.refused else KNOWN
                return Shipment(parcel, self._login.url, state, known.recording, 0.0)
            if unfinished.recording == known.recording:
                unfinished.forget()
        try:
            recording = self._sender.deliver(parcel, unfinished)
        except (tus.LoggedOut, tus.NotTaken):
            raise
        except Refused as error:
            self.ledger.add(parcel, refused=str(error))
            raise
        # In this order: between the two a crash must not make it go twice.
        self.ledger.add(parcel, recording=recording)
        unfinished.forget()
        return Shipment(parcel, self._login.url, SENT, recording, time.monotonic() - begun)
