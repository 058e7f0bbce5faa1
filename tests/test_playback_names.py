"""File names of downloads, against RFC 6266 and 8187 and against whatever a title may hold."""

import re
from email.message import Message
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.playback import content_disposition
from tests.playables import ask, kept


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("Deploy.webm", "Deploy.webm", None),
        ("a, b; c=d.webm", "a, b; c=d.webm", None),
        ('say "hi".webm', "say _hi_.webm", None),
        ("back\\slash.webm", "back_slash.webm", None),
        ("../../etc/passwd.webm", "_.._etc_passwd.webm", None),
        ("C:\\x.webm", "C__x.webm", None),
        ("a\r\nSet-Cookie: x=1.webm", "a Set-Cookie_ x=1.webm", None),
        ("nul\0byte.webm", "nulbyte.webm", None),
        ("\ud800lone\udfff.webm", "lone.webm", None),
        ("fdp\u202ebmew.webm", "fdpbmew.webm", None),
        ("100%41.webm", "100_41.webm", "100%41.webm"),
        ("Café.webm", "Cafe.webm", "Café.webm"),
        ("会議.webm", "recording.webm", "会議.webm"),
        ("🎥.webm", "recording.webm", "🎥.webm"),
        (".webm", "recording.webm", None),
        (" . .webm", "recording.webm", None),
        ("....webm", "recording.webm", None),
        ("x.webm\r\nX: y", "x.webmXy", None),
        ("none", "recording.none", None),
        ("a." + "b" * 5000, "a." + "b" * 16, None),
        ("", "recording.bin", None),
        ("x" * 10_000 + ".webm", "x" * 180 + ".webm", None),
        ("é" * 10_000 + ".webm", "e" * 90 + ".webm", "é" * 90 + ".webm"),
    ],
)
def test_names_of_downloads(name: str, plain: str, full: str | None) -> None:
    header = content_disposition(name, attachment=True)
    assert header.startswith(f'attachment; filename="{plain}"')
    encoded = header.partition("filename*=UTF-8''")[2]
    assert (unquote(encoded) or None) == full


@given(st.text() | st.text(st.characters(categories=["C", "P", "S"])) | st.text(max_size=5).map(lambda t: t * 3000))
def test_any_text_makes_a_safe_name(title: str) -> None:
    header = content_disposition(f"{title}.webm", attachment=True)
    assert re.fullmatch(
        r"attachment; filename=\"[ !#-\[\]-~]+\.webm\"(; filename\*=UTF-8''[\w!#$&+.^`|~%-]+)?", header, re.A
    )
    parsed = Message()
    parsed["Content-Disposition"] = header
    name = unquote(header.partition("filename*=UTF-8''")[2]) or parsed.get_filename() or ""
    assert name.endswith(".webm")
    assert not set(name) & set('/\\:*?"<>|\r\n\0\u202e')
    assert not name.startswith(".")
    assert len(name.encode()) <= 255


def test_a_hostile_title_breaks_no_header(local_settings: Path, tmp_path: Path) -> None:
    recording = kept(tmp_path, filename="\r\nX-Evil: 1\u202e\ud800" + "🎥" * 10_000 + ".webm")
    response = ask(recording)
    assert "X-Evil" not in response
    assert len(response["Content-Disposition"]) < 1000
    response.close()
