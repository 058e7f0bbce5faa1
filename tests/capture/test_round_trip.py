"""What the recorder makes goes to a real portal and comes back as it was, with all that is known of it."""

import getpass
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.sending import log_in, recording_at
from tests.capture.user import run
from tests.portal import Portal


def download(client: httpx.Client, recording: dict[str, Any], **asked: Any) -> bytes:
    address = f"/api/recordings/{recording['id']}/download"
    return client.get(address, params=asked).raise_for_status().content


def test_a_shell(portal: Portal, home: Path, sortie: OpenTerminal) -> None:
    client = log_in(home, portal)
    with sortie("rec", "--title", "INC-4711", "--", "sh", "-c", "echo żółć 日本語; sleep 0.2; exit 3") as terminal:
        assert terminal.wait() == 3
    path = casts.only(home)
    recording = recording_at(client, run(home, "upload", str(path)))
    assert (recording["status"], recording["incomplete"]) == ("ready", False)
    assert (recording["kind"], recording["title"]) == ("terminal", "INC-4711")
    told = recording["terminal"]
    assert (told["host"], told["user"]) == (os.uname().nodename, getpass.getuser())
    assert told["exit_status"] == 3
    assert download(client, recording, original=1) == path.read_bytes()
    # What is played shows the same at the same times.
    copy = home / "copy.cast"
    copy.write_bytes(download(client, recording, format="cast"))
    assert casts.text_of(copy) == casts.text_of(path)
    assert casts.read(copy)[1][-1][0] == casts.read(path)[1][-1][0]


def test_commands_of_a_program(portal: Portal, home: Path) -> None:
    client = log_in(home, portal)
    run(home, "exec", "--session", "deploy-1", "localhost", "--", "echo one")
    run(home, "exec", "--session", "deploy-1", "--end", "localhost", "--", "echo two >&2; exit 4")
    [path] = (home / ".sortie" / "recordings").glob("*.cast.gz")
    recording = recording_at(client, run(home, "upload", "deploy-1"))
    assert (recording["status"], recording["kind"]) == ("ready", "terminal")
    assert recording["terminal"]["command_count"] == 2
    assert recording["terminal"]["session_id"] == "deploy-1"
    assert download(client, recording, original=1) == path.read_bytes()


def test_watch_sends_what_was_recorded_without_a_line_once(portal: Portal, home: Path) -> None:
    run(home, "exec", "localhost", "--", "true")
    run(home, "rec", "-q", "--", "echo", "offline")
    client = log_in(home, portal)
    first = run(home, "watch", "--once", "--json")
    assert first.returncode == 0, first.stderr
    sent = [json.loads(line) for line in first.stdout.splitlines()]
    assert [one["state"] for one in sent] == ["sent", "sent"]
    for one in sent:
        done: subprocess.CompletedProcess[bytes] = subprocess.CompletedProcess([], 0, one["url"].encode(), b"")
        assert recording_at(client, done)["status"] == "ready"
    assert run(home, "watch", "--once", "--json").stdout == b""
