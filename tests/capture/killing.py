"""kill -9 of the recorder at a random moment: how much of what somebody had seen is missing from the recording.

Each function does it once. The tests do so a few times, `python -m tests.soak recorder` many times.
"""

import hashlib
import json
import os
import re
import select
import signal
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests import tus_client
from tests.capture import casts
from tests.capture.tus_stub import TusStub
from tests.capture.user import ROOT, SORTIE, Terminal, environment
from tests.proxy import FaultyProxy
from tests.waiting import until

# What the contract allows: a recording replays up to the last second.
ALLOWED_SECONDS = 1.0
TICKS = "i=0; while :; do i=$((i+1)); echo tick $i; [ $((i % 50)) = 0 ] && sleep 0.02; done"
# Slowly, and in bursts of one line: the worst for a compressor.
SLOW_TICKS = "i=0; while :; do echo tick $((i=i+1)); sleep 0.01; done"
TICK = re.compile(rb"tick (\d+)\r?\n")


@dataclass(frozen=True)
class Killed:
    """`missing`: seconds before the kill in which was shown what is not recorded. `cut`: it ends within a line."""

    missing: float
    cut: bool


class Seen:
    """When which tick was shown."""

    def __init__(self) -> None:
        self._moments: list[tuple[float, int]] = []

    def note(self, text: bytes) -> None:
        """This has just been shown."""
        if ticks := TICK.findall(text):
            self._moments.append((time.monotonic(), int(ticks[-1])))

    def missing(self, recorded: int, killed: float) -> float:
        """Seconds between the first tick that is not recorded, and the kill."""
        assert recorded > 0
        return max((killed - moment for moment, tick in self._moments if tick > recorded), default=0.0)


def kill_rec(home: Path, chance: Random, *, least: float, most: float) -> Killed:
    """Of a recorded shell, after `least` to `most` seconds. The shell ends by itself."""
    with Terminal([*SORTIE, "rec", "--", "bash", "-c", f"echo $$; {TICKS}"], environment(home)) as terminal:
        shell = int(terminal.wait_for(r"(\d+)\r\n")[1])
        seen, until = Seen(), time.monotonic() + chance.uniform(least, most)
        while time.monotonic() < until:
            terminal.look(0.01)
            seen.note(terminal.shown[-400:])
        killed = time.monotonic()
        terminal.kill()
        assert terminal.wait() == 128 + signal.SIGKILL
    path = casts.only(home)
    content = path.read_bytes()
    # It was not ended: nothing says that it is whole.
    assert not path.with_name(path.stem + ".meta.json").exists()
    wait_until_gone(shell)
    path.unlink()
    return Killed(seen.missing(last_tick(content), killed), cut=not content.endswith(b"\n"))


def kill_exec(home: Path, chance: Random, *, least: float, most: float, session: str) -> Killed:
    """Of a recorded command of a session that goes on afterwards."""
    process = subprocess.Popen(
        [*SORTIE, "exec", "--session", session, "localhost", "--", SLOW_TICKS],
        env=environment(home),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    output = process.stdout.fileno()
    seen, begun = Seen(), False
    until = float("inf")
    while time.monotonic() < until:
        if select.select([output], [], [], 0.01)[0]:
            data = os.read(output, 65536)
            seen.note(data)
            if data and not begun:
                begun, until = True, time.monotonic() + chance.uniform(least, most)
    killed = time.monotonic()
    process.kill()
    process.communicate()
    path = home / ".sortie" / "recordings" / f"{session}.cast.gz"
    content = inflated(path.read_bytes())
    return Killed(seen.missing(last_tick(content), killed), cut=not content.endswith(b"\n"))


def last_tick(content: bytes) -> int:
    """The last tick in a recording that may end anywhere, read line by line as a player would."""
    first, *lines = content.split(b"\n")
    assert json.loads(first)["version"] == 2
    last = 0
    for line in lines[:-1]:
        _, code, data = json.loads(line)
        assert code == "o"
        ticks = TICK.findall(data.encode())
        last = int(ticks[-1]) if ticks else last
    return last


def inflated(data: bytes) -> bytes:
    """What can be read of gzip members of which the last may end anywhere."""
    text = b""
    while data:
        inflate = zlib.decompressobj(31)
        text += inflate.decompress(data)
        data = inflate.unused_data
    return text


def wait_until_gone(pid: int) -> None:
    """The recorded shell ends by itself when its terminal is gone."""
    # A zombie has ended; whoever has become its parent takes its time.
    until(lambda: state_of(pid) in ("", "Z"), f"the end of the shell {pid} without a terminal")


def state_of(pid: int) -> str:
    """One letter; "" if there is no such process."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return done.stdout.decode()[:1]


def kill_upload(home: Path, proxy: FaultyProxy, chance: Random) -> bytes:
    """Of `sortie upload` with some of a recording of 3 MB on its way through `proxy`. Returns the recording.

    The file is called by its SHA-256, and the next upload of it goes on.
    """
    content = tus_client.recording(150, size=20_000, seed=chance.randrange(2**32))
    path = home / f"{hashlib.sha256(content).hexdigest()}.webm"
    path.write_bytes(content)
    moment = proxy.sent + chance.randrange(1, len(content))
    process = subprocess.Popen([*SORTIE, "upload", str(path)], env=environment(home), cwd=ROOT)
    until(lambda: proxy.sent >= moment, "the moment to kill at")
    process.kill()
    process.wait()
    return content


def kill_watch(home: Path, spool: Path, stub: TusStub, chance: Random) -> Path:
    """Of `sortie watch`, while it sends a new file among others that wait. Returns that file."""
    number = len(list(spool.glob("*.cast")))
    path = spool / f"take-{number}.cast"
    line = '[1.0, "o", "hello"]\n'
    path.write_text('{"version": 2, "width": 80, "height": 24}\n' + line * 80_000 + f'[3.0, "o", "{number}"]\n')
    path.with_suffix(".meta.json").write_text(json.dumps({"session_id": path.stem}))
    # Each file takes four requests, or one more for going on with it.
    enough = len(stub.requests) + chance.randrange(1, 5)
    command = [*SORTIE, "watch", "--every", "0.05", "-q", str(spool)]
    process = subprocess.Popen(command, env=environment(home), cwd=ROOT)
    until(lambda: len(stub.requests) >= enough, "a request")
    process.kill()
    process.wait()
    return path
