"""Every kind of file this recorder makes plays where asciicasts are played: here, in asciinema 2.4."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.capture import casts, gallery
from tests.capture.sshd import Sshd
from tests.capture.user import Terminal, environment

ASCIINEMA = [str(Path(sys.executable).with_name("asciinema"))]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd) -> dict[str, Path]:
    return gallery.make(tmp_path_factory.mktemp("gallery"), sshd)


@pytest.fixture(params=gallery.KINDS)
def made(request: pytest.FixtureRequest, recordings: dict[str, Path]) -> Path:
    """A recording, of each kind in turn."""
    return recordings[request.param]


def test_asciinema_prints_it_whole(made: Path, home: Path) -> None:
    done = subprocess.run([*ASCIINEMA, "cat", made], env=environment(home), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == casts.text_of(made)
    assert "żółć" in casts.text_of(made)


def test_asciinema_plays_it(made: Path, home: Path) -> None:
    with Terminal([*ASCIINEMA, "play", "-i", "0.01", "-s", "50", str(made)], environment(home)) as terminal:
        assert terminal.wait() == 0
        assert terminal.shown.decode() == casts.text_of(made)


def test_headers_are_ones_every_reader_takes(made: Path) -> None:
    # asciinema 3 refuses a fraction, its server sizes beyond 720 by 200 and environments with odd names.
    header = json.loads(made.read_text().partition("\n")[0])
    assert isinstance(header["timestamp"], int)
    assert 0 < header["width"] <= 720
    assert 0 < header["height"] <= 200
    assert all(name.isupper() for name in header.get("env", {}))
