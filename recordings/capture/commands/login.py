"""`sortie login`: a token for the portal."""

import argparse
import getpass
import sys
import time

from recordings.capture import display, home, portal
from recordings.capture.arguments import Failure, Option, parser, warn

SUMMARY = "log in to the portal and keep its token"
USAGE = "[options] URL"
OPTIONS = (
    Option("-u", "--username", metavar="NAME", about="the name to log in with (default: ask)"),
    Option("--password-stdin", about="read the password from standard input instead of asking"),
    Option("--token-stdin", about="read a token from standard input, made on the portal's account page"),
)
DESCRIPTION = """\
Log in to a Sortie portal and keep the token it gives, so that recordings can
be sent there. The password is not kept.

Such a token ends after a day. For `sortie watch` make one with the scope
`upload` on the portal's account page, and give it with --token-stdin.
"""
EPILOG = """\
files:
  ~/.sortie/portal.json   the portal's address and the token, for you alone

exit status:
  0; 1 if the portal refuses or cannot be reached

examples:
  sortie login https://sortie.example
  pass sortie | sortie login -u ops --password-stdin https://sortie.example
  sortie login -u ops --token-stdin https://sortie.example <token
"""


def run(arguments: list[str]) -> int:
    """Raises Failure and OSError."""
    made = parser("login", USAGE, DESCRIPTION, OPTIONS, EPILOG)
    made.add_argument("url", metavar="URL", help=argparse.SUPPRESS)
    given = made.parse_args(arguments)
    try:
        url = portal.address(given.url)
        if portal.is_exposed(url):
            warn(f"{url} is not encrypted: the password can be read on the way")
        username = given.username or asked("Username: ")
        if given.token_stdin:
            login = with_token(url, username, sys.stdin.readline().strip())
        else:
            password = read_password(username, url, from_stdin=given.password_stdin)
            login = portal.log_in(url, username, password, time.time())
    except portal.Refused as error:
        raise Failure(str(error), hint=error.hint) from error
    portal.remember(login)
    if sys.stdout.isatty():
        until = f" until {display.moment(login.expires)}" if login.expires is not None else ""
        print(f"logged in to {url} as {login.username}{until}")
        print(f"the token is in {home.shown(portal.token_file())}")
    return 0


def with_token(url: str, username: str, token: str) -> portal.Login:
    """A login by a token that the portal takes for uploads. Raises Refused and Failure."""
    from recordings.capture.connection import Connection
    from recordings.capture.tus import Later, Uploads

    if not token or not token.isascii():
        raise Failure("no token, no login")
    connection = Connection(url, token)
    try:
        Uploads(connection).check_token()
    except Later as error:
        raise Failure(str(error)) from error
    finally:
        connection.close()
    return portal.Login(url, username, token, None)


def asked(question: str) -> str:
    """What the user answers. Raises Failure."""
    if not sys.stdin.isatty():
        raise Failure("there is no terminal to ask for the name on", hint="--username gives it", status=2)
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if not answer:
        raise Failure("no name, no login")
    return answer


def read_password(username: str, url: str, *, from_stdin: bool) -> str:
    """The password, without the line end. Raises Failure."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return getpass.getpass(f"Password of {username} at {portal.host(url)}: ")
    except EOFError:
        raise Failure("no password, no login") from None
