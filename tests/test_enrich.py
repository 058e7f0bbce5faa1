"""Poster and storyboard of real recordings: made after ready, made again, removed with the recording."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from django.utils import timezone

from recordings import enrich, jobs, reconcile, retention, tasks
from recordings.audit import Actor
from recordings.media import pictures, storyboard
from recordings.models import Job, JobKind, Picture, PictureKind, Recording, Status, User
from recordings.querysets import MAX_ATTEMPTS
from recordings.storage import RecordingStore, StorageUnavailable, current_store, store_for
from tests.making import let_leases_end, playable_of, ready, stored
from tests.webm_samples import HEIGHT, WIDTH, looped, samples

pytestmark = pytest.mark.django_db


def make(recording: Recording) -> dict[str, Picture]:
    jobs.run_due(tasks.HANDLERS)
    return {picture.kind: picture for picture in recording.pictures.all()}


def image_of(picture: Picture) -> PIL.Image.Image:
    with store_for(picture.storage_backend).open_range(picture.storage_key, 0, picture.size) as reader:
        data = b"".join(reader)
    assert len(data) == picture.size
    return PIL.Image.open(io.BytesIO(data))


@pytest.mark.parametrize("name", ["vp8", "vp9", "av1", "vp9_opus", "alpha", "paused", "busy"])
def test_pictures_of_what_chromium_records(alice: User, name: str) -> None:
    recording = ready(alice, samples()[name].read_bytes())
    assert recording.status == Status.READY
    made = make(recording)
    poster, sheet = made[PictureKind.POSTER], made[PictureKind.STORYBOARD]
    assert image_of(poster).size == (640, 360)
    assert (poster.tiles, poster.columns) == (1, 1)
    assert image_of(sheet).size == (sheet.columns * sheet.tile_width, sheet.tile_height)
    assert (sheet.tile_width, sheet.tile_height) == (160, 160 * HEIGHT // WIDTH)
    assert not Job.objects.exists()


def test_a_poster_shows_the_recording(alice: User) -> None:
    """The canvas has one bright colour, and a number on it."""
    image = image_of(make(ready(alice, samples()["vp8"].read_bytes()))[PictureKind.POSTER])
    colours = image.convert("P", palette=PIL.Image.Palette.ADAPTIVE, colors=8).getcolors()
    assert colours is not None
    assert max(count for count, _ in colours) > image.width * image.height / 3
    _, high = image.convert("L").getextrema()
    assert isinstance(high, int)
    assert high > 240


@pytest.fixture
def long(alice: User, tmp_path: Path) -> Recording:
    """Three minutes, with a key picture every second."""
    looped(samples()["vp8"], tmp_path / "long.webm", seconds=180)
    return ready(alice, (tmp_path / "long.webm").read_bytes())


def test_a_storyboard_has_a_tile_for_every_five_seconds(long: Recording) -> None:
    sheet = make(long)[PictureKind.STORYBOARD]
    assert long.duration_ms is not None
    assert (sheet.tiles, sheet.columns) == (long.duration_ms // 5000, 10)
    image = image_of(sheet)
    assert image.size == (10 * sheet.tile_width, -(-sheet.tiles // 10) * sheet.tile_height)
    hues = [image.getpixel((i % 10 * 160 + 5, i // 10 * 90 + 5)) for i in range(sheet.tiles)]
    assert len(set(hues)) > 3


def test_a_player_is_told_which_tile_shows_which_moment(long: Recording) -> None:
    sheet = make(long)[PictureKind.STORYBOARD]
    text = enrich.storyboard_track(long, address="/recordings/x/storyboard.jpg")
    assert text is not None
    lines = text.split("\n\n")
    assert lines[0] == "WEBVTT"
    cue = re.compile(r"(\S+) --> (\S+)\n/recordings/x/storyboard.jpg#xywh=(\d+),(\d+),160,90\n?")
    cues = [cue.fullmatch(block) for block in lines[1:]]
    assert len(cues) == sheet.tiles > 30
    found = [match.groups() for match in cues if match]
    assert len(found) == sheet.tiles
    assert found[0] == ("00:00:00.000", found[1][0], "0", "0")
    assert [start for start, *_ in found[1:]] == [end for _, end, *_ in found[:-1]]
    assert found[11][2:] == ("160", "90")
    assert found[-1][1] == storyboard.timestamp(long.duration_ms or 0)


def test_no_storyboard_no_track(alice: User) -> None:
    assert enrich.storyboard_track(ready(alice, samples()["vp8"].read_bytes()), address="x") is None


def test_sound_alone_has_no_pictures_and_that_is_no_fault(alice: User) -> None:
    assert make(ready(alice, samples()["audio"].read_bytes())) == {}
    assert not Job.objects.exists()


def test_a_failure_is_tried_five_times_then_left_and_the_recording_plays(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise enrich.NoPictures("The decoder ended with -11.")

    monkeypatch.setattr(enrich, "_decode", fail)
    recording = ready(alice, samples()["vp8"].read_bytes())
    tried = 0
    for _ in range(8):
        let_leases_end()
        tried += jobs.run_due(tasks.HANDLERS)
    assert tried == MAX_ATTEMPTS == 5
    job = Job.objects.get()
    assert (job.kind, job.error) == (JobKind.PICTURES, "The decoder ended with -11.")
    recording.refresh_from_db()
    assert (recording.status, recording.error, recording.incomplete) == (Status.READY, "", False)
    assert playable_of(recording)


def test_an_admin_has_them_made_again_after_all_attempts(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    Job.objects.update(attempts=MAX_ATTEMPTS)
    assert make(recording) == {}
    enrich.order(recording)
    assert len(make(recording)) == 2


def test_another_run_replaces_them(alice: User, store: RecordingStore) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    first = {kind: picture.storage_key for kind, picture in make(recording).items()}
    assert sorted([*first.values(), recording.storage_key]) == stored()
    enrich.order(recording)
    second = {kind: picture.storage_key for kind, picture in make(recording).items()}
    assert set(first.values()).isdisjoint(second.values())
    assert sorted([*second.values(), recording.storage_key]) == stored()
    assert {picture.storage_backend for picture in Picture.objects.all()} == {store.name}


def test_pictures_of_a_part_that_was_replaced_meanwhile_are_made_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    decode = enrich._decode

    def meanwhile(*args: Any) -> bytes:
        monkeypatch.setattr(enrich, "_decode", decode)
        made = decode(*args)
        other = ready(alice, samples()["vp9"].read_bytes())
        Job.objects.filter(recording=other).delete()
        Recording.objects.filter(pk=recording.pk).update(storage_key=other.storage_key)
        return made

    monkeypatch.setattr(enrich, "_decode", meanwhile)
    make(recording)
    assert Job.objects.filter(recording=recording, kind=JobKind.PICTURES, attempts=0).exists()


def test_a_store_that_is_away_is_waited_for(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    store = current_store()

    def away(*_: object, **__: object) -> None:
        raise StorageUnavailable("The object store does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "put", away)
        for _ in range(8):
            let_leases_end()
            assert make(recording) == {}
    assert Job.objects.get().attempts == 0
    let_leases_end()
    assert len(make(recording)) == 2


def test_pictures_go_with_their_recording(alice: User) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    make(recording)
    retention.delete(recording, Actor(alice))
    Recording.objects.update(purge_after=timezone.now())
    assert retention.purge(timezone.now()).gone == 1
    assert stored() == []
    assert not Picture.objects.exists()


def test_nobody_takes_pictures_for_orphans(alice: User) -> None:
    make(ready(alice, samples()["vp8"].read_bytes()))
    later = timezone.now() + timedelta(days=3)
    assert reconcile.compare(current_store().name, later).orphans == []
    Picture.objects.filter(kind=PictureKind.POSTER).delete()
    assert len(reconcile.compare(current_store().name, later).orphans) == 1


def header(**facts: int) -> bytes:
    told = {"columns": 1, "tiles": 1, "width": 4, "height": 4, "length": 3, **facts}
    return pictures.HEADER.pack(*told.values())


def lies() -> Iterator[bytes]:
    yield b""
    yield b"a word of warning"
    yield header() + b"\xff\xd8\xff"
    yield (header() + b"\xff\xd8\xff") * 3
    yield header(length=2**32 - 1) + b"\xff\xd8\xff"
    yield (header(width=100_000) + b"\xff\xd8\xff") * 2
    yield (header(tiles=101, columns=10) + b"\xff\xd8\xff") * 2
    yield (header(columns=0) + b"\xff\xd8\xff") * 2
    yield (header() + b"<sv") * 2


@pytest.mark.parametrize("output", list(lies()))
def test_what_a_decoder_says_is_not_believed(alice: User, monkeypatch: pytest.MonkeyPatch, output: bytes) -> None:
    recording = ready(alice, samples()["vp8"].read_bytes())
    monkeypatch.setattr(enrich, "_decode", lambda *_: output)
    assert make(recording) == {}
    assert Job.objects.get().attempts == 1
