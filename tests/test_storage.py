"""What a store of recordings does, whichever it is: one behaviour for the local directory and for S3."""

import os
import secrets
import tracemalloc
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from recordings import storage
from recordings.storage import AlreadyStored, ObjectDamaged, ObjectMissing, RecordingStore, new_key
from tests.services import S3Server
from tests.stores import MIB, PART, SOON, WEBM, key, listed, put_wins, staged, stored_bytes

SIZES = [1, 4096, 300_001, PART, 2 * PART + 12_345]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_comes_back(store: RecordingStore, tmp_path: Path, size: int) -> None:
    data = secrets.token_bytes(size)
    path, name = staged(tmp_path, data), key()
    before = datetime.now(UTC) - timedelta(seconds=2)
    os.utime(path, (1_000_000_000, 1_000_000_000))

    store.put(name, path, content_type=WEBM)
    path.unlink()

    assert store.size(name) == size
    assert stored_bytes(store, name) == data
    [found] = store.keys()
    assert (found.key, found.size) == (name, size)
    assert before < found.modified < datetime.now(UTC) + timedelta(seconds=2)


@pytest.mark.parametrize(("start", "length"), [(0, 1), (0, 1000), (999, 1), (1, 998), (500, 0), (0, 0), (1000, 0)])
def test_a_range_is_exactly_that(store: RecordingStore, tmp_path: Path, start: int, length: int) -> None:
    data, name = secrets.token_bytes(1000), key()
    store.put(name, staged(tmp_path, data), content_type=WEBM)

    with store.open_range(name, start, length) as reader:
        assert reader.read(length + 10) == data[start : start + length]
        assert reader.read() == b""


@pytest.mark.parametrize(("start", "length"), [(0, 1001), (999, 2), (1000, 1), (5000, 10)])
def test_a_range_beyond_the_end_is_damage(store: RecordingStore, tmp_path: Path, start: int, length: int) -> None:
    name = key()
    store.put(name, staged(tmp_path, bytes(1000)), content_type=WEBM)
    with pytest.raises(ObjectDamaged):
        store.open_range(name, start, length)


def test_nothing_under_a_key(store: RecordingStore, tmp_path: Path) -> None:
    other = key()
    store.put(other, staged(tmp_path, b"x"), content_type=WEBM)
    missing = [key(), f"{other.partition('/')[0]}/0123456789abcdef.webm"]
    for name in missing:
        with pytest.raises(ObjectMissing):
            store.size(name)
        for length in (1, 0):
            with pytest.raises(ObjectMissing):
                store.open_range(name, 0, length)
    store.delete(missing)
    assert listed(store) == [other]


def test_putting_again_is_well_and_other_bytes_are_refused(store: RecordingStore, tmp_path: Path) -> None:
    data, name = secrets.token_bytes(PART + 5), key()
    path = staged(tmp_path, data)
    store.put(name, path, content_type=WEBM)
    store.put(name, path, content_type=WEBM)
    store.put(name, staged(tmp_path, data), content_type=WEBM)

    for other in (data[:-1] + bytes([data[-1] ^ 1]), data[:-1], b"", data + b"x"):
        with pytest.raises(AlreadyStored):
            store.put(name, staged(tmp_path, other), content_type=WEBM)
    assert stored_bytes(store, name) == data


def test_of_many_writers_of_one_key_one_wins(store: RecordingStore, tmp_path: Path) -> None:
    name, size = key(), 50_000
    files = [staged(tmp_path, bytes([number]) * size) for number in range(4)]
    with ThreadPoolExecutor(len(files)) as pool:
        won = list(pool.map(lambda path: put_wins(store, name, path), files))
    assert won.count(True) == 1
    assert stored_bytes(store, name) == bytes([won.index(True)]) * size


def test_deleted_is_gone_and_nothing_else_is(store: RecordingStore, tmp_path: Path) -> None:
    recording, other = uuid.uuid4(), uuid.uuid4()
    doomed = [new_key(recording, "webm"), new_key(recording, "jpg"), new_key(other, "cast.gz")]
    kept = new_key(other, "webm")
    for name in [*doomed, kept]:
        store.put(name, staged(tmp_path, name.encode()), content_type=WEBM)

    store.delete(doomed)
    store.delete([*doomed, key()])
    store.delete([])

    assert listed(store) == [kept]
    assert stored_bytes(store, kept) == kept.encode()


def test_put_and_delete_of_neighbours_do_not_disturb_each_other(store: RecordingStore, tmp_path: Path) -> None:
    recording = uuid.uuid4()
    path = staged(tmp_path, b"same bytes")

    def live(_: int) -> None:
        name = new_key(recording, "webm")
        store.put(name, path, content_type=WEBM)
        store.delete([name])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(80)))
    assert listed(store) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../../etc/passwd",
        "/etc/passwd",
        f"{uuid.UUID(int=1)}/../x.webm",
        f"{uuid.UUID(int=1)}/0123456789abcdef.webm/..",
        f"{uuid.UUID(int=1)}/0123456789abcdef.webm\n",
        f"{uuid.UUID(int=1)}/0123456789abcdef.we\0bm",
        f"{uuid.UUID(int=1)}/0123456789abcdef.",
        f"{uuid.UUID(int=1)}/0123456789abcdef.a.b.c",
        f"{uuid.UUID(int=1)}/.0123456789abcdef.webm",
        f"./{uuid.UUID(int=1)}/0123456789abcdef.webm",
        f"{uuid.UUID(int=1)}\\0123456789abcdef.webm",
        f"{uuid.UUID(int=1)}/\u0660123456789abcdef.webm",
        "x" * 5000,
    ],
)
def test_what_new_key_cannot_make_is_no_key(store: RecordingStore, tmp_path: Path, name: str) -> None:
    path = staged(tmp_path, b"x")
    for use in (
        lambda: store.put(name, path, content_type=WEBM),
        lambda: store.size(name),
        lambda: store.open_range(name, 0, 1),
        lambda: store.delete([name]),
    ):
        with pytest.raises(ValueError, match="is not a storage key"):
            use()
    assert listed(store) == []


def test_new_key_takes_no_part_of_a_path() -> None:
    with pytest.raises(ValueError, match="is not a storage key"):
        new_key(uuid.uuid4(), "../webm")


def test_only_plain_files_are_put(store: RecordingStore, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(staged(tmp_path, b"secret"))
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="symbolic link"):
        store.put(key(), link, content_type=WEBM)
    with pytest.raises(ValueError, match="plain file"):
        store.put(key(), pipe, content_type=WEBM)
    with pytest.raises(FileNotFoundError):
        store.put(key(), tmp_path / "none", content_type=WEBM)
    assert listed(store) == []


def test_memory_does_not_grow_with_the_recording(store: RecordingStore, tmp_path: Path) -> None:
    size, name = 96 * MIB, key()
    path = staged(tmp_path, b"")
    os.truncate(path, size)
    store.put(key(), staged(tmp_path, b"warm"), content_type=WEBM)

    tracemalloc.start()
    try:
        store.put(name, path, content_type=WEBM)
        with store.open_range(name, 1, size - 1) as reader:
            assert sum(len(block) for block in reader) == size - 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


def test_a_healthy_store_has_no_problems(store: RecordingStore) -> None:
    assert store.check() == []
    assert listed(store) == []
    assert store.sweep(before=datetime.now(UTC) + SOON) == 0


def test_the_setting_chooses_the_store(settings: Settings, s3_settings: S3Server) -> None:
    for name in ("local", "s3"):
        settings.SORTIE_RECORDING_STORAGE_BACKEND = name
        assert storage.current_store().name == name
    with pytest.raises(ValueError, match="not a recording store"):
        storage.store_for("ftp")
