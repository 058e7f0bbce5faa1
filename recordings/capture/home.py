"""Where recordings live on this machine, what they are called, and who and where the recorder is."""

import errno
import os
import re
import time

from recordings.capture import VERSION

SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
AGENT = f"sortie/{VERSION}"


def home() -> str:
    """`$SORTIE_HOME`, else `~/.sortie`."""
    return os.environ.get("SORTIE_HOME") or os.path.join(os.path.expanduser("~"), ".sortie")


def recordings_folder() -> str:
    """Where recordings are kept."""
    return os.path.join(home(), "recordings")


def make_folder(path: str) -> None:
    """Make a folder and those above it, private whatever the umask. Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above and above != path:
        make_folder(above)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError as error:
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from error
        return
    os.chmod(path, 0o700)


def new_session_id() -> str:
    """Twelve hex digits: a person types the first four."""
    return os.urandom(6).hex()


def is_session_id(text: str) -> bool:
    """Whether a session may be called so: nothing that could lead out of the folder."""
    return SESSION_ID.fullmatch(text) is not None


def cast_path(name: str, session_id: str, started: float) -> str:
    """Path of an interactive recording begun at `started` (seconds since 1970), in the local day's folder."""
    when = time.localtime(started)
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:64] or "session"
    folder = os.path.join(recordings_folder(), time.strftime("%Y-%m-%d", when))
    return os.path.join(folder, f"{safe}_{time.strftime('%Y%m%d-%H%M%S', when)}_{session_id}.cast")


def shown(path: str) -> str:
    """A path as a person would write it."""
    own = os.path.expanduser("~")
    return "~" + path[len(own) :] if path.startswith(own + os.sep) else path


def shell() -> str:
    """The user's shell."""
    found = os.environ.get("SHELL")
    if found:
        return found
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh"
    except KeyError:
        return "/bin/sh"


def user() -> str:
    """Who is recording, by the system's account and not by what the environment says."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def about(session_id: str, host: str = "", user_there: str = "") -> dict[str, str]:
    """Who, where and with what: the custom data of a recording. Without `host`, this machine."""
    here = os.uname().nodename
    return {
        "session_id": session_id,
        "host": host or here,
        "host_id": host or os.environ.get("SORTIE_HOST_ID") or here,
        "user": user_there or user(),
        "agent": AGENT,
    }
