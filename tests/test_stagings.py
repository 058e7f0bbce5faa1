"""What every place for uploads promises, on the disk and in a real bucket; then what each promises by itself."""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from recordings.ingest import staging
from recordings.ingest.staging.local import LocalStaging
from recordings.ingest.staging.s3 import PIECE, S3Staging
from tests.proxy import FaultyProxy
from tests.services import S3Server
from tests.stagings import ROOM, Place, append, in_bucket, on_disk, small_disk

DATA = secrets.token_bytes(100_000)
MIB = 1024 * 1024


PREFIX = f"staged-{secrets.token_hex(6)}/"


@pytest.fixture(scope="module")
def bucket(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests of this file: each makes its own uploads, but a client costs a second."""
    with pytest.MonkeyPatch.context() as patch:
        yield in_bucket(s3_server, PREFIX, tmp_path_factory.mktemp("scratch"), patch)


@pytest.fixture
def disk(tmp_path: Path) -> Place:
    return on_disk(tmp_path / "staging")


@pytest.fixture(params=["disk", "bucket"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each of them in turn."""
    found: Place = request.getfixturevalue(request.param)
    return found


def test_pieces_go_behind_each_other(place: Place) -> None:
    upload = place.begin()
    assert place.offset(upload) == 0
    assert place.append(upload, 0, DATA[:10]) == 10
    assert place.append(upload, 10, DATA[10:300], DATA[300:5000]) == 5000
    assert place.append(upload, 5000, DATA[5000:]) == len(DATA)
    assert place.offset(upload) == len(DATA)
    assert place.content(upload) == DATA


def test_an_upload_has_an_end_and_nothing_is_put_elsewhere(place: Place) -> None:
    upload = place.begin(DATA[:500])
    for at in (0, 1, 499, 501, 10_000):
        with pytest.raises(staging.WrongOffset) as refused:
            place.append(upload, at, b"x")
        assert refused.value.actual == 500
    assert place.content(upload) == DATA[:500]


def test_nothing_is_added_by_a_piece_without_bytes(place: Place) -> None:
    upload = place.begin(DATA[:500])
    assert place.append(upload, 500) == 500
    assert place.offset(upload) == 500


def test_what_was_never_begun_or_is_removed_is_gone(place: Place) -> None:
    removed = place.begin(DATA)
    place.staging.remove(removed)
    place.staging.remove(removed)
    for upload in (removed, uuid4()):
        with pytest.raises(staging.Gone):
            place.offset(upload)
        with pytest.raises(staging.Gone):
            place.append(upload, 0, b"x")
        with pytest.raises(staging.Gone), place.another.whole(upload, room=place.room, final=True):
            pass
        with pytest.raises(staging.Gone), place.another.whole(upload, room=place.room, final=False):
            pass


def test_one_upload_is_begun_once(disk: Place) -> None:
    upload = disk.begin(DATA)
    with pytest.raises(FileExistsError):
        disk.staging.create(upload, room=ROOM, expected=5)
    assert disk.content(upload) == DATA


def race(count: int, work: Callable[[int], bool]) -> list[int]:
    """Do `work` in as many threads at once; the numbers of those that succeeded."""
    together = threading.Barrier(count)

    def one(number: int) -> bool:
        together.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [number for number, won in enumerate(pool.map(one, range(count))) if won]


@pytest.mark.parametrize("size", [1, 30_000, 700_000])
def test_of_fifty_writers_at_one_offset_one_wins(place: Place, size: int) -> None:
    """And the bytes are the winner's, whoever else had written some of its own before."""
    upload = place.begin(DATA[:500])
    blocks = {number: [bytes([number]) * (size // 2), bytes([number]) * (size - size // 2)] for number in range(50)}

    def write(number: int) -> bool:
        where = (place.staging, place.another)[number % 2]
        try:
            append(where, upload, 500, *blocks[number])
        except staging.WrongOffset:
            return False
        return True

    [winner] = race(50, write)
    assert place.content(upload) == DATA[:500] + b"".join(blocks[winner])


def test_a_writer_that_waits_for_its_network_locks_nobody_out(place: Place) -> None:
    upload = place.begin(DATA[:500])
    with place.staging.appender(upload, room=ROOM, at=500) as silent:
        silent.write(DATA[500:600])
        began = time.monotonic()
        at = place.another.offset(upload, room=ROOM)
        assert append(place.another, upload, at, DATA[at:]) == len(DATA)
        with place.another.whole(upload, room=ROOM, final=False) as whole:
            assert whole.path.stat().st_size == ROOM + len(DATA)
        assert time.monotonic() - began < 3

        def go_on() -> None:
            silent.write(DATA[600:700])
            silent.sync()

        with pytest.raises(staging.WrongOffset):
            go_on()
    assert place.content(upload) == DATA


def test_two_web_processes_take_turns(place: Place) -> None:
    upload = place.begin()
    for i, at in enumerate(range(0, len(DATA), 10_000)):
        where = (place.staging, place.another)[i % 2]
        assert append(where, upload, at, DATA[at : at + 10_000]) == at + 10_000
        assert (place.another, place.staging)[i % 2].offset(upload, room=ROOM) == at + 10_000
    assert place.content(upload) == DATA


def test_what_another_process_added_is_not_written_over(place: Place) -> None:
    """Even where this one still remembers the end as it was."""
    upload = place.begin(DATA[:500])
    append(place.another, upload, 500, DATA[500:600])
    with pytest.raises(staging.WrongOffset) as refused:
        place.append(upload, 500, b"else")
    assert refused.value.actual == 600
    assert place.content(upload) == DATA[:600]


def test_the_whole_has_room_in_front(place: Place) -> None:
    upload = place.begin(DATA)
    for final in (False, True):
        with place.staging.whole(upload, room=ROOM, final=final) as whole:
            assert whole.room == ROOM
            assert whole.path.read_bytes() == bytes(ROOM) + DATA
            os.pwrite(whole.file.fileno(), b"new head", 0)
            assert whole.path.read_bytes()[:8] == b"new head"


def test_a_part_is_a_copy_and_more_may_come(place: Place) -> None:
    upload = place.begin(DATA[:500])
    with place.staging.whole(upload, room=ROOM, final=False) as part:
        assert not part.final
        os.pwrite(part.file.fileno(), bytes(500), ROOM)
        assert append(place.another, upload, 500, DATA[500:600]) == 600
        assert part.path.stat().st_size == ROOM + 500
        path = part.path
    assert not path.exists()
    assert place.content(upload) == DATA[:600]


def test_an_empty_upload_is_a_whole_of_nothing(place: Place) -> None:
    upload = place.begin()
    with place.staging.whole(upload, room=ROOM, final=False) as whole:
        assert whole.path.read_bytes() == bytes(ROOM)


def test_what_is_abandoned_and_what_is_not(place: Place) -> None:
    upload, other = place.begin(DATA), place.begin()
    soon, before = timezone.now() + timedelta(minutes=1), timezone.now() - timedelta(minutes=1)
    assert {upload, other} <= set(place.staging.abandoned(soon))
    assert set(place.staging.abandoned(before)) == set()
    place.staging.remove(other)
    assert {upload, other} & set(place.another.abandoned(soon)) == {upload}


def test_a_place_that_works_has_no_problems(place: Place) -> None:
    assert place.staging.check() == []


# --- on a disk --------------------------------------------------------------------------------------------------


def test_a_whole_is_edited_by_one_process(disk: Place) -> None:
    upload = disk.begin(DATA)
    with disk.staging.whole(upload, room=ROOM, final=True) as whole:
        assert whole.final
        with pytest.raises(staging.Busy), disk.another.whole(upload, room=ROOM, final=True):
            pass
    with disk.another.whole(upload, room=ROOM, final=True) as whole:
        assert whole.path.read_bytes()[ROOM:] == DATA


def test_nobody_is_told_that_bytes_of_a_removed_upload_are_safe(disk: Place) -> None:
    upload = disk.begin(DATA[:500])
    with disk.staging.appender(upload, room=ROOM, at=500) as out:
        out.write(DATA[500:600])
        disk.another.remove(upload)
        with pytest.raises(staging.Gone):
            out.write(DATA[600:700])


def test_others_of_the_machine_see_nothing(disk: Place, tmp_path: Path) -> None:
    disk.begin(DATA)
    [path] = (tmp_path / "staging").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_an_upload_is_not_followed(disk: Place, tmp_path: Path) -> None:
    upload = disk.begin(DATA)
    [path] = (tmp_path / "staging").iterdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep")
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic"):
        disk.append(upload, 4 - ROOM, b"x")
    assert secret.read_bytes() == b"keep"


def test_copies_that_a_crash_left_are_swept_and_foreign_files_are_not(disk: Place, tmp_path: Path) -> None:
    disk.begin()
    root = tmp_path / "staging"
    (root / f"{uuid4()}.1234abcd.copy").touch()
    (root / "notes.txt").touch()
    soon = timezone.now() + timedelta(minutes=1)
    assert len(list(disk.staging.abandoned(soon))) == 1
    assert sorted(path.suffix for path in root.iterdir()) == [".part", ".txt"]


def test_a_full_disk_keeps_the_bytes_before(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 8) as folder:
        full = on_disk(folder / "staging")
        upload = full.begin(DATA)
        with pytest.raises(staging.DiskFull):
            full.append(upload, len(DATA), *[bytes(300_000)] * 40)
        kept = full.offset(upload)
        assert 6 * MIB < kept < 8 * MIB
        (folder / "database").write_bytes(bytes(20_000))
        assert full.staging.check() == []
        with pytest.raises(staging.DiskFull):
            full.begin(b"x")
        with pytest.raises(staging.DiskFull), full.staging.whole(upload, room=ROOM, final=False):
            pass
        assert full.offset(upload) == kept
        full.staging.remove(upload)
        again = full.begin(DATA)
        assert full.append(again, len(DATA), bytes(300_000)) == len(DATA) + 300_000


def test_no_upload_is_begun_that_would_not_fit(disk: Place) -> None:
    with pytest.raises(staging.DiskFull):
        disk.staging.create(uuid4(), room=ROOM, expected=1 << 60)
    assert disk.staging.check() == []
    assert list(disk.staging.abandoned(timezone.now() + timedelta(minutes=1))) == []


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [problem] = LocalStaging(tmp_path / "file" / "staging").check()
    assert "SORTIE_DATA" in problem


def test_a_place_is_what_its_folder_is(tmp_path: Path) -> None:
    assert LocalStaging(tmp_path) == LocalStaging(tmp_path)
    assert len({LocalStaging(tmp_path), LocalStaging(tmp_path), LocalStaging(tmp_path / "a")}) == 2


# --- in a bucket ------------------------------------------------------------------------------------------------


def objects(server: S3Server, upload: UUID) -> list[str]:
    listed = server.client().list_objects_v2(Bucket=server.bucket, Prefix=f"{PREFIX}{upload}/")
    return [entry["Key"] for entry in listed.get("Contents", ())]


def test_large_pieces_become_several_objects(bucket: Place, s3_server: S3Server) -> None:
    data = secrets.token_bytes(2 * PIECE + 1000)
    upload = bucket.begin()
    blocks = [data[at : at + MIB] for at in range(0, len(data), MIB)]
    assert bucket.append(upload, 0, *blocks) == len(data)
    assert len(objects(s3_server, upload)) == 4
    assert bucket.content(upload) == data
    bucket.staging.remove(upload)
    assert objects(s3_server, upload) == []


def test_a_piece_that_follows_on_nothing_is_not_counted(bucket: Place, s3_server: S3Server) -> None:
    upload = bucket.begin(DATA[:500])
    s3_server.client().put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}{upload}/{600:015d}", Body=b"later")
    assert bucket.another.offset(upload, room=ROOM) == 500
    assert append(bucket.another, upload, 500, DATA[500:600]) == 600
    assert bucket.another.offset(upload, room=ROOM) == 605


def test_many_pieces_are_more_than_one_page(bucket: Place, s3_server: S3Server) -> None:
    upload, client = bucket.begin(), s3_server.client()

    def put(i: int) -> None:
        client.put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}{upload}/{10 * i:015d}", Body=b"0123456789")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(1010)))
    assert bucket.offset(upload) == 10_100
    assert bucket.append(upload, 10_100, b"end") == 10_103
    assert bucket.another.offset(upload, room=ROOM) == 10_103


class Listing:
    """Counts the objects that a listing brings."""

    def __init__(self, place: S3Staging, monkeypatch: pytest.MonkeyPatch) -> None:
        self.listed = 0
        every = place._listed

        def counted(prefix: str, *, after: str = "") -> object:
            for entry in every(prefix, after=after):
                self.listed += 1
                yield entry

        monkeypatch.setattr(place, "_listed", counted)


def test_only_what_is_new_is_listed(bucket: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture of hours has thousands of pieces, and any process may get any of them."""
    assert isinstance(bucket.staging, S3Staging)
    upload = bucket.begin()
    for at in range(0, 2000, 100):
        append(bucket.another, upload, at, DATA[at : at + 100])
    assert bucket.offset(upload) == 2000
    listing = Listing(bucket.staging, monkeypatch)
    append(bucket.another, upload, 2000, DATA[2000:2100])
    assert bucket.append(upload, 2100, DATA[2100:2200]) == 2200
    assert listing.listed <= 3


def test_a_store_that_is_away_is_told(bucket: Place, s3_server: S3Server, tmp_path: Path) -> None:
    upload = bucket.begin(DATA)
    with FaultyProxy(s3_server.endpoint) as proxy:
        through = S3Staging(
            bucket=s3_server.bucket,
            region=s3_server.region,
            endpoint=proxy.endpoint,
            prefix=PREFIX,
            scratch=LocalStaging(tmp_path / "staging"),
        )
        assert through.offset(upload, room=ROOM) == len(DATA)
        proxy.break_now()
        with pytest.raises(staging.StagingUnavailable):
            through.offset(upload, room=ROOM)
        with pytest.raises(staging.StagingUnavailable):
            append(through, upload, len(DATA), b"more")
        with pytest.raises(staging.StagingUnavailable):
            through.create(uuid4(), room=ROOM, expected=5)
        with pytest.raises(staging.StagingUnavailable), through.whole(upload, room=ROOM, final=True):
            pass
        proxy.heal()
        assert append(through, upload, len(DATA), b"more") == len(DATA) + 4
    assert list((tmp_path / "staging").iterdir()) == []


def test_ids_that_are_none_are_not_ours(bucket: Place, s3_server: S3Server) -> None:
    upload = bucket.begin()
    s3_server.client().put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}notes/1", Body=b"x")
    s3_server.client().put_object(Bucket=s3_server.bucket, Key=f"{PREFIX}{upload}/notes", Body=b"x")
    assert upload in set(bucket.staging.abandoned(timezone.now() + timedelta(minutes=1)))
    assert bucket.offset(upload) == 0
