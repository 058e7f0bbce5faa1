"""`sortie upload`: recordings sent to the portal."""

import argparse
import json
import os
import sys
import time

from recordings.capture import display, home, portal
from recordings.capture.arguments import Failure, Option, parser, seconds
from recordings.capture.commands import found
from recordings.capture.ledger import Busy
from recordings.capture.library import Entry, without_suffix
from recordings.capture.parcel import Changed, NoRecording, NotFinished
from recordings.capture.progress import Bar
from recordings.capture.sending import GaveUp
from recordings.capture.shipping import KNOWN, Shipment, Shipper
from recordings.capture.tus import LoggedOut, NotTaken

SUMMARY = "send recordings to the portal"
USAGE = "[options] ID or FILE ..."
SENDING = (
    Option("--json", about="tell of each as a JSON object on a line, for programs"),
    Option("-q", "--quiet", about="say nothing but errors, and show no progress"),
)
OPTIONS = (
    Option("--title", metavar="TEXT", about="what the recording is called there (default: as here)"),
    Option("--again", about="send it even if it has been sent, as another recording"),
    Option(
        "--patience",
        metavar="S",
        type=seconds,
        default=300.0,
        about="how many seconds to try for without getting any further (default: 300)",
    ),
    *SENDING,
)
DESCRIPTION = """\
Send recordings to the portal that `sortie login` knows. ID may be the
beginning of one, as long as it is the only one that begins so; FILE is a cast
of any recorder, compressed or not, or a WebM video.

Whatever cuts an upload short, it goes on where it was: at once when the line
comes back, or when the same is called again, even after a power cut. What has
been sent once is not sent again, by its content and whatever it is called.
"""
EPILOG = """\
environment:
  https_proxy, http_proxy, no_proxy   the proxy to go through, if any
  SSL_CERT_FILE                       certificates of authorities to trust

files:
  ~/.sortie/portal.json          the token, from `sortie login`
  ~/.sortie/uploads/sent.jsonl   what has been sent, by SHA-256
  ~/.sortie/uploads/*.json       uploads that are to go on

exit status:
  0 if all is there; 1 if one was refused or there is no login; 3 if there is
  no such recording; 4 if the portal could not be reached for so long: the same
  again goes on; 130 after Ctrl-C, likewise

examples:
  sortie upload 7f3a
  sortie upload --title "INC-4711" 7f3a ~/casts/demo.cast
"""
FAILED, UNREACHABLE = 1, 4


def run(arguments: list[str]) -> int:
    """Raises Failure and OSError."""
    made = parser("upload", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("wanted", metavar="ID or FILE", nargs="+", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    entries = [entry_of(text) for text in given.wanted]
    login = logged_in()
    shipper = Shipper(login, Silent() if given.quiet or given.json else Bar(), patience=given.patience)
    status = 0
    try:
        for entry in entries:
            status = max(status, send(shipper, entry, given))
    finally:
        shipper.close()
    return status


def send(shipper: Shipper, entry: Entry, given: argparse.Namespace) -> int:
    """Send one and tell of it. Raises Failure where the next one would fare no better."""
    try:
        shipment = shipper.ship(entry, title=given.title or "", again=given.again)
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            print("stopped; the same again goes on from there", file=sys.stderr)
        raise
    except (LoggedOut, NotTaken) as error:
        raise Failure(str(error), hint=error.hint) from error
    except GaveUp as error:
        raise Failure(
            f"{error}; {entry.session_id} is not sent", hint="the same again goes on from there", status=UNREACHABLE
        ) from error
    except (portal.Refused, NotFinished, NoRecording, Changed, Busy) as error:
        tell_failure(entry, error, as_json=given.json)
        return FAILED
    if not given.quiet:
        tell(shipment, as_json=given.json)
    return 0


def tell(shipment: Shipment, *, as_json: bool) -> None:
    """One line: for people what was done, for programs the address."""
    if as_json:
        print(json.dumps(shipment.as_json(), ensure_ascii=False), flush=True)
    elif not sys.stdout.isatty():
        print(shipment.url, flush=True)
    elif shipment.state == KNOWN:
        print(f"{shipment.session_id} had been sent: {shipment.url}")
    else:
        took = display.duration(shipment.seconds)
        print(f"sent {shipment.session_id}, {display.size(shipment.size)} in {took}: {shipment.url}")


def tell_failure(entry: Entry, error: Exception, *, as_json: bool) -> None:
    """What kept one recording back, on standard error."""
    text, hint = explained(error)
    where = home.shown(entry.path)
    if as_json:
        print(json.dumps({"session_id": entry.session_id, "path": entry.path, "state": "failed", "error": text}))
    print(f"sortie: {where}: {text}", file=sys.stderr)
    if hint:
        print(f"  {hint}", file=sys.stderr)


def explained(error: Exception) -> tuple[str, str]:
    """What happened and what to do about it."""
    if isinstance(error, Busy):
        return "another sortie is sending it", ""
    if isinstance(error, Changed):
        return "it was changed while it was sent", "send it when nobody writes to it"
    if isinstance(error, NotFinished):
        return str(error), "send it when it has ended"
    return str(error), getattr(error, "hint", "")


def entry_of(text: str) -> Entry:
    """The recording that is meant. Raises Failure."""
    if os.path.isfile(text):
        return Entry(text, without_suffix(text) or text)
    return found.recording(text)


def logged_in() -> portal.Login:
    """The login that was kept. Raises Failure and OSError."""
    login = portal.remembered()
    if login is None:
        raise Failure("no portal is known here", hint="sortie login URL")
    if login.expires is not None and login.expires <= time.time():
        raise Failure(
            f"the login at {portal.host(login.url)} has expired", hint=f"log in again: sortie login {login.url}"
        )
    return login


class Silent:
    """Shows nothing of how far it is."""

    def begin(self, name: str, size: int) -> None:
        """Nothing."""

    def at(self, count: int) -> None:
        """Nothing."""

    def waits(self, reason: str, seconds: float) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""
