"""`sortie watch`: what is recorded in a folder goes to the portal when it has ended."""

import argparse
import json
import os
import time

from recordings.capture import home, portal, watching
from recordings.capture.arguments import Failure, Option, parser, seconds, warn
from recordings.capture.commands.upload import FAILED, SENDING, UNREACHABLE, Silent, explained, logged_in
from recordings.capture.ledger import Busy
from recordings.capture.library import Entry
from recordings.capture.parcel import Changed, NoRecording, NotFinished
from recordings.capture.progress import Bar
from recordings.capture.sending import GaveUp
from recordings.capture.shipping import SENT, Shipment, Shipper
from recordings.capture.tus import LoggedOut, NotTaken

SUMMARY = "send what is recorded in a folder to the portal, as it ends"
USAGE = "[options] [DIR]"
OPTIONS = (
    Option("--once", about="send what has ended by now and end, for cron"),
    Option("--every", metavar="S", type=seconds, default=10.0, about="look every S seconds (default: 10)"),
    Option(
        "--patience",
        metavar="S",
        type=seconds,
        default=60.0,
        about="how many seconds to try for without getting any further, before looking again (default: 60)",
    ),
    *SENDING,
)
DESCRIPTION = """\
Send every recording in DIR and the folders below it to the portal that
`sortie login` knows, each once and only when it has ended. DIR is by default
where sortie records, ~/.sortie/recordings.

Nothing is sent that is still being recorded, and no session of `sortie exec`
before its --end. What other recorders write counts as ended when nobody has
had it open for some seconds, or, where the system cannot tell (macOS, network
file systems), when nobody has written to it for ten minutes.

Stopped, killed or without a line, it goes on where it was. What the portal
does not take is told once and not tried again: `sortie upload FILE` does.
"""
EPILOG = """\
environment, files:
  as for `sortie upload`

exit status:
  with --once: 0 if everything that had ended is there; 1 if something was
  refused or cannot be read, or there is no login; 4 if the portal could not be
  reached. Without it: 130 after Ctrl-C; 1 if DIR is not there

examples:
  sortie watch
  */5 * * * *  sortie watch --once --quiet /var/spool/sortie
"""


def run(arguments: list[str]) -> int:
    """Raises Failure and OSError."""
    made = parser("watch", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("folder", metavar="DIR", nargs="?", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    folder = given.folder or home.recordings_folder()
    if given.folder and not os.path.isdir(folder):
        raise Failure(f"there is no folder {folder}")
    watch = Watch(folder, given)
    if given.once:
        return watch.look()
    while True:
        try:
            watch.look()
        except Failure as error:
            watch.complain(f"{error}{f'; {error.hint}' if error.hint else ''}")
        time.sleep(given.every)


class Watch:
    """Looks into a folder and sends what has ended."""

    def __init__(self, folder: str, given: argparse.Namespace) -> None:
        self._folder = folder
        self._given = given
        self._onlooker = Silent() if given.quiet or given.json else Bar()
        self._shipper: Shipper | None = None
        self._login: dict[str, object] = {}
        self._told: set[str] = set()
        self._new: set[str] = set()

    def look(self) -> int:
        """Send what has ended. Returns an exit status; raises Failure where nothing can be sent now."""
        self._new = set()
        try:
            return self._look()
        finally:
            # What is still so next time was told; what comes back later is news again.
            self._told = self._new

    def complain(self, text: str) -> None:
        """On standard error, if that was not so the last time too."""
        if text not in self._told:
            warn(text)
        self._new.add(text)
        self._told.add(text)

    def _look(self) -> int:
        status = 0
        shipper = self._current()

        def unreadable(text: str) -> None:
            nonlocal status
            status = FAILED
            self.complain(text)

        for entry in watching.entries(self._folder, unreadable):
            try:
                if not self._is_new(shipper, entry) or not watching.has_ended(entry, time.time()):
                    continue
                self._send(shipper, entry)
            except (NotFinished, Changed, Busy, FileNotFoundError):
                continue  # by the next time it may have ended
            except (portal.Refused, NoRecording, OSError) as error:
                if isinstance(error, LoggedOut | NotTaken):
                    raise Failure(str(error), hint=error.hint) from error
                unreadable(f"{home.shown(entry.path)}: {reason_of(error)}")
            except GaveUp as error:
                raise Failure(str(error), status=UNREACHABLE) from error
        return status

    def _current(self) -> Shipper:
        """With the login there is now: a new one may have come while we waited. Raises Failure."""
        login = logged_in()
        if self._shipper is None or vars(login) != self._login:
            if self._shipper is not None:
                self._shipper.close()
            self._shipper = Shipper(login, self._onlooker, patience=self._given.patience)
            self._login = vars(login)
        return self._shipper

    def _is_new(self, shipper: Shipper, entry: Entry) -> bool:
        content = shipper.ledger.content_of(entry.path)
        return not content or shipper.ledger.find(content) is None

    def _send(self, shipper: Shipper, entry: Entry) -> None:
        shipment = shipper.ship(entry, insist=False)
        if shipment.state == SENT and not self._given.quiet:
            tell(shipment, as_json=self._given.json)


def tell(shipment: Shipment, *, as_json: bool) -> None:
    """One line."""
    text = f"sent {shipment.session_id}: {shipment.url}"
    print(json.dumps(shipment.as_json(), ensure_ascii=False) if as_json else text, flush=True)


def reason_of(error: Exception) -> str:
    """In words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    text, hint = explained(error)
    return f"{text}; {hint}" if hint else text
