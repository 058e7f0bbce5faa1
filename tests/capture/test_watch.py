"""`sortie watch`: everything that has ended goes to the portal once, and nothing that has not."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.capture import watching
from recordings.capture.library import Entry
from tests.capture.conftest import OpenTerminal
from tests.capture.killing import kill_watch
from tests.capture.sending import keep_login, ledger, uploads_folder
from tests.capture.tus_stub import Fault, TusStub
from tests.capture.user import ROOT, SORTIE, environment, run
from tests.waiting import until

LINE = '[1.0, "o", "hello"]\n'
HEADER = '{"version": 2, "width": 80, "height": 24}\n'


@pytest.fixture
def stub(home: Path) -> Iterator[TusStub]:
    with TusStub() as started:
        keep_login(home, started.url)
        yield started


@pytest.fixture
def spool(home: Path) -> Path:
    folder = home / "spool"
    folder.mkdir()
    return folder


def make(folder: Path, name: str, content: str = "", *, ended: bool = True) -> Path:
    """A cast like no other, with a sidecar if it has ended."""
    path = folder / f"{name}.cast"
    path.write_text(HEADER + (content or LINE + json.dumps([2.0, "o", os.urandom(8).hex()]) + "\n"))
    if ended:
        (folder / f"{name}.meta.json").write_text(json.dumps({"session_id": name}))
    return path


def names(stub: TusStub) -> list[str]:
    """What has arrived, in that order."""
    return [one.metadata["filename"] for one in stub.uploads.values() if len(one.content) == one.length]


def test_what_has_ended_goes_once_the_oldest_first(stub: TusStub, home: Path, spool: Path) -> None:
    for age, name in ((10, "new"), (30, "old"), (20, "middle")):
        path = make(spool, name)
        os.utime(path, (time.time() - age, time.time() - age))
    (spool / "notes.txt").write_text("not one")
    done = run(home, "watch", "--once", str(spool))
    assert done.returncode == 0
    assert names(stub) == ["old.cast", "middle.cast", "new.cast"]
    first, *_ = stub.uploads.values()
    assert done.stdout.decode().splitlines()[0] == f"sent old: {stub.url}/recordings/{first.recording}"
    before = len(stub.requests)
    again = run(home, "watch", "--once", str(spool))
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")
    assert len(stub.requests) == before


def test_what_sortie_itself_records_goes_when_it_has_ended(stub: TusStub, sortie: OpenTerminal, home: Path) -> None:
    assert run(home, "watch", "--once").returncode == 0  # nothing has been recorded yet
    run(home, "exec", "localhost", "--", "echo alone")
    run(home, "exec", "--session", "open", "localhost", "--", "echo one")
    with sortie("rec", "--", "sh", "-c", "echo up; read x") as terminal:
        terminal.wait_for("up")
        assert run(home, "watch", "--once").returncode == 0
        assert [one.sidecar["command_count"] for one in stub.uploads.values()] == [1]
        terminal.press("\r")
        terminal.wait()
    assert run(home, "watch", "--once").returncode == 0
    assert len(names(stub)) == 2
    run(home, "exec", "--session", "open", "--end", "localhost", "--", "echo two")
    assert run(home, "watch", "--once").returncode == 0
    assert names(stub)[2:] == ["open.cast.gz"]
    assert list(stub.uploads.values())[2].sidecar["command_count"] == 2
    assert len(ledger(home)) == 3


def test_it_waits_and_sends_until_it_is_stopped(stub: TusStub, home: Path, spool: Path) -> None:
    process = subprocess.Popen(
        [*SORTIE, "watch", "--every", "0.05", "--json", str(spool)], env=environment(home), cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    for name in ("one", "two", "three"):
        make(spool, name)
        told = json.loads(process.stdout.readline())
        assert (told["session_id"], told["state"]) == (name, "sent")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, b"")
    assert names(stub) == ["one.cast", "two.cast", "three.cast"]


def test_killed_at_any_moment_it_sends_each_once(stub: TusStub, home: Path, spool: Path) -> None:
    files = [kill_watch(home, spool, stub, random.Random()) for _ in range(6)]
    assert run(home, "watch", "--once", str(spool)).returncode == 0
    complete = sorted(bytes(one.content) for one in stub.uploads.values() if len(one.content) == one.length)
    assert complete == sorted(path.read_bytes() for path in files)
    # An upload that was begun and whose address nobody got to know has nothing in it.
    assert all(not one.content for one in stub.uploads.values() if len(one.content) != one.length)


def test_what_is_copied_or_renamed_is_known_again(stub: TusStub, home: Path, spool: Path) -> None:
    path = make(spool, "take")
    assert run(home, "watch", "--once", str(spool)).returncode == 0
    (spool / "below").mkdir()
    shutil.copy(path, spool / "below" / "copy.cast")
    (spool / "below" / "copy.meta.json").write_text("{}")
    path.rename(spool / "renamed.cast")
    (spool / "take.meta.json").rename(spool / "renamed.meta.json")
    assert run(home, "watch", "--once", str(spool)).returncode == 0
    assert run(home, "upload", str(spool / "renamed.cast")).returncode == 0
    assert names(stub) == ["take.cast"]


def test_what_is_refused_is_told_once_and_holds_up_nothing(stub: TusStub, home: Path, spool: Path) -> None:
    for age, name in ((30, "bad"), (20, "good")):
        path = make(spool, name)
        os.utime(path, (time.time() - age, time.time() - age))
    stub.faults += [Fault("PATCH", 422, body=b'{"detail": "No events."}')]
    done = run(home, "watch", "--once", str(spool))
    assert done.returncode == 1
    assert done.stderr.startswith(b"sortie: ~/spool/bad.cast: ")
    assert done.stderr.endswith(b" does not take it: No events.\n")
    assert names(stub) == ["good.cast"]
    before = len(stub.requests)
    assert run(home, "watch", "--once", str(spool)).returncode == 0
    assert len(stub.requests) == before
    # Somebody who insists is not told that it had been sent.
    assert run(home, "upload", str(spool / "bad.cast")).returncode == 0
    assert names(stub) == ["good.cast", "bad.cast"]


def test_what_cannot_be_read_is_told_and_holds_up_nothing(stub: TusStub, home: Path, spool: Path) -> None:
    broken = make(spool, "broken")
    broken.write_text("no cast\n")
    make(spool, "good")
    (spool / "gone.cast").symlink_to(spool / "nowhere.cast")
    done = run(home, "watch", "--once", str(spool))
    assert done.returncode == 1
    assert b"broken.cast is no recording of a terminal or screen" in done.stderr
    assert names(stub) == ["good.cast"]


def test_a_portal_that_is_away_is_told_once_and_waited_for(home: Path, spool: Path) -> None:
    make(spool, "take")
    keep_login(home, "http://127.0.0.1:9", lasts=3600)
    once = run(home, "watch", "--once", "--patience", "0.1", str(spool))
    assert (once.returncode, once.stderr) == (4, b"sortie: 127.0.0.1:9 cannot be reached: Connection refused\n")
    log = home / "errors"
    with log.open("wb") as errors, TusStub() as stub:
        process = subprocess.Popen(
            [*SORTIE, "watch", "--every", "0.05", "--patience", "0.1", str(spool)], env=environment(home), cwd=ROOT,
            stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        assert process.stdout
        until(lambda: log.read_bytes().count(b"\n") >= 1, "the complaint")
        # A login that comes meanwhile is used.
        keep_login(home, stub.url, lasts=-1)
        until(lambda: b"has expired; log in again: sortie login" in log.read_bytes(), "the next complaint")
        keep_login(home, stub.url)
        assert process.stdout.readline().startswith(b"sent take: ")
        process.kill()
        process.communicate()
    assert log.read_text().count("\n") == 2


def test_a_portal_that_takes_no_terminals_stops_nothing_for_good(home: Path, spool: Path) -> None:
    make(spool, "take")
    with TusStub(kinds="video") as stub:
        keep_login(home, stub.url)
        done = run(home, "watch", "--once", str(spool))
        assert done.returncode == 1
        assert b"takes no terminal recordings\n" in done.stderr
        stub.kinds = "terminal"
        assert run(home, "watch", "--once", str(spool)).returncode == 0
        assert names(stub) == ["take.cast"]


def test_a_folder_that_is_not_there_is_told(home: Path) -> None:
    done = run(home, "watch", "--once", str(home / "nowhere"))
    assert (done.returncode, done.stderr) == (1, f"sortie: there is no folder {home}/nowhere\n".encode())


def entry(path: Path) -> Entry:
    return Entry(str(path), str(path).removesuffix(".cast"))


def test_what_another_recorder_writes_has_ended_when_nobody_has_it_open(spool: Path) -> None:
    path = make(spool, "take", ended=False)
    later = time.time() + 60
    assert watching.is_open_for_writing(str(path)) is False
    assert watching.has_ended(entry(path), later)
    assert not watching.has_ended(entry(path), time.time())
    with path.open("ab"):
        assert watching.is_open_for_writing(str(path)) is True
        assert not watching.has_ended(entry(path), later)
    with path.open("rb"):
        assert watching.has_ended(entry(path), later)


def test_a_copy_of_an_old_file_is_new(spool: Path) -> None:
    path = make(spool, "take", ended=False)
    os.utime(path, (1, 1))
    assert not watching.has_ended(entry(path), time.time())


def test_where_the_system_cannot_tell_a_long_silence_must_do(spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("fcntl.F_SETLEASE")
    path = make(spool, "take", ended=False)
    assert not watching.has_ended(entry(path), time.time() + 60)
    assert watching.has_ended(entry(path), time.time() + 601)
    make(spool, "take", ended=True)
    assert watching.has_ended(entry(path), time.time())


def test_the_ledger_survives_a_line_cut_short(stub: TusStub, home: Path, spool: Path) -> None:
    make(spool, "one")
    assert run(home, "watch", "--once", str(spool)).returncode == 0
    with (uploads_folder(home) / "sent.jsonl").open("ab") as file:
        file.write(b'{"sha256": "abc", "por')
    make(spool, "two")
    for _ in range(2):
        assert run(home, "watch", "--once", str(spool)).returncode == 0
    assert names(stub) == ["one.cast", "two.cast"]
