"""Tell a WebM file from everything else by its first bytes, and name what came instead."""

from recordings.media import ebml
from recordings.media.errors import Damaged, NotWebm, WebmError

MAGIC = bytes.fromhex("1a45dfa3")
SNIFF_BYTES = 4096  # enough for `looks_like_webm` to answer; an EBML header is about 40 bytes long

_INSTEAD = "Upload the .webm file the browser recorded."
_KNOWN = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip-compressed file"),
    (b"\x28\xb5\x2f\xfd", "a file compressed with Zstandard"),
    (b"\xfd7zXZ\0", "a file compressed with xz"),
    (b"BZh", "a file compressed with bzip2"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
    (b"OggS", "an Ogg file"),
    (b"RIFF", "a RIFF file (WAV, AVI or WebP)"),
    (b"FLV\x01", "a Flash video"),
    (b"ffconcat", "a list of files for ffmpeg"),
    (b"#EXTM3U", "an HLS playlist"),
    (b"v=0", "an SDP session description"),
    (b"<svg", "an SVG image"),
    (b"<?xml", "an XML document"),
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<", "an HTML or XML document"),
    (b'{"version"', "a terminal recording (asciicast)"),
    (b"{", "a JSON document"),
)


def looks_like_webm(first: bytes) -> bool | None:
    """Whether a file that begins with `first` is WebM; None while more bytes are needed to tell."""
    if len(first) < len(MAGIC):
        return None if MAGIC.startswith(first) else False
    if not first.startswith(MAGIC):
        return False
    try:
        return doc_type(first) == b"webm"
    except ebml.Incomplete:
        return None if len(first) < SNIFF_BYTES else False
    except Damaged:
        return False


def doc_type(first: bytes) -> bytes:
    """The DocType of the EBML header that `first` begins with; `Damaged` if it is not whole."""
    element = ebml.whole_element(first, 0)
    for child in ebml.children(first, element.start, element.end):
        if child.id == ebml.DOC_TYPE:
            return first[child.start : child.end].rstrip(b"\0")
    raise Damaged(ebml.NOT_EBML)


def why_not_webm(first: bytes) -> WebmError:
    """The error for a file that begins with `first` (`SNIFF_BYTES` of it are enough) and is not WebM."""
    if not first:
        return NotWebm("The file is empty: nothing was recorded.")
    if first.startswith(MAGIC):
        return _other_ebml(first)
    if first[4:8] in (b"ftyp", b"moov", b"styp"):
        return NotWebm("This is an MP4 file, not WebM. Record as WebM with VP8, VP9 or AV1.")
    name = format_name(first)
    if name:
        return NotWebm(f"This is {name}, not a WebM recording. {_INSTEAD}")
    return NotWebm(f"This is not a WebM recording. {_INSTEAD}")


def format_name(first: bytes) -> str:
    """What a file that begins with `first` is, such as "a PNG image"; "" if it is unknown, or EBML, or MP4."""
    text = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    known = (name for prefix, name in _KNOWN if first.startswith(prefix) or text.startswith(prefix.lower()))
    return next(known, "")


def _other_ebml(first: bytes) -> WebmError:
    try:
        kind = doc_type(first)
    except Damaged as error:
        return error
    if kind == b"matroska":
        return NotWebm(
            "This is a Matroska file (browsers make one for H.264), not WebM. Record as WebM with VP8, VP9 or AV1."
        )
    return NotWebm(f"This is not a WebM recording. {_INSTEAD}")


def check_is_webm(first: bytes) -> None:
    """Raise `NotWebm` or `Damaged` unless a file that begins with `first` (`SNIFF_BYTES` of it) is WebM."""
    if not looks_like_webm(first):
        raise why_not_webm(first)
