"""Recordings of other programs, made by the real ones: found, told apart, and converted to what was shown."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from recordings.media import importers
from recordings.media.asciicast import scan
from recordings.media.errors import MediaError
from recordings.media.importers import NotRecognised, Source
from recordings.media.importers.files import Unreadable
from tests.terminal import build
from tests.terminal.imports import converted, only, output
from tests.terminal.other_programs import GREETING, SAMPLES, makers

FORMATS = {
    "script": "script",
    "script-io": "script",
    "script-apart": "script",
    "tlog": "tlog",
    "ttyrec": "ttyrec",
    "sudo": "sudo",
}
RESIZED = ("script-io", "tlog", "sudo")
TYPED = ("script-io", "script-apart", "tlog", "sudo")
SIZED = tuple(name for name in FORMATS if name != "ttyrec")
KNOWS_EXIT = ("script", "script-io", "script-apart")


@pytest.fixture(
    scope="module", params=[*((name, "sample") for name in FORMATS), *((name, "now") for name in makers())]
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a way to record, and a folder with a recording made that way, long ago or now."""
    name, when = request.param
    folder = tmp_path_factory.mktemp(name)
    if when == "now":
        makers()[name](folder)
    else:
        shutil.copytree(SAMPLES / name, folder, dirs_exist_ok=True)
    return name, folder


def test_what_was_shown_is_in_the_cast(made: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = made
    imported = only(folder)
    assert imported.source.format == FORMATS[name]
    events, _ = converted(imported, tmp_path)
    size = "30 100" if name in RESIZED else "25 90"
    assert output(events) == f"{GREETING}{size}\r\n"
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert 50_000 < times[-1] < 60_000_000
    assert imported.notes == []


def test_what_was_typed_and_how_large_it_was(made: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = made
    imported = only(folder)
    events, path = converted(imported, tmp_path)
    assert output(events, "i").strip() == ("word" if name in TYPED else "")
    assert [text for _, code, text in events if code == "r"] == (["100x30"] if name in RESIZED else [])
    assert (imported.header.width, imported.header.height) == ((90, 25) if name in SIZED else (80, 24))
    with path.open("rb") as file:
        assert scan(file).exit_status == (3 if name in KNOWS_EXIT else None)


def test_who_and_when(made: tuple[str, Path]) -> None:
    name, folder = made
    header = only(folder).header
    assert header.timestamp is not None
    assert 1_700_000_000 < header.timestamp < 4_000_000_000
    assert header.about.agent == FORMATS[name]
    if name in ("tlog", "sudo"):
        assert header.about.user
        assert header.about.host
    if name == "tlog":
        assert header.about.session_id
    if name == "sudo":
        assert header.title.startswith("sudo sh -c printf")


def test_a_recording_is_the_same_wherever_it_lies(made: tuple[str, Path], tmp_path: Path) -> None:
    _, folder = made
    shutil.copytree(folder, tmp_path / "copy")
    assert only(folder).source.fingerprint() == only(tmp_path / "copy").source.fingerprint()


def test_a_file_of_it_names_it_too(made: tuple[str, Path]) -> None:
    _, folder = made
    source = only(folder).source
    for path in source.files:
        assert next(iter(importers.find(path))).fingerprint() == source.fingerprint()


def test_cut_off_it_counts_as_far_as_it_goes(made: tuple[str, Path], tmp_path: Path) -> None:
    """The largest of its files breaks off anywhere."""
    _, folder = made
    source = only(folder).source
    largest = max(
        (path for path in source.files if "log" not in path.name),
        key=lambda path: path.stat().st_size,
        default=None,
    )
    largest = largest or source.files[0]
    whole = largest.read_bytes()
    refused = 0
    for length in range(0, len(whole), 7):
        cut = tmp_path / str(length)
        shutil.copytree(folder, cut)
        (cut / largest.relative_to(folder)).chmod(0o600)
        (cut / largest.relative_to(folder)).write_bytes(whole[:length])
        try:
            for found in importers.find(cut):
                events = b"".join(importers.read(found).cast())
                assert GREETING.startswith(text_of(events)) or text_of(events).startswith(GREETING)
        except MediaError:
            refused += 1
    assert refused < len(whole) / 7


def text_of(data: bytes) -> str:
    return "".join(json.loads(line)[2] for line in data.splitlines()[1:] if json.loads(line)[1] == "o")


def test_every_seed_layout_comes_with_what_lies_beside_it(tmp_path: Path) -> None:
    day = tmp_path / "2026-01-12"
    day.mkdir()
    build.written(
        day / "prod-web-01_20260112-143022_a1b2c3.cast", build.cast(title="SSH", agent_name="prod-web-01")
    )
    build.written(tmp_path / "f81d4fae.cast", build.cast())
    build.written(
        tmp_path / "f81d4fae.json", b'{"username": "mallory", "target": "sandbox-7", "tags": ["a", 5, ""]}'
    )
    build.written(tmp_path / "job-17.cast.gz", gzip.compress(build.cast()))
    sidecar = {
        "session_id": "job-17",
        "host_id": "db1",
        "user": "ops",
        "start_time": "2026-01-12T14:30:22Z",
        "truncated": True,
    }
    build.written(tmp_path / "job-17.meta.json", json.dumps(sidecar).encode())
    found = {source.path.name: importers.read(source) for source in importers.find(tmp_path)}
    assert {name: each.header.about.session_id for name, each in found.items()} == {
        "f81d4fae.cast": "",
        "job-17.cast.gz": "job-17",
        "prod-web-01_20260112-143022_a1b2c3.cast": "a1b2c3",
    }
    about = {each.header.about.host: each.header.about.user for each in found.values()}
    assert about == {"prod-web-01": "", "sandbox-7": "mallory", "db1": "ops"}
    assert found["f81d4fae.cast"].tags == ("a",)
    assert found["job-17.cast.gz"].told["truncated"] is True
    assert b"".join(found["job-17.cast.gz"].cast()) == (tmp_path / "job-17.cast.gz").read_bytes()


def test_a_sidecar_that_is_none_is_passed_over(tmp_path: Path) -> None:
    build.written(tmp_path / "a.cast", build.cast(sortie={"user": "alice"}))
    build.written(tmp_path / "a.meta.json", b"[" * 100_000)
    imported = only(tmp_path)
    assert imported.header.about.user == "alice"
    assert imported.warnings == ["a.meta.json, which lies beside it, cannot be read."]


def test_several_typescripts_in_a_folder_find_their_timing(tmp_path: Path) -> None:
    for name, text in (("one", "a"), ("two", "bbbb")):
        (tmp_path / f"{name}.typescript").write_text(
            f"Script started on 2026-01-01 10:00:00+00:00\n{text}\nScript done\n"
        )
        (tmp_path / f"{name}.timing").write_text(f"0.5 {len(text) + 1}\n")
    (tmp_path / "notes.txt").write_text("not one")
    found = {source.path.name: source.files[1].name for source in importers.find(tmp_path)}
    assert found == {"one.typescript": "one.timing", "two.typescript": "two.timing"}


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG", bytes(5000), b"{}", b"Script started on x\nno timing"])
def test_other_files_are_passed_over_or_refused_by_name(data: bytes, tmp_path: Path) -> None:
    path = build.written(tmp_path / "file", data)
    assert list(importers.find(tmp_path)) == []
    with pytest.raises(NotRecognised, match="file is no recording"):
        list(importers.find(path))


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    build.written(tmp_path / "real.cast", build.cast())
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.cast").symlink_to(tmp_path / "real.cast")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.cast")
    assert list(importers.find(folder)) == []
    with pytest.raises(Unreadable, match="cannot be read"):
        importers.read(Source("asciicast", folder / "link.cast", (folder / "link.cast",)))
    with pytest.raises(Unreadable, match="is no file"):
        importers.read(Source("asciicast", folder / "pipe.cast", (folder / "pipe.cast",)))


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="does not exist"):
        list(importers.find(tmp_path / "nowhere"))


def test_what_is_known_of_it_is_no_part_of_it(tmp_path: Path) -> None:
    path = build.written(tmp_path / "a.cast", build.cast())
    before = only(path).source.fingerprint()
    build.written(tmp_path / "a.meta.json", b'{"user": "alice"}')
    assert only(path).source.beside
    assert only(path).source.fingerprint() == before


def test_a_typescript_that_is_cut_off_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    shutil.copytree(SAMPLES / "script-io", folder)
    timing = folder / "ptyio.tm"
    timing.write_bytes(timing.read_bytes()[:-10])
    imported = only(folder)
    b"".join(imported.cast())
    assert imported.notes == [
        "The timing file of the typescript breaks off; what came after is not in the recording."
    ]
