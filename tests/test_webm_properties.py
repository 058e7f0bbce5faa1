"""What holds for every recording, wherever it is cut, however it is spoilt, whenever the machine dies."""

import contextlib
import functools
import os
from pathlib import Path
from random import Random
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.media import webm
from recordings.media.edit import Edit, Original, apply, plan_edit, restore
from recordings.media.errors import WebmError
from tests import webm_builder as build
from tests.webm_mutations import mutated
from tests.webm_samples import live_cluster, live_clusters, samples

ROOM = 4096
# The last frame is taken to last as long as the one before, at most a second, which may be too long.
LAST_FRAME_MS = 1000
NAMES = ["vp8", "vp9_opus", "av1_opus", "alpha", "audio"]
few = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # `make fuzz` is for finding; the suite must not depend on luck
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
names = st.sampled_from(NAMES)


@functools.cache
def short(name: str) -> bytes:
    """The first seconds of a sample, so that cuts come often to every kind of place."""
    head, clusters = live_clusters(samples()[name].read_bytes())
    return head + b"".join(live_cluster(*cluster) for cluster in clusters[:3])


def scan(data: bytes, path: Path) -> webm.Scan:
    path.write_bytes(bytes(ROOM) + data)
    with path.open("rb") as file:
        return webm.scan(file, start=ROOM)


def plan(path: Path) -> Edit | None:
    with path.open("rb") as file:
        return plan_edit(file, webm.scan(file, start=ROOM))


def carry_out(path: Path, edit: Edit) -> None:
    with path.open("r+b") as file:
        apply(file, edit)


def put_back(path: Path, edit: Edit) -> None:
    with path.open("r+b") as file:
        restore(file, start=ROOM, original_head=edit.original_head, cut=edit.cut, tail_saved=edit.tail_saved)


def check_round_trip(data: bytes, path: Path) -> None:
    """Plan, apply, read the original out of it, restore."""
    edit = plan(path)
    if edit is None:
        return
    assert len(edit.head) == edit.body_start
    carry_out(path, edit)
    stored = path.read_bytes()
    original = Original(len(stored), edit.original_head, edit.body_start, edit.cut, edit.tail_saved)
    pieces = [
        piece if isinstance(piece, bytes) else stored[piece.start : piece.stop] for piece in original.pieces()
    ]
    assert b"".join(pieces) == data
    put_back(path, edit)
    assert path.read_bytes()[ROOM:] == data


@few
@given(name=names, draw=st.data())
def test_any_cut_is_taken_or_refused_and_undone(name: str, draw: st.DataObject, tmp_path: Path) -> None:
    whole = short(name)
    data = whole[: draw.draw(st.integers(0, len(whole)))]
    path = tmp_path / "cut"
    try:
        found = scan(data, path)
    except WebmError:
        return
    assert found.end - found.cut == 0 or found.truncated
    assert found.duration_ms <= scan(whole, tmp_path / "whole").duration_ms + LAST_FRAME_MS
    check_round_trip(data, path)


@few
@given(name=names, draw=st.data())
def test_more_of_a_recording_is_not_shorter(name: str, draw: st.DataObject, tmp_path: Path) -> None:
    whole = short(name)
    head = len(live_clusters(whole)[0])
    less = draw.draw(st.integers(head + 5000, len(whole)))
    more = draw.draw(st.integers(less, len(whole)))
    shorter, longer = scan(whole[:less], tmp_path / "less"), scan(whole[:more], tmp_path / "more")
    assert shorter.duration_ms <= longer.duration_ms + LAST_FRAME_MS
    assert shorter.cut <= longer.cut
    if shorter.cue_track == longer.cue_track:  # sound is indexed only until a picture comes
        assert len(shorter.keyframes) <= len(longer.keyframes)


def test_every_cut_near_a_seam(tmp_path: Path) -> None:
    """All cuts of the head and the first frames, byte by byte."""
    whole = short("vp9_opus")
    head = len(live_clusters(whole)[0])
    taken = 0
    for length in range(head + 40):
        path = tmp_path / "cut"
        try:
            scan(whole[:length], path)
        except WebmError:
            continue
        taken += 1
        check_round_trip(whole[:length], path)
    assert taken == 0
    following = [length for length in range(head + 1500, head + 3000) if scan(whole[:length], tmp_path / "cut")]
    assert len(following) == 1500


@few
@given(seed=st.integers(0, 2**32))
def test_spoilt_recordings_raise_only_webm_errors(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    data = mutated(random, short(random.choice(NAMES)))
    path = tmp_path / "spoilt"
    try:
        scan(data, path)
    except WebmError:
        return
    check_round_trip(data, path)


class Crash(BaseException):
    """The machine dies."""


class DyingDisk:
    """Takes so many bytes of writes and truncations (of one byte each), then dies; a write may be half done."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._write, self._truncate = os.pwrite, os.ftruncate

    def pwrite(self, fd: int, data: bytes, at: int) -> int:
        self._write(fd, data[: self._left], at)
        self._spend(len(data))
        return len(data)

    def ftruncate(self, fd: int, length: int) -> None:
        self._spend(1)
        self._truncate(fd, length)

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise Crash


@few
@given(name=names, tail=st.sampled_from([0, 3, 9, 10, 11, 500]), draw=st.data())
def test_crash_while_editing(name: str, tail: int, draw: st.DataObject, tmp_path: Path) -> None:
    data = short(name) + bytes(tail)
    path = build.staged(tmp_path, data)
    edit = plan(path)
    assert edit is not None
    left = draw.draw(st.integers(0, len(edit.head) + 10))
    disk = DyingDisk(left)
    dying = mock.patch.multiple(os, pwrite=disk.pwrite, ftruncate=disk.ftruncate)
    with dying, contextlib.suppress(Crash):
        carry_out(path, edit)
    if draw.draw(st.booleans()):
        put_back(path, edit)
        assert path.read_bytes()[ROOM:] == data
        assert plan(path) == edit
    carry_out(path, edit)
    after_crash = path.read_bytes()
    put_back(path, edit)
    carry_out(path, edit)
    assert path.read_bytes() == after_crash
    check_undisturbed(data, edit, after_crash)


def check_undisturbed(data: bytes, edit: Edit, stored: bytes) -> None:
    body = slice(edit.body_start, edit.cut)
    assert stored[body] == (bytes(ROOM) + data)[body]
    assert stored[: edit.body_start] == edit.head


@few
@given(name=names, seed=st.integers(0, 2**32))
def test_restore_mends_whatever_a_power_cut_left(name: str, seed: int, tmp_path: Path) -> None:
    """Pages reach the disk in any order: all that the edit touches may be anything."""
    data = short(name) + bytes(700)
    path = build.staged(tmp_path, data)
    edit = plan(path)
    assert edit is not None
    random, spoilt = Random(seed), bytearray(path.read_bytes())
    spoilt[: edit.body_start] = random.randbytes(edit.body_start)
    spoilt[edit.cut : edit.cut + len(edit.tail_saved)] = random.randbytes(len(edit.tail_saved))
    path.write_bytes(spoilt)
    put_back(path, edit)
    assert path.read_bytes()[ROOM:] == data


@few
@given(name=names, room=st.integers(200, 3000))
def test_head_fills_any_room_exactly(name: str, room: int, tmp_path: Path) -> None:
    path = tmp_path / "roomy"
    path.write_bytes(bytes(room) + short(name))
    with path.open("r+b") as file:
        found = webm.scan(file, start=room)
        edit = plan_edit(file, found)
        assert edit is not None
        assert len(edit.head) == found.body_start
        apply(file, edit)
        again = webm.scan(file)
    assert (again.duration_ms, again.seekable, again.cut) == (found.duration_ms, True, found.cut)


def test_head_fits_from_the_first_room_that_holds_a_cue(tmp_path: Path) -> None:
    """Over all rooms in a row each rest of padding occurs, that of one byte too."""
    fits = []
    path = tmp_path / "roomy"
    for room in range(300):
        path.write_bytes(bytes(room) + short("vp9_opus"))
        with path.open("rb") as file:
            found = webm.scan(file, start=room)
            try:
                edit = plan_edit(file, found)
            except ValueError:
                continue
        fits.append(room)
        assert edit is not None
        assert len(edit.head) == found.body_start
    assert 50 < fits[0] < 200
    assert fits == list(range(fits[0], 300))
