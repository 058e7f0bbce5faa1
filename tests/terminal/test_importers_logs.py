"""Logs of tlog, sudo and ttyrec as they can be: in pieces, out of order, compressed, cut off and damaged."""

import gzip
import io
import json
import os
import struct
from pathlib import Path

import pytest

from recordings.media import importers
from recordings.media.importers import DamagedLog
from tests.terminal import build
from tests.terminal.imports import converted, only, output


def tlog_line(number: int, timing: str, *, rec: str = "r1", **more: object) -> bytes:
    message = {
        "ver": "2.3",
        "host": "h",
        "rec": rec,
        "user": "u",
        "term": "xterm",
        "session": 1,
        "id": number,
        "pos": 0,
    }
    texts = {"timing": timing, "in_txt": "", "in_bin": [], "out_txt": "", "out_bin": []}
    return json.dumps({**message, **texts, **more}).encode() + b"\n"


def test_the_example_of_tlogs_own_documentation(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 stand in `out_bin`, and a replacement for them in `out_txt`."""
    data = tlog_line(1, "=56x22+98>5]1/2>3+7<2", out_txt="abcde\ufffdfgh", out_bin=[0xC4, 0x20], in_txt="ls", pos=0)
    events, _ = converted(only(build.written(tmp_path / "tlog.log", data)), tmp_path)
    assert events == [
        (98_000, "o", "abcde"),
        (98_000, "o", "\ufffd "),
        (98_000, "o", "fgh"),
        (105_000, "i", "ls"),
    ]


def test_recordings_in_one_log_are_told_apart_and_put_in_order(tmp_path: Path) -> None:
    log = b"".join(
        [
            b"Jan 1 00:00:00 host tlog: not one\n",
            json.dumps({"MESSAGE": tlog_line(2, ">1", out_txt="b", pos=500).decode()}).encode() + b"\n",
            json.dumps({"_source": json.loads(tlog_line(1, "=80x24>1", out_txt="x", rec="r2"))}).encode() + b"\n",
            b"prefix: " + tlog_line(1, "=80x24>1", out_txt="a"),
            tlog_line(2, ">1", out_txt="b", pos=500),
            tlog_line(5, ">1", out_txt="e", pos=900),
            b'{"MESSAGE": "{broken"}\n',
        ]
    )
    found = {s.part: importers.read(s) for s in importers.find(build.written(tmp_path / "tlog.log", log))}
    assert set(found) == {"r1", "r2"}
    events, _ = converted(found["r1"], tmp_path)
    assert events == [(0, "o", "a"), (500_000, "o", "b"), (900_000, "o", "e")]
    assert found["r1"].notes == ["2 messages of the tlog recording are missing."]


def test_output_that_came_from_no_terminal_gets_its_returns(tmp_path: Path) -> None:
    data = tlog_line(1, ">4+1>1+1>3", out_txt="a\nb\r\nc\n")
    events, _ = converted(only(build.written(tmp_path / "tlog.log", data)), tmp_path)
    assert output(events) == "a\r\nb\r\nc\r\n"


def test_a_log_that_goes_on_has_the_same_recordings_and_more(tmp_path: Path) -> None:
    log = build.written(tmp_path / "tlog.log", tlog_line(1, ">1", out_txt="a"))
    before = only(log).source.fingerprint()
    build.written(log, log.read_bytes() + tlog_line(1, ">1", out_txt="x", rec="r2"))
    assert [source.fingerprint() == before for source in importers.find(log)] == [True, False]


def test_a_compressed_log_that_is_cut_off_says_so(tmp_path: Path) -> None:
    lines = [tlog_line(n, ">32", out_txt=os.urandom(16).hex(), pos=n * 100) for n in range(1, 2000)]
    whole = gzip.compress(b"".join(lines))
    imported = only(build.written(tmp_path / "tlog.gz", whole[: len(whole) // 2]))
    events, _ = converted(imported, tmp_path)
    assert 500 < len(events) < 1500
    assert imported.notes == ["The file of the tlog recording breaks off; it is taken as far as it goes."]


@pytest.mark.parametrize("packed", [True, False])
def test_a_ttyrec_that_is_cut_off_says_so(packed: bool, tmp_path: Path) -> None:
    data = ttyrec_of(*((1.7e9 + n, os.urandom(8).hex().encode()) for n in range(500)))
    data = gzip.compress(data) if packed else data
    imported = only(build.written(tmp_path / "a.ttyrec", data[: len(data) // 2 - 3]))
    events, _ = converted(imported, tmp_path)
    assert 100 < len(events) < 400
    assert imported.notes == ["The ttyrec breaks off; it is taken as far as it goes."]


@pytest.mark.parametrize("timing", [">", "x", "+", "]1", ">5>", "=80", "+9999999999999"])
def test_timing_that_is_none_is_refused(timing: str, tmp_path: Path) -> None:
    path = build.written(tmp_path / "tlog.log", tlog_line(1, f">1{timing}", out_txt="abc"))
    with pytest.raises(DamagedLog, match="its timing is, at character"):
        b"".join(only(path).cast())


def sudo_log(folder: Path, timing: bytes, *, packed: bool = True, **streams: bytes) -> Path:
    folder.mkdir()
    (folder / "log").write_text("1795184934:alice:root::/dev/pts/0:25:90\n/root\n/usr/bin/id -u\n")
    for name, data in {"timing": timing, **streams}.items():
        (folder / name).write_bytes(gzip.compress(data) if packed else data)
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_an_older_log_of_sudo(packed: bool, tmp_path: Path) -> None:
    timing = b"4 0.5 3\n5 0.25 30 100\n3 1.0 1\n7 0 TSTP\n0 0 4\n1 0.5 4\n"
    streams = {"ttyout": b"abc", "ttyin": b"x", "stdin": b"pipe", "stdout": b"a\nb\n"}
    imported = only(sudo_log(tmp_path / "log", timing, packed=packed, **streams))
    events, _ = converted(imported, tmp_path)
    assert events == [
        (500_000, "o", "abc"),
        (750_000, "r", "100x30"),
        (1_750_000, "i", "x"),
        (2_250_000, "o", "a\r\nb\r\n"),
    ]
    header = imported.header
    assert (header.about.user, header.title, header.width, header.height) == (
        "alice",
        "sudo /usr/bin/id -u",
        90,
        25,
    )


@pytest.mark.parametrize("timing", [b"4 0.5 3\nhello\n", b"4 0.5 three\n", b"4 1e9 3\n", b"4 999999999999.0 3\n"])
def test_timing_of_sudo_that_is_none_is_refused(timing: bytes, tmp_path: Path) -> None:
    folder = sudo_log(tmp_path / "log", b"4 0.1 1\n" + timing, ttyout=b"abcd")
    with pytest.raises(DamagedLog, match=r"line [23]"):
        b"".join(only(folder).cast())


def test_a_log_of_sudo_that_was_killed(tmp_path: Path) -> None:
    folder = sudo_log(tmp_path / "log", b"4 0.5 3\n4 0.5 300\n", ttyout=b"abcdef")
    (folder / "ttyout").write_bytes(gzip.compress(os.urandom(3) + bytes(3000))[:-6])
    imported = only(folder)
    b"".join(imported.cast())
    assert imported.notes == [] or "breaks off" in imported.notes[0]


def ttyrec_of(*records: tuple[float, bytes]) -> bytes:
    return b"".join(
        struct.pack("<III", int(time), round(time % 1 * 1e6), len(data)) + data for time, data in records
    )


def test_a_ttyrec_may_say_how_large_it_was_and_be_compressed(tmp_path: Path) -> None:
    data = ttyrec_of((1.7e9, b"\x1b[8;30;100thi"), (1.7e9 + 2.5, b"\xe6\xbc"), (1.7e9 + 3, b"\xa2"), (1.7e9, b"!"))
    imported = only(build.written(tmp_path / "game.ttyrec.gz", gzip.compress(data)))
    events, _ = converted(imported, tmp_path)
    assert (imported.header.width, imported.header.height, imported.header.title) == (100, 30, "game")
    assert [(time, text[-2:]) for time, _, text in events] == [(0, "hi"), (3_000_000, "漢"), (3_000_000, "!")]


def test_a_ttyrec_with_a_record_of_nonsense_is_refused(tmp_path: Path) -> None:
    records = [(1.7e9 + n, b"x") for n in range(5)]
    data = ttyrec_of(*records) + struct.pack("<III", 1_700_000_009, 5_000_000, 1) + b"y"
    with pytest.raises(DamagedLog, match="record 6"):
        b"".join(only(build.written(tmp_path / "a.ttyrec", data)).cast())


def test_a_large_log_is_read_in_parts(tmp_path: Path) -> None:
    size = 5_000_000
    folder = sudo_log(tmp_path / "log", b"4 0.5 %d\n" % size, ttyout=b"x" * size)
    imported = only(folder)
    assert imported.events is not None
    assert max(len(text) for _, _, text in imported.events()) <= 1 << 20
    data = io.BytesIO(b"".join(imported.cast()))
    assert len(data.getvalue()) > size
