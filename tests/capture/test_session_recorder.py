"""The recorder as a library: what a proxy may call, in any order, and never has to catch."""

import json
import logging
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recordings.capture import RecordingConfig, SessionRecorder
from tests.capture import casts


@pytest.fixture
def config(tmp_path: Path) -> RecordingConfig:
    return RecordingConfig(output_dir=tmp_path / "recordings")


def test_a_session_is_recorded_event_by_event(config: RecordingConfig, tmp_path: Path) -> None:
    recorder = SessionRecorder(config, "s-1", 100, 30, metadata={"user": "alice", "host": "box", "n": 1})
    assert not recorder.active
    recorder.start()
    assert recorder.active
    path = tmp_path / "recordings" / "s-1.cast"
    recorder.record_output(b"login: ")
    # There at once, for whoever reads the file now.
    assert casts.read(path)[1][0][1:] == ("o", "login: ")
    recorder.record_input(b"alice\r")
    recorder.record_resize(120, 40)
    recorder.record_output("żó".encode()[:3])
    recorder.record_output("żó".encode()[3:] + "👩‍🚀".encode()[:2])
    recorder.stop()
    assert not recorder.active
    recorder.write_metadata()
    header, events = casts.read(path)
    assert (header["width"], header["height"]) == (100, 30)
    assert header["sortie"]["session_id"] == "s-1"
    assert header["sortie"]["user"] == "alice"
    assert header["sortie"]["host"] == "box"
    assert [event[1:] for event in events] == [
        ("o", "login: "), ("i", "alice\r"), ("r", "120x40"), ("o", "ż"), ("o", "ó"), ("o", "\ufffd"),
    ]  # fmt: skip
    assert json.loads((tmp_path / "recordings" / "s-1.json").read_text()) == {
        "user": "alice",
        "host": "box",
        "n": 1,
    }


def test_files_are_private(config: RecordingConfig, tmp_path: Path) -> None:
    recorder = SessionRecorder(config, "s", 80, 24, {"a": 1})
    recorder.start()
    recorder.stop()
    recorder.write_metadata()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "recordings").iterdir()}
    assert modes == {"s.cast": 0o600, "s.json": 0o600}
    assert stat.S_IMODE((tmp_path / "recordings").stat().st_mode) == 0o700


def call_everything(recorder: SessionRecorder) -> None:
    recorder.start()
    recorder.record_input(b"x")
    recorder.record_output(b"y")
    recorder.record_resize(80, 24)
    recorder.stop()
    recorder.stop()
    recorder.write_metadata()
    recorder.record_output(b"after")


def test_disabled_it_touches_nothing(tmp_path: Path) -> None:
    recorder = SessionRecorder(RecordingConfig(enabled=False, output_dir=tmp_path / "none"), "s", 80, 24, {"a": 1})
    call_everything(recorder)
    assert not recorder.active
    assert not (tmp_path / "none").exists()


def test_never_started_it_can_be_stopped(config: RecordingConfig, tmp_path: Path) -> None:
    recorder = SessionRecorder(config, "s", 80, 24)
    recorder.record_output(b"x")
    recorder.stop()
    recorder.stop()
    assert not (tmp_path / "recordings").exists()


@pytest.mark.parametrize("session_id", ["../escape", "a/b", "", ".hidden", "x" * 200, "a\x00b"])
def test_a_name_that_leads_elsewhere_records_nothing(
    config: RecordingConfig, tmp_path: Path, session_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    call_everything(SessionRecorder(config, session_id, 80, 24))
    assert list(tmp_path.rglob("*.*")) == []
    assert "failed" in caplog.text


def test_what_cannot_be_written_is_logged_and_no_concern_of_the_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    recorder = SessionRecorder(RecordingConfig(output_dir=blocked), "s", 80, 24)
    call_everything(recorder)
    assert not recorder.active
    assert "Recording of session s failed" in caplog.text


def test_a_recording_that_exists_is_not_written_over(config: RecordingConfig, tmp_path: Path) -> None:
    first = SessionRecorder(config, "s", 80, 24)
    first.start()
    first.record_output(b"kept")
    first.stop()
    second = SessionRecorder(config, "s", 80, 24)
    call_everything(second)
    assert "kept" in (tmp_path / "recordings" / "s.cast").read_text()


def test_a_link_is_not_followed(config: RecordingConfig, tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "s.cast").symlink_to(tmp_path / "target")
    call_everything(SessionRecorder(config, "s", 80, 24))
    assert not (tmp_path / "target").exists()


def test_a_full_disk_ends_the_recording_only(tmp_path: Path) -> None:
    code = (
        "import resource, sys\n"
        "from recordings.capture import RecordingConfig, SessionRecorder\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        f"recorder = SessionRecorder(RecordingConfig(output_dir={str(tmp_path)!r}), 's', 80, 24)\n"
        "recorder.start()\n"
        "for number in range(200): recorder.record_output(b'line %d\\r\\n' % number * 3)\n"
        "print(recorder.active)\n"
        "recorder.stop()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"
    assert "File too large" in done.stderr
    assert casts.text_of(tmp_path / "s.cast").startswith("line 0\r\nline 0\r\n")


def test_wrong_arguments_do_not_raise_either(config: RecordingConfig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    recorder = SessionRecorder(config, "s", 80, 24, {"odd": object()})
    recorder.start()
    recorder.record_output("text")  # type: ignore[arg-type]
    assert not recorder.active
    recorder.write_metadata()


def test_values_that_json_does_not_know_are_written_as_text(config: RecordingConfig, tmp_path: Path) -> None:
    SessionRecorder(config, "s", 80, 24, {"path": Path("/x")}).write_metadata()
    assert json.loads((tmp_path / "recordings" / "s.json").read_text()) == {"path": "/x"}


def test_answers_to_password_prompts_are_left_out(config: RecordingConfig, tmp_path: Path) -> None:
    recorder = SessionRecorder(config, "s", 80, 24)
    recorder.start()
    recorder.record_output(b"[sudo] password for alice: ")
    for character in b"hunter2\r":
        recorder.record_input(bytes([character]))
    recorder.record_output(b"\r\n$ ")
    recorder.record_input(b"ls\r")
    recorder.stop()
    assert casts.text_of(tmp_path / "recordings" / "s.cast", "i") == "ls\r"


def test_several_threads_write_whole_lines(config: RecordingConfig, tmp_path: Path) -> None:
    recorder = SessionRecorder(config, "s", 80, 24)
    recorder.start()

    def write(code: int) -> None:
        for _ in range(300):
            (recorder.record_output if code % 2 else recorder.record_input)(b"x" * 50)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.stop()
    assert len(casts.read(tmp_path / "recordings" / "s.cast")[1]) == 1200


def test_metadata_that_is_none_does_not_keep_it_from_recording(tmp_path: Path) -> None:
    recorder = SessionRecorder(RecordingConfig(output_dir=tmp_path), "s", metadata="not a mapping")  # type: ignore[arg-type]
    recorder.start()
    recorder.record_output(b"hello")
    recorder.stop()
    recorder.write_metadata()
    assert casts.text_of(tmp_path / "s.cast") == "hello"
    assert json.loads((tmp_path / "s.json").read_text()) == {}


def test_the_default_is_on_and_where_containers_keep_data() -> None:
    assert RecordingConfig() == RecordingConfig(enabled=True, output_dir="/data/recordings")


def test_a_recording_by_a_proxy_is_listed_and_replayed(tmp_path: Path) -> None:
    from tests.capture.user import run

    folder = tmp_path / ".sortie" / "recordings"
    recorder = SessionRecorder(RecordingConfig(output_dir=os.fspath(folder)), "sess-9", 80, 24, {"host": "box"})
    recorder.start()
    recorder.record_output(b"hello\r\n")
    recorder.stop()
    recorder.write_metadata()
    [entry] = json.loads(run(tmp_path, "list", "--json").stdout)
    assert (entry["session_id"], entry["host"], entry["state"]) == ("sess-9", "box", "complete")
    assert run(tmp_path, "replay", "-s", "0", "sess").stdout.startswith(b"hello\r\n")
