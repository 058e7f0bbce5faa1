"""Listing, finding, writing out and removing recordings, whoever wrote them and in whatever state they are."""

import gzip
import json
import os
import resource
import stat
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from tests.capture import casts
from tests.capture.conftest import OpenTerminal
from tests.capture.user import run

HEADER = {"version": 2, "width": 80, "height": 24, "timestamp": 1768228222}
EVENTS = [[0.5, "o", "one\r\n"], [61.25, "o", "two\r\n"]]


def cast(*events: object, **header: object) -> bytes:
    lines = [HEADER | header, *(events or EVENTS)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture
def folder(home: Path) -> Path:
    path = home / ".sortie" / "recordings"
    path.mkdir(parents=True)
    return path


def put(path: Path, content: bytes | dict[str, Any], age_days: float = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(json.dumps(content).encode() if isinstance(content, dict) else content)
    moment = time.time() - age_days * 86400
    os.utime(path, (moment, moment))
    return path


def listed(home: Path) -> dict[str, dict[str, Any]]:
    done = run(home, "list", "--json")
    assert done.returncode == 0
    return {entry["session_id"]: entry for entry in json.loads(done.stdout)}


@pytest.fixture
def every_layout(folder: Path) -> None:
    """What three other recorders leave, and this one."""
    put(
        folder / "2026-01-12" / "prod-web-01_20260112-143022_a1b2c3.cast",
        cast(title="SSH to prod-web-01", agent_name="prod-web-01", user="admin", session_id="a1b2c3"),
    )
    put(folder / "f81d4fae-7dec.cast", cast(env={"user": "mallory"}))
    put(folder / "f81d4fae-7dec.json", {"username": "mallory", "target": "sandbox-7", "tags": []})
    put(folder / "job-17.cast.gz", gzip.compress(cast(title="session-job-17")))
    put(
        folder / "job-17.meta.json",
        {
            "session_id": "job-17",
            "host_id": "db1",
            "user": "ops",
            "shell": "bash",
            "start_time": "2026-01-12T14:30:22Z",
            "end_time": "2026-01-12T14:31:23Z",
            "command_count": 3,
            "duration_ms": 61250,
            "size_bytes": 120,
            "truncated": True,
        },
    )
    put(
        folder / "2026-01-12" / "bash_20260112-143022_0123456789ab.cast",
        cast(*EVENTS, [61.5, "x", "0"], sortie={"session_id": "0123456789ab", "host": "here", "user": "alice"}),
    )


@pytest.mark.usefixtures("every_layout")
def test_recordings_of_every_layout_are_listed(home: Path) -> None:
    entries = listed(home)
    seen = {name: (entry["host"], entry["user"], entry["state"]) for name, entry in entries.items()}
    assert seen == {
        "a1b2c3": ("prod-web-01", "admin", "incomplete"),
        "f81d4fae-7dec": ("sandbox-7", "mallory", "complete"),
        "job-17": ("db1", "ops", "complete"),
        "0123456789ab": ("here", "alice", "complete"),
    }
    assert {entry["start_time"] for entry in entries.values()} == {"2026-01-12T14:30:22Z"}
    assert entries["a1b2c3"]["duration_ms"] == 61250
    assert entries["0123456789ab"]["duration_ms"] == 61500
    assert entries["job-17"]["command_count"] == 3
    assert entries["job-17"]["truncated"] is True


@pytest.mark.usefixtures("every_layout")
@pytest.mark.parametrize("name", ["a1b2", "f81d4fae-7dec", "job", "0"])
def test_recordings_of_every_layout_are_played_and_written_out(home: Path, name: str) -> None:
    assert run(home, "replay", "--speed", "0", name).stdout == b"one\r\ntwo\r\n\x1b[0m"
    exported = run(home, "export", name)
    assert [json.loads(line) for line in exported.stdout.splitlines()][1:3] == EVENTS
    assert run(home, "export", name, "--format", "txt").stdout == b"one\ntwo\n"


@pytest.mark.usefixtures("every_layout")
def test_recordings_of_every_layout_are_removed_with_what_belongs_to_them(home: Path, folder: Path) -> None:
    assert run(home, "delete", "--yes", "a1b2c3", "f81d4", "job-17", "0123").returncode == 0
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_other_versions_are_read_too(home: Path, folder: Path) -> None:
    frames = [[0.5, "one\r\n"], [1.0, "two\r\n"]]
    one = {"version": 1, "width": 80, "height": 24, "duration": 1.5, "stdout": frames}
    put(folder / "one.cast", json.dumps(one, indent=2).encode())
    three = [{"version": 3, "term": {"cols": 99, "rows": 9}}, [0.5, "o", "one\r\n"], [1.0, "o", "two\r\n"]]
    put(folder / "three.cast", b"# not at the start\n".join(json.dumps(line).encode() + b"\n" for line in three))
    for name in ("one", "three"):
        assert run(home, "export", "-f", "txt", name).stdout == b"one\ntwo\n"
        assert listed(home)[name]["duration_ms"] == 1500


def test_the_table_is_aligned_newest_first_and_without_colours_in_a_pipe(home: Path, folder: Path) -> None:
    put(folder / "old.cast", cast(timestamp=1600000000), age_days=2)
    put(folder / "new.cast", cast([3723.0, "o", "x"], sortie={"host": "höst名", "user": "u"}), age_days=1)
    lines = run(home, "list").stdout.decode().splitlines()
    assert lines[0].split() == ["SESSION", "HOST", "USER", "STARTED", "COMMANDS", "DURATION", "SIZE"]
    assert [line.split()[0] for line in lines[1:]] == ["new", "old"]
    assert "1:02:03" in lines[1]
    assert "incomplete" in lines[1]
    assert "\x1b" not in "".join(lines)
    assert run(home, "list", "--limit", "1").stdout.decode().splitlines()[1:] != []
    assert len(run(home, "list", "--limit", "1").stdout.splitlines()) == 2
    assert run(home, "list", "--ids").stdout == b"new\nold\n"


def test_nothing_recorded_yet(home: Path, sortie: OpenTerminal) -> None:
    done = run(home, "list")
    assert (done.returncode, done.stdout) == (0, b"")
    assert run(home, "list", "--json").stdout == b"[]\n"
    with sortie("list") as terminal:
        assert terminal.wait() == 0
        assert terminal.shown == b"No recordings yet. `sortie rec` makes the first.\r\n"


def test_a_damaged_sidecar_is_told_and_the_recording_still_listed(home: Path, folder: Path) -> None:
    put(folder / "job.cast.gz", gzip.compress(cast()))
    put(folder / "job.meta.json", b"{broken")
    put(folder / "other.cast", cast())
    done = run(home, "list", "--ids")
    assert sorted(done.stdout.split()) == [b"job", b"other"]
    assert b"~/.sortie/recordings/job.meta.json cannot be read" in done.stderr


def test_a_file_that_is_no_cast_is_told_and_passed_over(home: Path, folder: Path) -> None:
    put(folder / "bad.cast", b"not a cast\n")
    put(folder / "empty.cast", b"")
    put(folder / "future.cast", b'{"version": 9}\n')
    put(folder / "good.cast", cast())
    done = run(home, "list", "--json")
    assert done.returncode == 0
    assert done.stderr.count(b"cannot be read: not an asciicast") == 3
    assert run(home, "replay", "bad").returncode == 1
    assert run(home, "export", "bad").returncode == 1


def test_names_in_foreign_files_cannot_steer_the_terminal(home: Path, folder: Path) -> None:
    put(folder / "evil.cast", cast(sortie={"host": "\x1b[31mred\x1b]52;c;x\x07", "user": "\u202euser"}))
    assert b"\x1b" not in run(home, "list").stdout


def test_a_recording_being_made_is_marked_and_safe(sortie: OpenTerminal, home: Path) -> None:
    with sortie("rec", "-q", "--", "sh", "-c", "echo up; read x") as terminal:
        terminal.wait_for("up")
        [(name, entry)] = listed(home).items()
        assert entry["state"] == "recording"
        refused = run(home, "delete", "--yes", name)
        assert refused.returncode == 1
        assert b"is being recorded" in refused.stderr
        # What is there so far can be seen.
        time.sleep(0.2)
        assert run(home, "export", "-f", "txt", name).stdout == b"up\n"
        terminal.press("\r")
        terminal.wait()
    assert listed(home)[name]["state"] == "complete"


@pytest.mark.parametrize("command", ["replay", "export", "delete"])
def test_ids_are_found_by_their_beginning_if_it_is_the_only_one(home: Path, folder: Path, command: str) -> None:
    for name in ("abcd1", "abcd2", "abcd"):
        put(folder / f"{name}.cast", cast())
    more = {"replay": ["--speed", "0"], "export": [], "delete": ["--yes"]}[command]
    ambiguous = run(home, command, *more, "abc")
    assert ambiguous.returncode == 1
    assert ambiguous.stderr == (
        b"sortie: 3 recordings begin with 'abc': abcd, abcd1, abcd2\n  give one more character\n"
    )
    missing = run(home, command, *more, "x")
    assert missing.returncode == 3
    assert missing.stderr == b"sortie: no recording begins with 'x'; `sortie list` shows those there are\n"
    # The whole of an ID is never ambiguous.
    assert run(home, command, *more, "abcd").returncode == 0
    assert run(home, command, *more, "abcd1").returncode == 0


def test_a_file_anywhere_can_be_played_and_written_out(home: Path, tmp_path: Path) -> None:
    path = put(tmp_path / "elsewhere" / "x.cast", cast())
    assert run(home, "export", str(path), "-f", "txt").stdout == b"one\ntwo\n"
    assert run(home, "replay", "-s", "0", "x.cast", cwd=path.parent, PYTHONPATH=os.getcwd()).returncode == 0
    assert run(home, "replay", str(path) + "x").returncode == 3


def test_writing_out_makes_a_private_file_and_writes_over_none(home: Path, folder: Path) -> None:
    put(folder / "a.cast.gz", gzip.compress(cast()))
    target = home / "out.cast"
    assert run(home, "export", "a", "--out", str(target)).returncode == 0
    assert target.read_bytes() == cast()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    refused = run(home, "export", "a", "-o", str(target), "-f", "txt")
    assert refused.returncode == 1
    assert refused.stderr == f"sortie: {target} exists\n  --force writes over it\n".encode()
    assert target.read_bytes() == cast()
    assert run(home, "export", "a", "-o", str(target), "-f", "txt", "--force").returncode == 0
    assert target.read_bytes() == b"one\ntwo\n"


def test_an_export_that_grows_without_measure_is_stopped_and_leaves_nothing(home: Path, folder: Path) -> None:
    # 600 MB of one letter in 600 KB.
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = [deflate.compress(cast([1.0, "o", "x"]))]
    line = json.dumps([1.0, "o", "x" * 999_900]).encode() + b"\n"
    bomb += [deflate.compress(line) for _ in range(600)]
    put(folder / "bomb.cast.gz", b"".join([*bomb, deflate.flush()]))
    target = home / "out"
    done = run(home, "export", "bomb", "--out", str(target), preexec_fn=in_little_memory)
    assert done.returncode == 1
    assert done.stderr == b"sortie: bomb: larger than 512 MB\n"
    assert list(home.glob("out*")) == []


def in_little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (300 * 1024 * 1024, 300 * 1024 * 1024))


def test_a_line_without_end_is_refused(home: Path, folder: Path) -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    content = deflate.compress(cast()) + deflate.compress(b'[1.0,"o","' + b"x" * 20_000_000)
    put(folder / "long.cast.gz", content + deflate.flush())
    done = run(home, "export", "long")
    assert done.returncode == 1
    assert b"has a line longer than 16 MB" in done.stderr


@pytest.mark.parametrize("suffix", [".cast", ".cast.gz"])
def test_a_recording_cut_off_is_written_out_as_far_as_it_goes(home: Path, folder: Path, suffix: str) -> None:
    whole = cast(*([float(number), "o", f"line {number}\r\n"] for number in range(200)))
    if suffix == ".cast.gz":
        deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
        cut = deflate.compress(whole[:-20]) + deflate.flush(zlib.Z_SYNC_FLUSH)
    else:
        cut = whole[:-20]
    put(folder / f"cut{suffix}", cut)
    done = run(home, "export", "cut")
    assert done.returncode == 0
    assert whole.startswith(done.stdout)
    assert done.stdout.endswith(b"\n")
    assert len(whole) - len(done.stdout) < 80
    assert b"cut has no end, or damaged lines" in done.stderr


def test_members_written_one_after_the_other_are_read_as_one(home: Path, folder: Path) -> None:
    whole = cast()
    put(folder / "two.cast.gz", gzip.compress(whole[:70]) + gzip.compress(whole[70:]))
    assert run(home, "export", "two").stdout == whole


def test_deleting_asks_first(sortie: OpenTerminal, home: Path, folder: Path) -> None:
    path = put(folder / "a.cast", cast())
    for answer, status, left in (("n", 1, True), ("", 1, True), ("y", 0, False)):
        with sortie("delete", "a") as terminal:
            terminal.wait_for(r"Delete this recording\? \[y/N\] ")
            terminal.press(answer + "\r")
            assert terminal.wait() == status
        assert path.exists() is left


def test_deleting_without_a_terminal_needs_to_be_told_so(home: Path, folder: Path) -> None:
    path = put(folder / "a.cast", cast())
    done = run(home, "delete", "a", input=b"y\n")
    assert done.returncode == 1
    assert b"--yes deletes without asking" in done.stderr
    assert path.exists()


def meta(end: float, **more: object) -> dict[str, Any]:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end - 60))
    return {"session_id": "x", "start_time": moment, "duration_ms": 60000, "command_count": 1, **more}


def test_pruning_removes_what_ended_too_long_ago_and_nothing_else(
    sortie: OpenTerminal, home: Path, folder: Path
) -> None:
    day = 86400
    put(folder / "old.cast", cast(), age_days=100)
    put(folder / "old.meta.json", meta(time.time() - 100 * day))
    put(folder / "copied.cast", cast())
    put(folder / "copied.meta.json", meta(time.time() - 100 * day))
    put(folder / "young.cast", cast(), age_days=10)
    put(folder / "young.meta.json", meta(time.time() - 10 * day))
    put(folder / "crashed.cast", cast(timestamp=int(time.time() - 95 * day)), age_days=95)
    put(folder / "session.cast.gz", gzip.compress(cast(timestamp=int(time.time() - 95 * day))), age_days=1)
    put(folder / "session.open.json", b"{}")
    with sortie("rec", "-q", "--", "sh", "-c", "echo up; read x") as terminal:
        terminal.wait_for("up")
        active = casts.recordings(home)[-1]
        os.utime(active, (0, 0))
        dry = run(home, "prune", "--dry-run")
        assert dry.stdout.splitlines()[-1].startswith(b"3 recordings would be deleted")
        assert len(list(folder.glob("*.cast"))) == 4
        done = run(home, "prune")
        assert done.returncode == 0
        assert done.stdout.startswith(b"3 recordings deleted, ")
        terminal.press("\r")
        terminal.wait()
    left = {path.name for path in folder.iterdir() if path.is_file()}
    assert left == {"young.cast", "young.meta.json", "session.cast.gz", "session.open.json"}
    assert active.exists()


def test_pruning_for_ever_and_by_other_limits(home: Path, folder: Path) -> None:
    put(folder / "a.cast", cast(), age_days=40)
    put(folder / "a.meta.json", meta(time.time() - 40 * 86400))
    assert run(home, "prune", "--days", "0").returncode == 0
    assert run(home, "prune").stdout == b"0 recordings deleted, <0.1 MB\n"
    assert run(home, "prune", "--days", "-1").returncode == 2
    assert run(home, "prune", "--days", "30").stdout == b"1 recording deleted, <0.1 MB\n"
