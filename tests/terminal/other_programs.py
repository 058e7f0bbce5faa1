"""One session in a real terminal, recorded by other programs where they are installed, and their samples of it.

It greets in red, says how large the terminal is, reads a word, answers in several scripts, and exits with 3.
"""

import functools
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.capture.user import Terminal, environment

SAMPLES = Path(__file__).parent / "samples"
SESSION = r"printf 'hello \033[31mred\033[0m\n'; stty size; read x; printf '漢字 żółć %s\n' $x; stty size; exit 3"
GREETING = "hello \x1b[31mred\x1b[0m\r\n25 90\r\nword\r\n漢字 żółć word\r\n"
SUDOERS = """Defaults !authenticate, !lecture, log_output, log_input, use_pty, iolog_dir={folder}
root ALL=(ALL:ALL) ALL
"""

Maker = Callable[[Path], None]


def played(folder: Path, command: list[str], *, resize: bool = False) -> None:
    """Go through the session in a terminal that `command` records."""
    with Terminal(command, environment(folder), columns=90, rows=25, cwd=folder) as terminal:
        terminal.wait_for("25 90")
        time.sleep(0.1)  # so that what is typed later has a time of its own
        if resize:
            terminal.resize(100, 30)
            time.sleep(0.1)
        terminal.press("word\r")
        terminal.wait()


def script(folder: Path, *options: str, resize: bool = False) -> None:
    played(folder, ["script", "-q", "-c", SESSION, *options], resize=resize)


def tlog(folder: Path) -> None:
    command = ["tlog-rec", "--writer=file", "--file-path=tlog.json", "--log-input=on", "--", "sh", "-c", SESSION]
    played(folder, command, resize=True)


def ttyrec(folder: Path) -> None:
    (folder / "session.sh").write_text(SESSION)
    played(folder, ["ttyrec", "-e", "sh session.sh", "x.ttyrec"])


def sudo(folder: Path) -> None:
    sudoers = folder / "sudoers"
    sudoers.write_text(SUDOERS.format(folder=folder / "sudo-io"))
    sudoers.chmod(0o440)
    setup = f'mount --bind {sudoers} /etc/sudoers && exec sudo sh -c "$1"'
    played(folder, ["unshare", "-m", "sh", "-c", setup, "sh", SESSION], resize=True)


@functools.cache
def may_have_other_sudoers() -> bool:
    """Whether sudo can be given rules for this one time: as root, where a mount may be private."""
    if not all(map(shutil.which, ("sudo", "unshare"))):
        return False
    command = ["unshare", "-m", "sh", "-c", "mount --bind /dev/null /etc/sudoers"]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0


def makers() -> dict[str, Maker]:
    """What can make a recording here, by the name of the folder of its samples."""
    there: dict[str, tuple[bool, Maker]] = {
        "script": (
            shutil.which("script") is not None,
            lambda folder: script(folder, "--log-out", "typescript", "--log-timing", "timing"),
        ),
        "script-io": (
            shutil.which("script") is not None,
            lambda folder: script(folder, "--log-io", "both", "--log-timing", "timing", resize=True),
        ),
        "script-apart": (
            shutil.which("script") is not None,
            lambda folder: script(folder, *("--log-out", "out", "--log-in", "in", "--log-timing", "timing")),
        ),
        "tlog": (shutil.which("tlog-rec") is not None, tlog),
        "ttyrec": (shutil.which("ttyrec") is not None, ttyrec),
        "sudo": (may_have_other_sudoers(), sudo),
    }
    return {name: maker for name, (is_there, maker) in there.items() if is_there}
