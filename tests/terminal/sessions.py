"""Real sessions with full-screen programs, recorded by our recorder."""

import time
from pathlib import Path

from tests.capture import casts
from tests.capture.user import SORTIE, Terminal, environment

FILE = "".join(
    f"row {n:03}: {text}\n" for n, text in enumerate(["the quick brown fox", "漢字とかな", "10.20.30.40"] * 40)
)


def recorded(home: Path, program: list[str], *acts: tuple[str, str], columns: int = 90) -> Path:
    """A recording of `program`: waits for each text, then presses the keys given with it."""
    home.mkdir()
    (home / "file.txt").write_text(FILE)
    command = [*SORTIE, "rec", "-q", "--", *program]
    with Terminal(command, environment(home, LESS=""), columns=columns, rows=30, cwd=home) as terminal:
        for text, keys in acts:
            terminal.wait_for(text)
            time.sleep(0.1)  # a person looks before acting
            terminal.press(keys)
        terminal.wait()
    return casts.only(home)
