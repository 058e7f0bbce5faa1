"""A recording of every kind the recorder makes, for those who want to play them."""

import gzip
import time
from pathlib import Path

from recordings.capture import RecordingConfig, SessionRecorder
from tests.capture.sshd import Sshd
from tests.capture.user import SORTIE, Terminal, environment, run

SCRIPT = "printf '\\033[1;32mżółć\\033[0m 日本 👩‍🚀\\n'; read x; echo got $x"
IN_A_TERMINAL = {
    "rec": ["rec", "-q", "--", "sh", "-c", SCRIPT],
    "typed": ["rec", "-q", "--stdin", "--", "sh", "-c", SCRIPT],
    "resized": ["rec", "-q", "--", "sh", "-c", SCRIPT],
    "limited": ["rec", "-q", "--max-size", "0.002", "--", "sh", "-c", f"{SCRIPT}; seq 1 2000"],
    "killed": ["rec", "-q", "--", "sh", "-c", SCRIPT],
}
KINDS = [*IN_A_TERMINAL, "ssh", "pipes", "exec", "session", "proxy"]


def make(parent: Path, sshd: Sshd | None = None) -> dict[str, Path]:
    """A recording of every kind, uncompressed, below the folder `parent`; over ssh only if there is an `sshd`."""
    homes = {kind: parent / kind for kind in KINDS if kind != "ssh" or sshd}
    for home in homes.values():
        home.mkdir()
    for kind, arguments in IN_A_TERMINAL.items():
        in_a_terminal(homes[kind], arguments, kind)
    if sshd:
        in_a_terminal(homes["ssh"], ["ssh", "-q", *sshd.client, "-t", sshd.host, SCRIPT], "ssh")
    run(homes["pipes"], "rec", "--", "sh", "-c", f"{SCRIPT}; echo err >&2", input=b"word\n")
    run(homes["exec"], "exec", "localhost", "--", SCRIPT, input=b"word\n")
    for command in (SCRIPT, "echo err >&2; exit 3"):
        run(homes["session"], "exec", "--session", "s", "localhost", "--", command, input=b"word\n")
    run(homes["session"], "exec", "--session", "s", "--end")
    through_a_proxy(homes["proxy"])
    return {kind: plain(home) for kind, home in homes.items()}


def in_a_terminal(home: Path, arguments: list[str], kind: str) -> None:
    with Terminal([*SORTIE, *arguments], environment(home)) as terminal:
        terminal.wait_for("日本")
        # An event of its own, for what is recorded at all under a small limit.
        time.sleep(0.1)
        if kind == "resized":
            terminal.resize(120, 40)
        if kind == "killed":
            terminal.kill()
        else:
            terminal.press("word\r")
        terminal.wait()


def through_a_proxy(home: Path) -> None:
    recorder = SessionRecorder(RecordingConfig(output_dir=home / ".sortie" / "recordings"), "p", 80, 24)
    recorder.start()
    for byte in "\x1b[1;32mżółć\x1b[0m 日本 👩‍🚀\r\ngot word\r\n".encode():
        recorder.record_output(bytes([byte]))
    recorder.record_resize(90, 30)
    recorder.stop()


def plain(home: Path) -> Path:
    """The one recording there is, decompressed."""
    [path] = [*home.glob(".sortie/recordings/**/*.cast"), *home.glob(".sortie/recordings/*.cast.gz")]
    if path.suffix != ".gz":
        return path
    target = home / "exported.cast"
    assert run(home, "export", str(path), "-o", str(target)).returncode == 0
    assert target.read_bytes() == gzip.decompress(path.read_bytes())
    return target
