"""Moving what is stored from one store to the other: whole, verified, and going on after any interruption."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from recordings import moving, segments
from recordings.ingest import staging
from recordings.media.asciicast import Header
from recordings.media.terminal.made import SegmentMade
from recordings.models import Picture, PictureKind, Recording, User
from recordings.storage import RecordingStore, StorageUnavailable, new_key, store_for
from tests.making import original_of, playable_of, ready, webm
from tests.services import S3Server
from tests.stores import listed
from tests.tus_client import recording as small

# Both stores are here in either profile.
pytestmark = pytest.mark.only("single")

JPEG = b"\xff\xd8\xff" + bytes(500)


@pytest.fixture(params=["local to s3", "s3 to local"])
def stores(
    request: pytest.FixtureRequest, settings: Settings, local_settings: Path, s3_settings: S3Server
) -> tuple[str, str]:
    """The store that recordings are in, which a test begins with, and the other one."""
    source, _, target = request.param.partition(" to ")
    settings.SORTIE_RECORDING_STORAGE_BACKEND = source
    return source, target


def picture_of(recording: Recording, tmp_path: Path) -> Picture:
    key = new_key(recording.pk, "jpg")
    (tmp_path / "poster.jpg").write_bytes(JPEG)
    store_for(recording.storage_backend).put(key, tmp_path / "poster.jpg", content_type="image/jpeg")
    return Picture.objects.create(
        recording=recording,
        kind=PictureKind.POSTER,
        storage_backend=recording.storage_backend,
        storage_key=key,
        size=len(JPEG),
        tiles=1,
        columns=1,
        tile_width=8,
        tile_height=8,
    )


def keys(store: str) -> list[str]:
    return listed(store_for(store))


def move(source: str, target: str, *options: str) -> str:
    said = StringIO()
    call_command("move_recordings", "--from", source, "--to", target, *options, stdout=said, stderr=said)
    return said.getvalue()


def test_everything_goes_over_and_is_what_it_was(
    alice: User, stores: tuple[str, str], settings: Settings, tmp_path: Path
) -> None:
    source, target = stores
    before = ready(alice)
    picture = picture_of(before, tmp_path)
    segments.keep(before, BytesIO(b"onetwo"), [SegmentMade(0, 0, 3), SegmentMade(9, 3, 3)], Header(2, 80, 24))
    played = playable_of(before)
    settings.SORTIE_RECORDING_STORAGE_BACKEND = target
    assert "3 objects would be moved" in move(source, target, "--dry-run")
    assert keys(target) == []

    assert move(source, target).startswith("3 objects moved, 0.")
    after = Recording.objects.get()
    assert (after.storage_backend, after.sha256) == (target, before.sha256)
    assert playable_of(after) == played
    assert original_of(after) == webm()
    picture.refresh_from_db()
    with store_for(target).open_range(picture.storage_key, 0, picture.size) as reader:
        assert b"".join(reader) == JPEG
    assert keys(source) == []
    assert segments.has(after)
    assert keys(target) == sorted([after.storage_key, picture.storage_key, after.segments.storage_key])
    assert move(source, target) == "0 objects moved, 0.0 MB\n"


def test_old_objects_may_be_kept(alice: User, stores: tuple[str, str]) -> None:
    source, target = stores
    old = ready(alice).storage_key
    move(source, target, "--keep")
    assert keys(source) == [old]
    assert keys(target) == [Recording.objects.get().storage_key]


def test_what_is_deleted_can_still_be_restored(alice: User, stores: tuple[str, str]) -> None:
    source, target = stores
    Recording.objects.filter(pk=ready(alice).pk).update(deleted_at="2026-01-01T00:00:00Z")
    move(source, target)
    assert Recording.objects.get().storage_backend == target
    assert keys(source) == []


class Interrupted(Exception):
    pass


def fail(*args: Any, **kwargs: Any) -> Any:
    raise Interrupted


@pytest.mark.parametrize("step", ["put", "switch", "remove"])
def test_wherever_it_is_interrupted_it_goes_on(
    alice: User, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    source, target = stores
    for number in range(3):
        ready(alice, small(seed=number))
    done = [next(moving.move(source, target))]
    assert [item.problem for item in done] == [""]
    with monkeypatch.context() as patched:
        match step:
            case "put":
                patched.setattr(type(store_for(target)), "put", fail)
            case "switch":
                patched.setattr(moving, "_digest", fail)
            case "remove":
                patched.setattr(moving, "_remove", fail)
        with pytest.raises(Interrupted):
            list(moving.move(source, target))
    for recording in Recording.objects.all():
        assert len(playable_of_any(recording)) == recording.stored_size, "it can be played at every moment"
    move(source, target)
    assert moving.pending(source) == 0
    for recording in Recording.objects.all():
        assert recording.storage_backend == target
        assert playable_of_any(recording)
    named = set(Recording.objects.values_list("storage_key", flat=True))
    left = {"put": (0, 0), "switch": (0, 1), "remove": (1, 0)}[step]
    assert (len(keys(source)), len(set(keys(target)) - named)) == left, "which reconcile_storage would find"


def playable_of_any(recording: Recording) -> bytes:
    with store_for(recording.storage_backend).open_range(
        recording.storage_key, 0, recording.stored_size or 0
    ) as reader:
        return b"".join(reader)


def test_a_damaged_copy_takes_no_place(
    alice: User, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    before = ready(alice)
    monkeypatch.setattr(moving, "_digest", lambda *args: "0" * 64)
    with pytest.raises(CommandError, match="1 objects could not be moved"):
        move(source, target)
    after = Recording.objects.get()
    assert (after.storage_backend, after.storage_key) == (source, before.storage_key)
    assert keys(target) == []


def test_what_is_missing_is_named_and_the_rest_is_moved(
    alice: User, stores: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = stores
    lost, shorter, sound = (ready(alice, small(seed=number)) for number in range(3))
    store_for(source).delete([lost.storage_key])
    Recording.objects.filter(pk=shorter.pk).update(stored_size=(shorter.stored_size or 0) + 1)
    stayed = [item for item in moving.move(source, target) if item.problem]
    assert {item.recording_id for item in stayed} == {lost.pk, shorter.pk}
    assert "does not have the" in next(item.problem for item in stayed if item.recording_id == shorter.pk)
    sound.refresh_from_db()
    assert sound.storage_backend == target


def test_one_that_is_replaced_meanwhile_is_left_alone(
    alice: User, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = stores
    before = ready(alice)
    newer = new_key(before.pk, "webm")
    digest = moving._digest

    def replaced_now(store: RecordingStore, key: str, size: int) -> str:
        Recording.objects.update(storage_key=newer)
        return digest(store, key, size)

    monkeypatch.setattr(moving, "_digest", replaced_now)
    [item] = moving.move(source, target)
    assert item.problem
    assert Recording.objects.get().storage_key == newer
    assert keys(target) == []
    assert keys(source) == [before.storage_key]


@pytest.mark.parametrize("fault", [StorageUnavailable("The store is away."), staging.DiskFull()])
def test_what_cannot_go_on_says_so(
    alice: User, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise fault

    ready(alice)
    monkeypatch.setattr(moving, "_copy", away)
    with pytest.raises(CommandError, match=r"0 objects moved.*Run it again to go on\."):
        move(*stores)


def test_the_same_store_is_no_move() -> None:
    with pytest.raises(CommandError, match="the same store"):
        move("s3", "s3")


def test_more_than_a_batch(alice: User, stores: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BATCH", 2)
    for number in range(5):
        ready(alice, small(seed=number))
    assert len(list(moving.move(*stores))) == 5
    assert moving.pending(stores[0]) == 0
