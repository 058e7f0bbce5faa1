"""Recordings that are cut, damaged, joined or unusual, and still give something to play."""

import struct
from pathlib import Path

import pytest

from recordings.media import webm
from recordings.media.limits import Limits
from tests import webm_builder as build
from tests.test_webm import make_seekable, original_of, scan_of
from tests.webm_judges import ffprobe, packets
from tests.webm_samples import live_cluster, live_clusters, samples

KIB64 = 64 * 1024


def scan_bytes(folder: Path, data: bytes, **limits: int) -> webm.Scan:
    path = folder / "built.webm"
    path.write_bytes(data)
    with path.open("rb") as file:
        return webm.scan(file, limits=Limits(**limits))


def check_playable(folder: Path, data: bytes) -> tuple[webm.Scan, Path]:
    """Make it seekable; ffmpeg has the same idea of it and the original comes back."""
    path = build.staged(folder, data)
    scan = scan_of(path, 4096)
    edit = make_seekable(path)
    duration, complaints = ffprobe(path)
    assert duration == pytest.approx(scan.duration_ms / 1000, abs=0.001)
    assert complaints == ""
    assert original_of(path, edit) == data
    return scan, path


def test_truncated_tail_is_hidden(tmp_path: Path) -> None:
    data = samples()["vp9_opus"].read_bytes()
    scan, path = check_playable(tmp_path, data[:-500])
    assert scan.truncated
    assert "breaks off" in scan.notes[0]
    assert scan.cut < scan.end
    whole = packets(samples()["vp9_opus"]).all
    assert packets(path).all == whole[: len(packets(path).all)]
    assert len(packets(path).all) >= len(whole) - 2


def test_short_tail_is_cut_off(tmp_path: Path) -> None:
    data = samples()["vp9_opus"].read_bytes() + build.UNKNOWN_SIZE[:5]
    scan, path = check_playable(tmp_path, data)
    assert scan.end - scan.cut == 5
    assert path.stat().st_size == 4096 + len(data) - 5


def test_zeroed_part_is_skipped(tmp_path: Path) -> None:
    data = samples()["busy"].read_bytes()
    middle = len(data) // 2
    path = build.staged(tmp_path, data[:middle] + bytes(KIB64) + data[middle + KIB64 :])
    scan = scan_of(path, 4096)
    make_seekable(path)
    assert scan.duration_ms == scan_of(samples()["busy"]).duration_ms
    check_damaged(scan, path, data)


def test_missing_part_is_skipped(tmp_path: Path) -> None:
    data = samples()["busy"].read_bytes()
    middle = len(data) // 2
    path = build.staged(tmp_path, data[:middle] + data[middle + KIB64 :])
    scan = scan_of(path, 4096)
    make_seekable(path)
    assert scan.duration_ms == scan_of(samples()["busy"]).duration_ms
    check_damaged(scan, path, data)


def test_doubled_part_is_skipped(tmp_path: Path) -> None:
    data = samples()["busy"].read_bytes()
    middle = len(data) // 2
    path = build.staged(tmp_path, data[:middle] + data[middle - KIB64 :])
    scan = scan_of(path, 4096)
    make_seekable(path)
    assert scan.duration_ms == scan_of(samples()["busy"]).duration_ms
    check_damaged(scan, path, data)


def check_damaged(scan: webm.Scan, path: Path, data: bytes) -> None:
    """Most of it plays, the index ascends and the note tells."""
    assert "damaged" in " ".join(scan.notes)
    assert 0 < scan.skipped < len(data) // 2
    times = list(scan.keyframes.times)
    assert times == sorted(times)
    duration, _ = ffprobe(path)
    assert duration == scan.duration_ms / 1000
    assert len(packets(path).all) > len(packets(samples()["busy"]).all) / 2


def test_one_damaged_timestamp_costs_one_cue(tmp_path: Path) -> None:
    head, clusters = live_clusters(samples()["vp9"].read_bytes())
    clusters[2] = (clusters[2][0] + 8_000_000, clusters[2][1])
    data = head + b"".join(live_cluster(*cluster) for cluster in clusters)
    scan, whole = scan_bytes(tmp_path, data), scan_of(samples()["vp9"])
    assert scan.duration_ms == whole.duration_ms
    assert set(whole.keyframes.times) - set(scan.keyframes.times) == {clusters[2][0] - 8_000_000}


def test_timestamp_of_the_far_future_costs_one_cue(tmp_path: Path) -> None:
    clusters = [build.cluster(time, build.block(1, 0)) for time in (0, 1000, 2**64 - 1, 3000)]
    scan = scan_bytes(tmp_path, build.webm(*clusters))
    assert list(scan.keyframes.times) == [0, 1000, 3000]


def test_blocks_too_short_to_be_any_are_damage(tmp_path: Path) -> None:
    for short in (build.element("a3", b"\x81\0\0"), build.element("a0", build.element("a1", b"\x81\0\0"))):
        scan = scan_bytes(tmp_path, build.webm(build.cluster(0, build.block(1, 0), build.block(1, 40), short)))
        assert scan.truncated
        assert scan.duration_ms == 80


def test_second_recording_is_kept_but_not_played(tmp_path: Path) -> None:
    first, second = samples()["vp8_opus"].read_bytes(), samples()["vp9_opus"].read_bytes()
    scan, path = check_playable(tmp_path, first + second)
    assert scan.second
    assert not scan.truncated
    assert scan.cut == 4096 + len(first)
    assert scan.notes == (
        "A second recording follows in the same file; it is kept in the original but not played.",
    )
    assert packets(path).all == packets(samples()["vp8_opus"]).all


def test_second_recording_after_a_cut_one(tmp_path: Path) -> None:
    first, second = samples()["vp8_opus"].read_bytes()[:-300], samples()["vp9_opus"].read_bytes()
    scan, _ = check_playable(tmp_path, first + second)
    assert scan.second
    assert scan.cut < 4096 + len(first)


def test_tags_and_title_are_kept(tmp_path: Path) -> None:
    tags = build.element("1254c367", build.element("7373", build.element("67c8", build.element("45a3", "NAME"))))
    data = build.webm(
        build.cluster(0, build.block(1, 0), build.block(1, 40)),
        information=build.info(duration=5.0, more=build.element("7ba9", "A title") + build.element("bf", b"1234")),
        before_clusters=build.element("ec", bytes(30)) + tags,
    )
    path = build.staged(tmp_path, data)
    edit = make_seekable(path)
    assert tags in edit.head
    assert build.element("7ba9", "A title")[-7:] in edit.head
    assert scan_of(path).duration_ms == 80
    assert original_of(path, edit) == data


@pytest.mark.parametrize(("scale", "milliseconds"), [(0, 80), (1, 1), (333_333, 27), (1_000_000_000, 41_000)])
def test_time_scales(scale: int, milliseconds: int, tmp_path: Path) -> None:
    blocks = build.block(1, 0), build.block(1, 40)
    scan = scan_bytes(tmp_path, build.webm(build.cluster(0, *blocks), information=build.info(scale=scale)))
    assert scan.duration_ms == milliseconds


def test_last_frame_lasts_as_it_says(tmp_path: Path) -> None:
    def milliseconds(*blocks: bytes, more: bytes = b"") -> int:
        tracks = build.video_track(more=more) + build.audio_track(2)
        return scan_bytes(tmp_path, build.webm(build.cluster(1000, *blocks), tracks=tracks)).duration_ms

    declared = build.element("23e383", 25_000_000)
    assert milliseconds(build.block(1, 0)) == 1000
    assert milliseconds(build.block(1, 0), build.block(1, 30)) == 1060
    assert milliseconds(build.block(1, 0), build.block(1, 30_000)) == 32_000
    assert milliseconds(build.block(1, 0), build.block(1, 30), more=declared) == 1055
    assert milliseconds(build.block(1, 0, lacing=1, frame=b"\x03" + build.VP8_KEYFRAME), more=declared) == 1100
    assert milliseconds(build.block_group(1, 0, duration=70)) == 1070
    assert milliseconds(build.block_group(1, 0, duration=10**9)) == 11_000
    assert milliseconds(build.block_group(1, 0, duration=70), build.block(1, 30)) == 1060
    assert milliseconds(build.block(2, 5, frame=build.OPUS_20_MS)) == 1025
    assert milliseconds(build.block(2, 5, frame=b"\xff\x03")) == 1065
    assert milliseconds(build.block(2, 5, frame=b""), build.block(2, -5, frame=b"")) == 995


def test_sized_clusters_and_groups(tmp_path: Path) -> None:
    data = build.webm(
        build.cluster(0, build.block_group(1, 0), build.block_group(1, 40, refers=True), sized=True),
        build.cluster(600, build.block_group(1, 5, refers=True), build.block_group(1, 10), sized=True),
    )
    scan, _ = check_playable(tmp_path, data)
    assert list(scan.keyframes.times) == [0, 610]
    assert scan.duration_ms == 615


def test_sized_cluster_that_breaks_off(tmp_path: Path) -> None:
    data = build.webm(
        build.cluster(0, build.block(1, 0), sized=True),
        build.cluster(600, build.block(1, 0), build.block(1, 40), sized=True),
    )
    scan = scan_bytes(tmp_path, data[:-10])
    assert scan.truncated
    assert scan.duration_ms == 1200


def test_sized_cluster_with_a_wrong_size_costs_no_other(tmp_path: Path) -> None:
    first = build.cluster(0, build.block(1, 0), sized=True)
    wrong = first[:4] + struct.pack(">Q", (1 << 56) + len(first) + 100) + first[12:]
    following = [build.cluster(n * 1000, build.block(1, 0), sized=True) for n in range(1, 20)]
    scan = scan_bytes(tmp_path, build.webm(wrong, *following))
    assert len(scan.keyframes) == 20


def test_picture_is_as_large_as_its_frames(tmp_path: Path) -> None:
    data = build.webm(build.cluster(0, build.block(1, 0)), tracks=build.video_track(width=10, height=10))
    scan = scan_bytes(tmp_path, data)
    assert (scan.width, scan.height) == (64, 48)


def test_video_without_a_keyframe_is_indexed_by_its_sound(tmp_path: Path) -> None:
    blocks = [
        build.block(track, time, keyframe=track == 2, frame=build.OPUS_20_MS)
        for time in range(0, 5000, 20)
        for track in (1, 2)
    ]
    scan = scan_bytes(
        tmp_path, build.webm(build.cluster(0, *blocks), tracks=build.video_track() + build.audio_track())
    )
    assert scan.cue_track == 2
    assert list(scan.keyframes.times) == [0, 1000, 2000, 3000, 4000]


def test_bytes_after_a_sized_segment_are_hidden(tmp_path: Path) -> None:
    live = build.webm(build.cluster(0, build.block(1, 0), build.block(1, 40)))
    at = live.index(build.UNKNOWN_SIZE)
    sized = live[:at] + struct.pack(">Q", (1 << 56) + len(live) - at - 8) + live[at + 8 :]
    scan, _ = check_playable(tmp_path, sized + b"<html>" * 10)
    assert scan.end - scan.cut == 60
