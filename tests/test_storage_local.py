"""What only the local directory can get wrong: links, modes, full disks, copies that are cut off."""

import os
import secrets
import signal
import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from recordings import storage
from recordings.storage import (
    AlreadyStored,
    DeletionIncomplete,
    ObjectDamaged,
    ObjectMissing,
    StorageUnavailable,
    new_key,
)
from recordings.storage.local import LocalStore
from tests.stores import MIB, SOON, WEBM, key, listed, put_elsewhere, staged, stored_bytes


@pytest.fixture
def local(local_settings: Path) -> LocalStore:
    made = storage.current_store()
    assert isinstance(made, LocalStore)
    return made


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the store's, so that files cannot be linked from it."""
    folder = Path("/dev/shm") / f"sortie-test-{secrets.token_hex(6)}"
    if not folder.parent.is_dir():
        pytest.skip("there is no /dev/shm, a second file system that anybody may write to")
    folder.mkdir()
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_files_are_private_and_linked_not_copied(tmp_path: Path) -> None:
    path, name = staged(tmp_path, b"recorded"), key()
    path.chmod(0o644)
    LocalStore(tmp_path / "made" / "when needed").put(name, path, content_type=WEBM)

    final = tmp_path / "made" / "when needed" / name
    assert final.stat().st_ino == path.stat().st_ino
    assert stat.S_IMODE(final.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (final.parent, final.parent.parent)} == {0o700}


def test_a_folder_that_went_away_is_not_an_empty_one(tmp_path: Path) -> None:
    store, name = LocalStore(tmp_path / "mounted"), key()
    assert store.check() == []
    assert listed(store) == []
    store.delete([name])
    (tmp_path / "mounted").rmdir()
    for use in (
        lambda: store.size(name),
        lambda: store.delete([name]),
        lambda: list(store.keys()),
        lambda: store.sweep(before=datetime.now(UTC)),
    ):
        with pytest.raises(StorageUnavailable, match="cannot be opened"):
            use()


@pytest.mark.parametrize("links", [True, False])
def test_from_another_disk(
    local: LocalStore, tmp_path: Path, other_disk: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """With and without hard links on the store's own file system (no such file system can be had everywhere)."""
    if not links:
        monkeypatch.setattr(os, "link", _no_links)
    data, name = secrets.token_bytes(3 * MIB), key()
    local.put(name, staged(other_disk, data), content_type=WEBM)
    local.put(name, staged(other_disk, data), content_type=WEBM)
    with pytest.raises(AlreadyStored):
        local.put(name, staged(other_disk, data[::-1]), content_type=WEBM)

    assert stored_bytes(local, name) == data
    assert stat.S_IMODE((tmp_path / "stored" / name).stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "stored").glob("*/*")] == [name.partition("/")[2]]


def _no_links(*_: Any, **__: Any) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_links_in_the_store_are_not_followed(local: LocalStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    name = key()
    folder, _, file = name.partition("/")
    (secret / file).write_bytes(b"secret")
    root = tmp_path / "stored"
    (root / folder).symlink_to(secret)

    with pytest.raises(ObjectDamaged):
        local.size(name)
    with pytest.raises(StorageUnavailable):
        local.put(name, staged(tmp_path, b"x"), content_type=WEBM)
    with pytest.raises(DeletionIncomplete):
        local.delete([name])
    assert listed(local) == []
    assert (secret / file).read_bytes() == b"secret"

    (root / folder).unlink()
    (root / folder).mkdir()
    (root / name).symlink_to(secret / file)
    with pytest.raises(ObjectDamaged):
        local.open_range(name, 0, 1)
    assert listed(local) == []
    local.delete([name])
    assert (secret / file).read_bytes() == b"secret"
    assert not (root / folder).exists()


def test_a_pipe_in_the_place_of_a_file_does_not_hang(local: LocalStore, tmp_path: Path) -> None:
    name = key()
    (tmp_path / "stored" / name).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / "stored" / name)
    with pytest.raises(ObjectDamaged):
        local.open_range(name, 0, 1)


def test_folders_go_with_their_last_file(local: LocalStore, tmp_path: Path) -> None:
    recording = uuid.uuid4()
    first, second = new_key(recording, "webm"), new_key(recording, "jpg")
    for name in (first, second):
        local.put(name, staged(tmp_path, b"x"), content_type=WEBM)
    local.delete([first])
    assert (tmp_path / "stored" / str(recording)).is_dir()
    local.delete([second])
    assert list((tmp_path / "stored").iterdir()) == []


def test_foreign_files_are_neither_listed_nor_swept(local: LocalStore, tmp_path: Path) -> None:
    root = tmp_path / "stored"
    (root / "lost+found").mkdir(parents=True)
    (root / "README").write_text("not ours")
    (root / "lost+found" / ".x.part").write_text("not ours")
    name = key()
    local.put(name, staged(tmp_path, b"x"), content_type=WEBM)
    assert listed(local) == [name]
    assert local.sweep(before=datetime.now(UTC) + SOON) == 0
    assert (root / "lost+found" / ".x.part").exists()


def test_one_that_cannot_be_deleted_does_not_keep_the_others(local: LocalStore, tmp_path: Path) -> None:
    names = [key() for _ in range(3)]
    for name in names:
        local.put(name, staged(tmp_path, b"x"), content_type=WEBM)
    stuck = tmp_path / "stored" / names[1]
    stuck.unlink()
    stuck.mkdir()  # what cannot be unlinked, whoever asks
    with pytest.raises(DeletionIncomplete) as caught:
        local.delete(names)
    assert list(caught.value.remaining) == [names[1]]
    assert listed(local) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_used(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalStore(tmp_path / place)
    [problem] = store.check()
    assert str(tmp_path / place) in problem
    assert "SORTIE_RECORDING_STORAGE_PATH" in problem
    path = staged(tmp_path, b"x")
    for use in (
        lambda: store.put(key(), path, content_type=WEBM),
        lambda: store.size(key()),
        lambda: store.delete([key()]),
        lambda: list(store.keys()),
    ):
        with pytest.raises(StorageUnavailable):
            use()


def test_local_has_no_addresses(local: LocalStore) -> None:
    assert local.signed_url(key(), expires=SOON, content_type=WEBM, disposition="inline") is None


def test_killed_while_it_copies(local: LocalStore, tmp_path: Path, other_disk: Path) -> None:
    name, path, root = key(), other_disk / "staged", tmp_path / "stored"
    path.touch()
    os.truncate(path, 4096 * MIB)
    process = put_elsewhere("local", str(root), name, path)
    while not list(root.glob("*/.*.part")):
        assert process.poll() is None, process.stderr and process.stderr.read()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    assert [p.name[-5:] for p in root.glob("*/.*")] == [".part"]
    assert listed(local) == []
    with pytest.raises(ObjectMissing):
        local.size(name)

    os.truncate(path, 5)
    local.put(name, path, content_type=WEBM)
    assert local.sweep(before=datetime.now(UTC) - SOON) == 0
    assert local.sweep(before=datetime.now(UTC) + SOON) == 1
    assert [str(p.relative_to(root)) for p in root.glob("*/*")] == [name]


def test_the_disk_fills_while_it_copies(local: LocalStore, tmp_path: Path, other_disk: Path) -> None:
    """A limit on the size of files stands for the full disk: the same call fails in the same way."""
    name, path = key(), other_disk / "staged"
    path.write_bytes(bytes(3 * MIB))
    process = put_elsewhere("local", str(tmp_path / "stored"), name, path, limit=2 * MIB)
    _, errors = process.communicate()

    assert process.returncode == 1
    assert b"StorageUnavailable: Cannot store a recording in" in errors
    assert list((tmp_path / "stored").glob("*/*")) == []
    local.put(name, path, content_type=WEBM)
    assert local.size(name) == 3 * MIB
