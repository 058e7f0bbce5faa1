"""Recordings as Chromium makes them: measured, made seekable in place, and given back bit for bit."""

import hashlib
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import av
import pytest

from recordings.media import webm
from recordings.media.edit import Edit, Original, apply, plan_edit, restore
from tests import webm_builder as build
from tests.webm_judges import ffprobe, first_time_after_seek, packets
from tests.webm_samples import HEIGHT, WIDTH, live_clusters, looped, samples

CODECS = {
    "vp8": ("VP8",),
    "vp9": ("VP9",),
    "av1": ("AV1",),
    "vp8_opus": ("VP8", "Opus"),
    "vp9_opus": ("VP9", "Opus"),
    "av1_opus": ("AV1", "Opus"),
    "alpha": ("VP8", "Opus"),
    "paused": ("VP9", "Opus"),
    "audio": ("Opus",),
    "busy": ("VP9", "Opus"),
}
every_sample = pytest.mark.parametrize("name", CODECS)


def scan_of(path: Path, start: int = 0) -> webm.Scan:
    with path.open("rb") as file:
        return webm.scan(file, start=start)


def at_least_apart(times: Iterable[float], gap: float) -> list[float]:
    kept: list[float] = []
    for time in times:
        if not kept or round(time - kept[-1], 3) >= gap:
            kept.append(time)
    return kept


def make_seekable(path: Path, *, room: int = 4096) -> Edit:
    """Edit the staged file; it needs it."""
    with path.open("r+b") as file:
        edit = plan_edit(file, webm.scan(file, start=room))
        assert edit is not None
        apply(file, edit)
    return edit


def original_of(path: Path, edit: Edit) -> bytes:
    """What was sent, from the edited file and what of the edit a database keeps."""
    stored = path.read_bytes()
    original = Original(len(stored), edit.original_head, edit.body_start, edit.cut, edit.tail_saved)
    pieces = [p if isinstance(p, bytes) else stored[p.start : p.stop] for p in original.pieces()]
    assert sum(map(len, pieces)) == original.size
    return b"".join(pieces)


@every_sample
def test_measures_what_a_demuxer_finds(name: str) -> None:
    path = samples()[name]
    scan, judged = scan_of(path), packets(path)
    assert scan.codecs == CODECS[name]
    assert (scan.width, scan.height) == ((0, 0) if name == "audio" else (WIDTH, HEIGHT))
    assert scan.duration_ms / 1000 == pytest.approx(judged.end, abs=0.002)
    assert not scan.truncated
    assert not scan.skipped
    assert not scan.seekable
    assert scan.cut == scan.end == path.stat().st_size
    assert scan.notes == ()
    if name != "audio":
        assert [time / 1000 for time in scan.keyframes.times] == at_least_apart(judged.keyframes, 0.5)


@every_sample
def test_seekable_recording_is_right_for_ffmpeg(name: str, tmp_path: Path) -> None:
    path = build.staged(tmp_path, samples()[name].read_bytes())
    before = packets(samples()[name])
    make_seekable(path)
    duration, complaints = ffprobe(path)
    assert complaints == ""
    assert duration == scan_of(samples()[name]).duration_ms / 1000
    after = packets(path)
    assert after.all == before.all
    target = 0.9 * duration
    landed = first_time_after_seek(path, target)
    cued = [time for time in at_least_apart(before.keyframes, 0.5) if time <= target]
    assert max(cued, default=target - 1.5) - 0.001 <= landed <= target


@every_sample
def test_original_comes_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    data = samples()[name].read_bytes()
    path = build.staged(tmp_path, data)
    edit = make_seekable(path)
    assert path.stat().st_size == 4096 + len(data)
    assert path.read_bytes()[edit.body_start :] == data[edit.body_start - 4096 :]
    assert hashlib.sha256(original_of(path, edit)).digest() == hashlib.sha256(data).digest()


def test_original_is_given_out_by_range(tmp_path: Path) -> None:
    data = samples()["vp8"].read_bytes()[:-5]
    path = build.staged(tmp_path, data)
    edit = make_seekable(path)
    stored = path.read_bytes()
    original = Original(len(stored), edit.original_head, edit.body_start, edit.cut, edit.tail_saved)
    assert original.size == len(data)
    seams = [0, 1, len(edit.original_head), edit.cut - edit.body_start + len(edit.original_head), len(data) - 1]
    for start in seams:
        for length in (0, 1, 9, 5000, len(data) * 2):
            parts = original.pieces(start, length)
            got = b"".join(part if isinstance(part, bytes) else stored[part.start : part.stop] for part in parts)
            assert got == data[start : start + length]


def test_object_stored_as_it_came_is_its_own_original() -> None:
    assert list(Original(100).pieces()) == [range(100)]
    assert list(Original(100).pieces(10, 20)) == [range(10, 30)]


@every_sample
def test_every_cue_leads_to_its_keyframe(name: str, tmp_path: Path) -> None:
    path = build.staged(tmp_path, samples()[name].read_bytes())
    make_seekable(path)
    stored, scan = path.read_bytes(), scan_of(path)
    assert scan.seekable
    assert len(scan.keyframes) >= 2
    for time, at, block in zip(scan.keyframes.times, scan.keyframes.clusters, scan.keyframes.blocks, strict=True):
        assert stored[at : at + 12] == bytes.fromhex("1f43b675") + build.UNKNOWN_SIZE
        (cluster_time, _), *_ = live_clusters(stored[at:])[1]
        block_at = at + 12 + block
        payload = after_header(stored, block_at)
        if stored[block_at] == 0xA0:
            block_at, payload = payload, after_header(stored, payload)
        assert stored[block_at] in (0xA3, 0xA1)
        assert stored[payload] == 0x80 | scan.cue_track
        assert cluster_time + int.from_bytes(stored[payload + 1 : payload + 3], "big") == time


def after_header(data: bytes, at: int) -> int:
    """The offset of the payload of the element at `at`, whose id is one byte."""
    return at + 1 + 9 - data[at + 1].bit_length()


def test_edited_recording_is_left_alone_when_it_is_uploaded_again(tmp_path: Path) -> None:
    path = build.staged(tmp_path, samples()["vp9_opus"].read_bytes())
    make_seekable(path)
    with path.open("rb") as file:
        assert plan_edit(file, webm.scan(file)) is None


@pytest.mark.parametrize("options", [{"cues_to_front": "1"}, {}], ids=["cues first", "cues last"])
def test_remuxed_recording_is_seekable_already(options: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "remuxed.webm"
    remux(samples()["vp9_opus"], path, options)
    scan = scan_of(path)
    assert scan.seekable
    assert scan.duration_ms == pytest.approx(scan_of(samples()["vp9_opus"]).duration_ms, abs=60)


def test_lying_duration_is_replaced_and_an_old_index_hidden(tmp_path: Path) -> None:
    path = tmp_path / "remuxed.webm"
    remux(samples()["vp9_opus"], path, {})
    data = path.read_bytes()
    at = data.index(bytes.fromhex("448988")) + 3
    staged = build.staged(tmp_path, data[:at] + build.element("4489", 315_360_000_000.0)[-8:] + data[at + 8 :])
    scan = scan_of(staged, 4096)
    assert not scan.seekable
    assert scan.duration_ms < 10_000
    edit = make_seekable(staged)
    assert staged.read_bytes()[edit.cut] == 0xEC
    assert ffprobe(staged) == (scan.duration_ms / 1000, "")
    assert packets(staged).all == packets(path).all


def remux(source: Path, target: Path, options: dict[str, str]) -> None:
    with av.open(str(source)) as read, av.open(str(target), "w", format="webm", options=options) as written:
        streams = {s.index: written.add_stream_from_template(s, opaque=True) for s in read.streams}
        for packet in read.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                written.mux(packet)


def test_long_recording_is_scanned_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.webm"
    room = 128 * 1024
    seconds = looped(samples()["vp9_opus"], path, seconds=77 * 60, room=room)
    tracemalloc.start()
    scan = scan_of(path, room)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    assert scan.duration_ms / 1000 == pytest.approx(seconds, abs=1)
    make_seekable(path, room=room)
    duration, complaints = ffprobe(path)
    assert (duration, complaints) == (scan.duration_ms / 1000, "")
    assert 0 <= 0.9 * duration - first_time_after_seek(path, 0.9 * duration) < 3


def test_cues_are_thinned_evenly_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "long.webm"
    looped(samples()["vp9"], path, seconds=1800, room=4096)
    scan = scan_of(path, 4096)
    make_seekable(path)
    duration, complaints = ffprobe(path)
    assert (duration, complaints) == (scan.duration_ms / 1000, "")
    cued = [first_time_after_seek(path, duration * part / 20) for part in range(20)]
    assert all(0 <= duration * part / 20 - time < 30 for part, time in enumerate(cued))
    assert len(scan.keyframes) > 1000


def test_start_and_end_bound_what_is_read(tmp_path: Path) -> None:
    data = samples()["vp9"].read_bytes()
    path = tmp_path / "between"
    path.write_bytes(b"x" * 100 + data + b"y" * 100)
    with path.open("rb") as file:
        scan = webm.scan(file, start=100, end=100 + len(data))
    assert scan.duration_ms == scan_of(samples()["vp9"]).duration_ms
    assert (scan.start, scan.cut, scan.end) == (100, 100 + len(data), 100 + len(data))


def test_restore_puts_the_original_back(tmp_path: Path) -> None:
    data = samples()["av1_opus"].read_bytes()[:-100]
    path = build.staged(tmp_path, data)
    edit = make_seekable(path)
    with path.open("r+b") as file:
        restore(file, start=4096, original_head=edit.original_head, cut=edit.cut, tail_saved=edit.tail_saved)
    assert path.read_bytes()[4096:] == data


def test_edit_is_refused_on_another_file(tmp_path: Path) -> None:
    path = build.staged(tmp_path, samples()["vp9"].read_bytes())
    with path.open("r+b") as file:
        edit = plan_edit(file, webm.scan(file, start=4096))
        file.truncate(5000)
        assert edit is not None
        with pytest.raises(ValueError, match="planned"):
            apply(file, edit)
