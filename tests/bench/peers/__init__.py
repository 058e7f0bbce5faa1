"""The programs that Sortie is measured against, each on a free port of 127.0.0.1 until its `with` block ends."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import children
from tests.services import free_ports, wait_until

HERE = Path(__file__).parent
_INSTALL_WITHIN = 180


@dataclass(frozen=True)
class Peer:
    """Where it listens, the processes that do its work, and where it keeps or finds its files."""

    port: int
    workers: tuple[int, ...]
    files: Path

    def forget_files(self) -> None:
        for stored in self.files.iterdir():
            stored.unlink()


class Missing(Exception):
    """A peer that cannot be had on this machine, and why."""


@contextmanager
def tus_server(folder: Path) -> Iterator[Peer]:
    """The reference tus server on Node, which keeps its files in `folder`/files. Raises Missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Missing("the tus server: Node is not installed")
    for name in ("package.json", "tus.mjs"):
        shutil.copy(HERE / name, folder)
    (folder / "files").mkdir()
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=_INSTALL_WITHIN, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise Missing("the tus server: npm could not install it") from error
    [port] = free_ports(1)
    with _running([node, "tus.mjs", str(port), str(folder / "files")], folder, port) as pid:
        yield Peer(port, (pid,), folder / "files")


@contextmanager
def nginx(folder: Path, *, files: Path, portal: int) -> Iterator[Peer]:
    """An nginx that serves `files` at /files/ and passes the rest on to `portal`. Raises Missing."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/opt/homebrew/bin")
    if not program:
        raise Missing("nginx is not installed")
    [port] = free_ports(1)
    text = (HERE / "nginx.conf").read_text()
    for name, value in {"@PORT@": port, "@PORTAL@": portal, "@FILES@": files}.items():
        text = text.replace(name, str(value))
    config = folder / "nginx.conf"
    # Its workers give up root, and the portal's files are for their owner alone.
    config.write_text(f"user root;\n{text}" if folder.owner() == "root" else text)
    with _running([program, "-p", str(folder), "-c", str(config), "-e", "stderr"], folder, port) as pid:
        yield Peer(port, tuple(children(pid)), files)


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[int]:
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        wait_until(lambda: _is_open(port), process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
