"""Space ahead of a growing file and writing close behind it: neither may change what is in the file."""

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.ingest import ahead
from recordings.ingest.ahead import PIECE, SPACE, Ahead

START = 4096
BLOCK = bytes(range(256)) * 1024


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    opened = os.open(tmp_path / "growing", os.O_CREAT | os.O_RDWR)
    os.ftruncate(opened, START)
    os.lseek(opened, START, os.SEEK_SET)
    yield opened
    os.close(opened)


def grow(descriptor: int, along: Ahead, blocks: int) -> None:
    for _ in range(blocks):
        along.before(len(BLOCK))
        os.write(descriptor, BLOCK)
        along.after(len(BLOCK))


def used(descriptor: int) -> int:
    """Bytes of disk the file takes."""
    os.fsync(descriptor)
    return os.fstat(descriptor).st_blocks * 512


def test_the_file_is_as_if_nobody_had_helped(descriptor: int) -> None:
    along = Ahead(descriptor, START)
    blocks = 2 * PIECE // len(BLOCK) + 1
    grow(descriptor, along, blocks)
    assert os.fstat(descriptor).st_size == START + blocks * len(BLOCK)
    along.done()
    assert os.fstat(descriptor).st_size == START + blocks * len(BLOCK)
    assert os.pread(descriptor, 3 * PIECE, START) == BLOCK * blocks
    assert used(descriptor) <= START + blocks * len(BLOCK) + 64 * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can hold space without changing a file's size")
def test_space_is_held_while_a_large_file_grows(descriptor: int) -> None:
    along = Ahead(descriptor, START)
    grow(descriptor, along, PIECE // len(BLOCK))
    assert used(descriptor) <= START + PIECE + 64 * 1024
    grow(descriptor, along, 1)
    assert used(descriptor) >= PIECE + SPACE
    along.done()
    assert used(descriptor) <= START + PIECE + len(BLOCK) + 64 * 1024


def test_a_full_disk_is_told_before_it_is_written_to(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: int) -> int:
        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(ahead, "_fallocate", refuse)
    along = Ahead(descriptor, START)
    with pytest.raises(OSError, match="No space left"):
        grow(descriptor, along, 2 * PIECE // len(BLOCK))
    assert os.fstat(descriptor).st_size == START + PIECE


def test_systems_without_these_calls_are_served_as_well(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_fallocate", "_sync_file_range"):
        monkeypatch.setattr(ahead, name, ahead._from_libc("no_such_function"))
    along = Ahead(descriptor, START)
    grow(descriptor, along, 2 * PIECE // len(BLOCK))
    along.done()
    assert os.pread(descriptor, 3 * PIECE, START) == BLOCK * (2 * PIECE // len(BLOCK))
