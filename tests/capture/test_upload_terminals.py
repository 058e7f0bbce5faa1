"""Everything the recorder makes reaches a real portal as it is, with what lies beside it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.capture import gallery
from tests.capture.sending import keep_login, recording_at
from tests.capture.sshd import Sshd
from tests.capture.user import run
from tests.portal import Portal


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, sshd: Sshd) -> Path:
    folder = tmp_path_factory.mktemp("gallery")
    gallery.make(folder, sshd)
    return folder


def recorded_in(home: Path) -> Path:
    [path] = [*home.glob(".sortie/recordings/**/*.cast"), *home.glob(".sortie/recordings/*.cast.gz")]
    return path


def uploaded(portal: Portal, home: Path) -> tuple[dict[str, Any], bytes]:
    """What the portal says of the one recording of `home`, and what it gives back as the original."""
    with portal.client("alice") as client:
        keep_login(home, portal.url, client.headers["Authorization"].removeprefix("Bearer "))
        done: subprocess.CompletedProcess[bytes] = run(home, "upload", str(recorded_in(home)))
        assert (done.returncode, done.stderr) == (0, b"")
        told = recording_at(client, done)
        original = client.get(f"/api/recordings/{told['id']}/download?original=1")
        return told, original.raise_for_status().content


@pytest.mark.parametrize("kind", gallery.KINDS)
def test_a_recording_arrives_whole(kind: str, portal: Portal, homes: Path) -> None:
    home = homes / kind
    told, original = uploaded(portal, home)
    assert (told["status"], told["kind"]) == ("ready", "terminal")
    if kind == "typed":  # which the portal's policy leaves out
        assert b'"i"' not in original
        assert told["terminal"]["input_removed"]
    else:
        assert original == recorded_in(home).read_bytes()
    assert told["terminal"]["events"]["o"] > 0
    assert told["incomplete"] is (kind == "limited"), told["error"]
    if kind == "limited":
        assert "size limit" in told["error"]


def test_where_it_was_recorded_and_how_it_ended_is_known(portal: Portal, homes: Path) -> None:
    told, _ = uploaded(portal, homes / "session")
    terminal = told["terminal"]
    assert (terminal["session_id"], terminal["command_count"]) == ("s", 2)
    assert terminal["host"]
    assert terminal["recorded_at"]
    assert told["title"]
