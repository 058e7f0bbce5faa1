"""`make run`: the whole portal on this machine, set up at the first start. `python -m sortie.quickstart`."""

import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from sortie.companion import Companion
from sortie.env import Environment
from sortie.web import CannotStart, check_address, load, serve

PROJECT = Path(__file__).resolve().parent.parent

_SETTINGS = """\
# The settings of this portal, made at its first start. Edit and start it again. README.md lists all of them;
# variables of the real environment win over these lines. Keep this file secret.
SECRET_KEY={secret_key}
SORTIE_VIDEO_RECORDING_ENABLED=true
SORTIE_TERMINAL_RECORDING_ENABLED=true
SORTIE_RECORDING_STORAGE_PATH=recordings
SORTIE_HTTPS=false
SORTIE_IN_PROCESS_WORKER=true
"""


@dataclass(frozen=True)
class Admin:
    """Who can sign in; `password` only if it was generated at this start."""

    name: str
    password: str = ""
    is_new: bool = False


def main() -> int:
    """Set up, start, and serve until told to stop; the exit status."""
    # What is written, the database with everybody's titles among it, is nobody else's business on this machine.
    os.umask(0o077)
    try:
        return _run()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    data = _data_folder()
    _write_settings(data / "settings.env")
    _say_where_live_is(data / "settings.env")
    load()
    from django.conf import settings  # noqa: PLC0415  (readable only now)

    _check_port(settings.SORTIE_HOST, settings.SORTIE_PORT, "PORT")
    _check_port(settings.SORTIE_HOST, settings.SORTIE_LIVE_PORT, "SORTIE_LIVE_PORT")
    admin = _prepare()
    address = f"http://{_shown(settings.SORTIE_HOST)}:{settings.SORTIE_PORT}"

    def announce(answers: bool) -> None:
        print(_welcome(address, admin, data) if answers else _silence(address), flush=True)

    live = Companion()
    live.start()
    try:
        status = serve(announce)
    finally:
        live.stop()
    if status != 1:
        print("\nSortie has stopped.", flush=True)
    return status


def _data_folder() -> Path:
    """SORTIE_DATA, made if need be."""
    variables = Environment()
    folder = variables.path("SORTIE_DATA", PROJECT / "var")
    variables.writable_directory("SORTIE_DATA", folder)
    try:
        variables.complain()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (ImproperlyConfigured, OSError) as error:
        raise CannotStart(str(error)) from error
    os.environ["SORTIE_DATA"] = str(folder)
    return folder


def _write_settings(file: Path) -> None:
    """The portal's own settings, once. Whole or not at all, and never readable by others."""
    if file.exists():
        return
    draft = file.with_name(f".settings-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as lines:
            lines.write(_SETTINGS.format(secret_key=secrets.token_urlsafe(48)))
            os.fsync(lines.fileno())
        draft.rename(file)
    except OSError as error:
        raise CannotStart(f"{file} cannot be written: {error.strerror}.") from error


def _say_where_live_is(file: Path) -> None:
    """WebSockets have a process and a port of their own here, which the pages must know."""
    variables = Environment(file)
    port = variables.integer("PORT", 8000, least=1, most=65_534)
    live = variables.integer("SORTIE_LIVE_PORT", port + 1, least=1, most=65_535)
    if not variables.text("SORTIE_LIVE_URL"):
        os.environ["SORTIE_LIVE_URL"] = f":{live}"


def _check_port(host: str, port: int, variable: str) -> None:
    try:
        check_address(host, port, alone=True)
    except CannotStart as error:
        # The next one is what the live process takes by itself.
        other = port + 2 if port < 65_500 else 8000
        raise CannotStart(
            f"{error} If Sortie runs already, open http://{_shown(host)}:{port}; "
            f"else choose another port: {variable}={other} make run"
        ) from error


def _prepare() -> Admin:
    """Bring database and static files to this version, and make the first admin."""
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import CommandError, call_command  # noqa: PLC0415
    from django.db import DatabaseError, connections  # noqa: PLC0415

    from recordings import first_admin  # noqa: PLC0415

    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        name, given = settings.SORTIE_ADMIN_USERNAME, settings.SORTIE_ADMIN_PASSWORD
        password = first_admin.create(name, given)
        if password is None:
            return Admin(first_admin.known())
        return Admin(name, "" if given else password, is_new=True)
    except first_admin.UnusableCredentials as error:
        raise CannotStart(f"SORTIE_ADMIN_USERNAME or SORTIE_ADMIN_PASSWORD cannot be used. {error}") from error
    except DatabaseError as error:
        raise CannotStart(f"The database cannot be used: {error}") from error
    except (CommandError, OSError) as error:
        raise CannotStart(f"Sortie could not be set up in {settings.SORTIE_DATA}: {error}") from error
    finally:
        # The server's process is forked from this one; a connection must not be shared.
        connections.close_all()


def _shown(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104


def _welcome(address: str, admin: Admin, data: Path) -> str:
    if admin.password:
        password = f"{admin.password}   (shown only now)"
    elif admin.is_new:
        password = "the one in SORTIE_ADMIN_PASSWORD"  # noqa: S105
    else:
        elsewhere = "" if data == PROJECT / "var" else f"SORTIE_DATA={data} "
        password = f"as before; forgotten? {elsewhere}.venv/bin/python manage.py changepassword {admin.name}"
    return f"""
Sortie is running.

  address           {address}
  admin             {admin.name}
  password          {password}
  record something: {address}/record

Everything is kept in {data}. Ctrl-C stops it.
"""


def _silence(address: str) -> str:
    return f"Sortie was started but {address} does not answer; what is printed above should say why."


if __name__ == "__main__":
    sys.exit(main())
