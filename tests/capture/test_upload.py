"""`sortie upload` to a real portal: every byte arrives once, whatever is cut off, killed or called again."""

import hashlib
import json
import os
import random
import stat
import subprocess
import threading
import uuid
from pathlib import Path

import pytest

from tests import tus_client
from tests.capture.conftest import OpenTerminal
from tests.capture.killing import kill_upload
from tests.capture.sending import count, keep_login, ledger, log_in, recording_at, uploads_folder
from tests.capture.user import ROOT, SORTIE, environment, run
from tests.portal import Portal
from tests.proxy import FaultyProxy
from tests.services import free_ports
from tests.waiting import until


@pytest.fixture
def video(home: Path) -> Path:
    """A recording that nobody has sent yet, of some 3 MB: four pieces."""
    path = home / f"{uuid.uuid4().hex}.webm"
    path.write_bytes(tus_client.recording(150, size=20_000, seed=random.randrange(2**32)))
    return path


def start(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*SORTIE, *arguments], env=environment(home), cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_what_arrives_is_what_was_sent_and_is_told_by_its_address(portal: Portal, home: Path, video: Path) -> None:
    client = log_in(home, portal)
    done = run(home, "upload", str(video))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().startswith(f"{portal.url}/recordings/")
    recording = recording_at(client, done)
    assert (recording["status"], recording["title"]) == ("ready", video.name)
    assert recording["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()


def test_what_was_sent_is_not_sent_again_by_any_name(portal: Portal, home: Path, video: Path) -> None:
    client = log_in(home, portal)
    first = run(home, "upload", str(video))
    copy = video.with_name("copy.webm")
    copy.write_bytes(video.read_bytes())
    for path in (video, copy):
        again = run(home, "upload", str(path))
        assert (again.returncode, again.stdout) == (0, first.stdout)
    assert (count(client, video.name), count(client, copy.name)) == (1, 0)
    assert [line["sha256"] for line in ledger(home)] == [hashlib.sha256(video.read_bytes()).hexdigest()]


def test_again_sends_it_as_another_recording(portal: Portal, home: Path, video: Path) -> None:
    client = log_in(home, portal)
    first = run(home, "upload", str(video))
    second = run(home, "upload", "--again", "--title", f"again {video.name}", str(video))
    assert second.returncode == 0
    assert second.stdout != first.stdout
    assert recording_at(client, second)["title"] == f"again {video.name}"
    assert (count(client, video.name), count(client, f"again {video.name}")) == (1, 1)


def test_several_at_once_and_for_programs(portal: Portal, home: Path, video: Path) -> None:
    log_in(home, portal)
    other = video.with_name(f"other-{video.name}")
    other.write_bytes(tus_client.recording(3, seed=random.randrange(2**32)))
    done = run(home, "upload", "--json", str(other), str(video))
    assert done.returncode == 0
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["path"] for one in told] == [str(other), str(video)]
    assert [one["state"] for one in told] == ["sent", "sent"]
    assert told[1]["size_bytes"] == video.stat().st_size
    assert [line["path"] for line in ledger(home)] == [str(other), str(video)]


def test_killed_at_any_moment_the_next_call_goes_on_and_none_goes_twice(portal: Portal, home: Path) -> None:
    with FaultyProxy(portal.url, bytes_per_second=6_000_000) as proxy:
        client = log_in(home, portal, proxy.endpoint)
        for _ in range(4):
            digest = hashlib.sha256(kill_upload(home, proxy, random.Random())).hexdigest()
            done = run(home, "upload", str(home / f"{digest}.webm"))
            assert done.returncode == 0
            assert recording_at(client, done)["sha256"] == digest
            assert count(client, f"{digest}.webm") == 1
    assert sorted(path.name for path in uploads_folder(home).iterdir()) == ["sent.jsonl"]


def test_where_it_goes_on_is_remembered_before_anything_is_sent(portal: Portal, home: Path, video: Path) -> None:
    with FaultyProxy(portal.url, bytes_per_second=1_000_000) as proxy:
        log_in(home, portal, proxy.endpoint)
        process = start(home, "upload", str(video))
        until(lambda: proxy.sent > 500_000, "the first bytes")
        process.kill()
        process.communicate()
    [kept] = uploads_folder(home).glob("*.json")
    assert kept.stem == hashlib.sha256(video.read_bytes()).hexdigest()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert json.loads(kept.read_text())["upload"]
    assert ledger(home) == []


def test_a_line_that_is_cut_is_waited_for(portal: Portal, home: Path, video: Path) -> None:
    with FaultyProxy(portal.url, break_after=1_500_000) as proxy:
        client = log_in(home, portal, proxy.endpoint)
        process = start(home, "upload", str(video))
        until(lambda: proxy.sent >= 1_500_000, "the cut")
        threading.Timer(0.5, proxy.heal).start()
        output, errors = process.communicate(timeout=60)
    done = subprocess.CompletedProcess(process.args, process.returncode, output, errors)
    assert (done.returncode, errors) == (0, b"")
    assert recording_at(client, done)["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()
    assert count(client, video.name) == 1


def test_an_end_that_was_not_heard_of_is_found(portal: Portal, home: Path, video: Path) -> None:
    # As after a crash between the portal's last answer and the note of it here.
    client = log_in(home, portal)
    run(home, "upload", str(video))
    line = ledger(home)[0]
    kept = uploads_folder(home) / f"{line['sha256']}.json"
    upload = upload_of(portal, line["recording"])
    content = {"portal": portal.url, "username": "alice", "upload": upload, "recording": line["recording"]}
    kept.write_text(json.dumps(content))
    (uploads_folder(home) / "sent.jsonl").unlink()
    done = run(home, "upload", str(video))
    assert recording_at(client, done)["id"] == line["recording"]
    # And a day later, when the portal remembers the recording and no upload.
    kept.write_text(json.dumps({**content, "upload": str(uuid.uuid4())}))
    (uploads_folder(home) / "sent.jsonl").unlink()
    done = run(home, "upload", str(video))
    assert recording_at(client, done)["id"] == line["recording"]
    assert count(client, video.name) == 1


def upload_of(portal: Portal, recording: str) -> str:
    """The id of the upload that became a recording."""
    code = f"from recordings.models import Upload; print(Upload.objects.get(recording_id='{recording}').pk)"
    return portal.manage("shell", "-v0", "-c", code).strip()


def test_an_upload_the_portal_knows_nothing_of_begins_anew(portal: Portal, home: Path, video: Path) -> None:
    client = log_in(home, portal)
    content = {
        "portal": portal.url,
        "username": "alice",
        "upload": str(uuid.uuid4()),
        "recording": str(uuid.uuid4()),
    }
    uploads_folder(home).mkdir()
    digest = hashlib.sha256(video.read_bytes()).hexdigest()
    (uploads_folder(home) / f"{digest}.json").write_text(json.dumps(content))
    done = run(home, "upload", str(video))
    assert recording_at(client, done)["sha256"] == digest


def test_a_file_that_changes_meanwhile_is_not_passed_off_as_a_recording(
    portal: Portal, home: Path, video: Path
) -> None:
    with FaultyProxy(portal.url, bytes_per_second=3_000_000) as proxy:
        client = log_in(home, portal, proxy.endpoint)
        process = start(home, "upload", str(video))
        until(lambda: proxy.sent > 300_000, "the first bytes")
        with video.open("ab") as file:
            file.write(b"more")
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"it was changed while it was sent" in errors
    assert [r["status"] for r in client.get("/api/recordings").json() if r["title"] == video.name] == ["failed"]
    assert [path.name for path in uploads_folder(home).iterdir()] == []


def test_two_at_once_send_it_once(portal: Portal, home: Path, video: Path) -> None:
    with FaultyProxy(portal.url, bytes_per_second=3_000_000) as proxy:
        client = log_in(home, portal, proxy.endpoint)
        first = start(home, "upload", str(video))
        until(lambda: proxy.sent > 300_000, "the first bytes")
        second = run(home, "upload", str(video))
        assert first.wait(60) == 0
        first.communicate()
    assert second.returncode == 1
    assert b"another sortie is sending it" in second.stderr
    assert count(client, video.name) == 1


def test_a_person_sees_how_far_it_is_and_the_line_goes_away(
    portal: Portal, sortie: OpenTerminal, home: Path, video: Path
) -> None:
    with FaultyProxy(portal.url, bytes_per_second=2_000_000) as proxy:
        log_in(home, portal, proxy.endpoint)
        with sortie("upload", str(video)) as terminal:
            terminal.wait_for(
                rf"\r{video.name[:8]}\S*  [█░]+ +[1-9]\d?%  \d\.\d MB of 3\.0 MB  \d\.\d MB/s  0:0\d left"
            )
            terminal.wait_for(rf"\r\x1b\[Ksent {video.name}, 3\.0 MB in 0:0\d: {proxy.endpoint}/recordings/\S+\r\n")
            assert terminal.wait() == 0
        with sortie("upload", str(video)) as terminal:
            terminal.wait_for(rf"{video.name} had been sent: {proxy.endpoint}/recordings/\S+\r\n")
            assert terminal.wait() == 0


def test_stopped_by_hand_it_goes_on_when_called_again(
    portal: Portal, sortie: OpenTerminal, home: Path, video: Path
) -> None:
    with FaultyProxy(portal.url, bytes_per_second=2_000_000) as proxy:
        client = log_in(home, portal, proxy.endpoint)
        with sortie("upload", str(video)) as terminal:
            until(lambda: terminal.look(0) and proxy.sent > 1_200_000, "the first piece")
            terminal.press("\x03")
            terminal.wait_for("stopped; the same again goes on from there\r\n")
            assert terminal.wait() == 130
            assert b"Traceback" not in terminal.shown
        done = run(home, "upload", str(video))
    assert recording_at(client, done)["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()
    assert count(client, video.name) == 1


def test_a_portal_that_is_away_is_waited_for_and_then_left(home: Path, video: Path) -> None:
    [port] = free_ports(1)
    keep_login(home, f"http://127.0.0.1:{port}")
    done = run(home, "upload", "--patience", "2", str(video))
    assert (done.returncode, done.stderr.decode()) == (
        4,
        f"sortie: 127.0.0.1:{port} cannot be reached: Connection refused; {video.name} is not sent\n"
        "  the same again goes on from there\n",
    )


def test_a_login_that_is_missing_over_or_taken_back_is_told(portal: Portal, home: Path, video: Path) -> None:
    assert run(home, "upload", str(video)).stderr == b"sortie: no portal is known here\n  sortie login URL\n"
    keep_login(home, portal.url, lasts=-1)
    over = run(home, "upload", str(video))
    assert over.returncode == 1
    assert b"has expired\n  log in again: sortie login http://127.0.0.1" in over.stderr
    keep_login(home, portal.url, "made-up")
    wrong = run(home, "upload", str(video))
    assert wrong.returncode == 1
    assert b"does not know this login any more\n  log in again: sortie login http://127.0.0.1" in wrong.stderr


def test_what_is_no_recording_is_not_sent(home: Path) -> None:
    keep_login(home, "http://127.0.0.1:1")
    path = home / "notes.txt"
    path.write_text("just text\n")
    done = run(home, "upload", str(path))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"is no recording of a terminal or screen: not an asciicast" in done.stderr
    missing = run(home, "upload", "nothing-of-this-name")
    assert missing.returncode == 3


def test_what_the_portal_finds_broken_is_told_and_written_down(portal: Portal, home: Path) -> None:
    log_in(home, portal)
    path = home / f"{uuid.uuid4().hex}.webm"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + os.urandom(1000))
    done = run(home, "upload", str(path))
    assert done.returncode == 1
    assert b"does not take it: " in done.stderr
    [line] = ledger(home)
    assert line["refused"]
    assert list(uploads_folder(home).glob("*.json")) == []


def test_what_is_larger_than_the_portal_takes_is_told_before_anything_is_sent(portal: Portal, home: Path) -> None:
    client = log_in(home, portal)
    path = home / f"{uuid.uuid4().hex}.webm"
    with path.open("wb") as file:
        file.write(tus_client.recording(2))
        file.truncate(500 * 1024 * 1024 + 1)
    done = run(home, "upload", str(path))
    assert done.returncode == 1
    assert b"takes no more than 524 MB, and this is 524 MB" in done.stderr
    assert count(client, path.name) == 0
