"""What is no terminal recording is known by its first bytes, before all of it is taken in."""

import gzip

import pytest

from recordings.media.asciicast import check_is_cast, looks_like_cast
from recordings.media.errors import NotCast
from recordings.media.sniff import SNIFF_BYTES
from tests.terminal.build import cast, version_1
from tests.test_webm_refused import NOT_WEBM

OTHERS = {name: case for name, case in NOT_WEBM.items() if name not in ("asciicast", "JSON", "gzip", "two bytes")}


@pytest.mark.parametrize("data", [cast(), version_1(), b"\xef\xbb\xbf\n " + cast(), gzip.compress(cast())])
def test_recordings_pass(data: bytes) -> None:
    assert looks_like_cast(data) is True
    check_is_cast(data)


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\xef\xbb", b"  \n", gzip.compress(cast())[:10]])
def test_too_few_bytes_tell_nothing(data: bytes) -> None:
    assert looks_like_cast(data) is None


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_named(name: str) -> None:
    data, said = OTHERS[name]
    assert looks_like_cast(data.ljust(SNIFF_BYTES, b"\0")) is False
    with pytest.raises(NotCast) as refusal:
        check_is_cast(data)
    if said not in ("codec", "encrypted", "list of files", "not a WebM recording", "MP4", "Matroska"):
        assert said in str(refusal.value)


@pytest.mark.parametrize("data", [b"\x1f\x8b\x08" + bytes(100), gzip.compress(b"\x89PNG"), bytes(SNIFF_BYTES)])
def test_gzip_of_something_else_is_told_apart(data: bytes) -> None:
    assert looks_like_cast(data) is False
    with pytest.raises(NotCast, match="something else"):
        check_is_cast(data)
