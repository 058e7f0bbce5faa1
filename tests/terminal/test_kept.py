"""The stored object: players are given something every reader takes, and the upload comes back bit for bit."""

import gzip
import hashlib
import json
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from recordings.media.asciicast import Cast, Kept, keep, packing, scan, unpacked
from tests.terminal.build import EVENTS, THREE, cast, lines, version_1, version_3, written

TYPED = cast([0.5, "o", "$ "], [1, "i", "ls\r"], [1.5, "o", "ls\r\n"])
UPLOADS = {
    "version 2": cast(),
    "version 3": version_3(*EVENTS),
    "version 3 with notes": version_3(b"# a note", *EVENTS),
    "version 1": version_1([0.5, "one\r\n"], [1, "two\r\n"]),
    "cut off": cast()[:-9],
    "repaired": cast([2, "o", "a"], b"", [1, "o", "b"], b'[3, "o", "\xff"]'),
    "codes that are none": cast(
        [0.5, "o", "a"], [1, "", "b"], [1.5, 17 * "o", "c"], [2, '"', "d"], [2.5, "o", "e"]
    ),
    "typed": TYPED,
}
PACKED = {
    "one member": lambda data: gzip.compress(data),
    "two members": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    "padded": lambda data: gzip.compress(data) + bytes(512),
}
CLEAN = ("version 2", "version 3", "version 3 with notes", "typed")


@dataclass(frozen=True)
class Object:
    """What was stored, and what its facts say."""

    data: bytes
    kept: Kept

    @property
    def played(self) -> bytes:
        """What players get, once it is decompressed; there is one gzip member of it and nothing else."""
        inflate = zlib.decompressobj(31)
        text = inflate.decompress(self.data[: self.kept.played])
        assert inflate.eof
        assert not inflate.unused_data
        return text

    @property
    def original(self) -> bytes:
        piece = self.data[self.kept.original_start : self.kept.original_stop]
        return b"".join(unpacked([piece])) if self.kept.original_packed else piece


def stored(folder: Path, upload: bytes, *, with_input: bool = True) -> Object:
    source = written(folder / "staged", bytes(4096) + upload)
    with source.open("rb") as file, (folder / "object").open("wb") as sink:
        found = scan(file, start=4096)
        kept = keep(file, found, sink, with_input=with_input, start=4096)
    data = (folder / "object").read_bytes()
    assert kept.size == len(data)
    return Object(data, kept)


@pytest.mark.parametrize("packed", [None, *PACKED])
@pytest.mark.parametrize("name", UPLOADS)
def test_the_upload_comes_back(name: str, packed: str | None, tmp_path: Path) -> None:
    upload = PACKED[packed](UPLOADS[name]) if packed else UPLOADS[name]
    made = stored(tmp_path, upload)
    assert made.original == upload
    assert made.kept.original_size == len(upload)
    assert made.kept.original_sha256 == hashlib.sha256(upload).hexdigest()


@pytest.mark.parametrize("name", UPLOADS)
def test_what_is_played_is_what_was_uploaded_or_version_2_of_it(name: str, tmp_path: Path) -> None:
    made = stored(tmp_path, UPLOADS[name])
    if name in CLEAN:
        assert made.played == UPLOADS[name]
        assert made.kept.played == len(made.data)
    else:
        assert json.loads(made.played.split(b"\n")[0])["version"] == 2
        with written(tmp_path / "played", made.played).open("rb") as file:
            assert scan(file).clean


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_gzip_is_stored_as_it_came(name: str, tmp_path: Path) -> None:
    upload = gzip.compress(UPLOADS[name], 9)
    made = stored(tmp_path, upload)
    assert made.data == upload
    assert made.kept.played == len(upload)


@pytest.mark.parametrize("name", [name for name in UPLOADS if not name.startswith("version 3")])
def test_other_programs_read_what_is_played(name: str, tmp_path: Path) -> None:
    """asciinema 2.4 stops at blank lines, and fails at notes, halves of lines and whatever is no JSON."""
    made = stored(tmp_path, UPLOADS[name])
    path = written(tmp_path / "played.cast", made.played)
    asciinema = [sys.executable, "-m", "asciinema", "cat", str(path)]
    done = subprocess.run(asciinema, capture_output=True, stdin=subprocess.DEVNULL)
    with path.open("rb") as file:
        shown = "".join(text for _, code, text in Cast(file).events() if code == "o")
    assert (done.returncode, done.stdout.decode()) == (0, shown)
    assert shown


@pytest.mark.parametrize("packed", [False, True])
def test_where_policy_strips_it_what_was_typed_is_nowhere(packed: bool, tmp_path: Path) -> None:
    upload = cast([0.5, "o", "$ "], [1, "i", "hunter2"], [1.5, "o", "\r\n"])
    made = stored(tmp_path, gzip.compress(upload) if packed else upload, with_input=False)
    assert b"hunter2" not in made.played
    assert made.original == made.played
    assert made.kept.original_sha256 == hashlib.sha256(made.played).hexdigest()
    assert made.kept.original_size == len(made.played)
    assert [json.loads(line)[1] for line in made.played.splitlines()[1:]] == ["o", "o"]
    assert not any(b"hunter2" in found for found in every_member(made.data))


def test_stripping_version_3_keeps_the_times(tmp_path: Path) -> None:
    upload = lines(THREE, [0.5, "o", "a"], [0.25, "i", "x"], [0.25, "o", "b"])
    made = stored(tmp_path, upload, with_input=False)
    assert [json.loads(line)[:2] for line in made.played.splitlines()[1:]] == [[0.5, "o"], [1.0, "o"]]


def test_nothing_is_rewritten_where_nothing_was_typed(tmp_path: Path) -> None:
    assert stored(tmp_path, cast(), with_input=False).played == cast()


def test_without_isal_it_is_only_slower(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fast = stored(tmp_path, cast())
    monkeypatch.setattr(packing, "isal_zlib", None)
    slow = stored(tmp_path, cast())
    assert slow.played == fast.played == cast()
    assert packing.packed(b"x") == packing.packed(b"x")


def every_member(data: bytes) -> list[bytes]:
    """All gzip members that begin anywhere in the data."""
    found = []
    at = data.find(b"\x1f\x8b")
    while at >= 0:
        try:
            found.append(zlib.decompressobj(31).decompress(data[at:]))
        except zlib.error:
            found.append(b"")
        at = data.find(b"\x1f\x8b", at + 1)
    assert found
    return found
