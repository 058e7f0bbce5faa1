"""Tell a terminal recording from everything else by its first bytes, and name what came instead."""

import zlib

from recordings.media.asciicast.source import GZIP, GZIP_MAGIC
from recordings.media.errors import NotCast
from recordings.media.sniff import MAGIC as EBML_MAGIC
from recordings.media.sniff import SNIFF_BYTES, format_name

_BOM = b"\xef\xbb\xbf"
_INSTEAD = "Upload the .cast or .cast.gz file of a terminal recorder."


def looks_like_cast(first: bytes) -> bool | None:
    """Whether a file that begins with `first` may be an asciicast, plain or gzip; None while more bytes are needed.

    Only the scan tells for sure; this keeps pictures and pages from being taken in and read to their end first.
    """
    if first.startswith(GZIP_MAGIC):
        try:
            text = zlib.decompressobj(GZIP).decompress(first, SNIFF_BYTES)
        except zlib.error:
            return False
    else:
        text = first
    bare = text.removeprefix(_BOM).lstrip()
    if not bare or _BOM.startswith(bare) or GZIP_MAGIC.startswith(bare):
        return None if len(first) < SNIFF_BYTES else False
    return bare.startswith(b"{")


def check_is_cast(first: bytes) -> None:
    """Raise `NotCast` unless a file that begins with `first` (`SNIFF_BYTES` of it) may be a terminal recording."""
    if not first:
        raise NotCast("The file is empty: nothing was recorded.")
    if looks_like_cast(first):
        return
    name = "a WebM video" if first.startswith(EBML_MAGIC) else format_name(first)
    if first.startswith(GZIP_MAGIC):
        name = "a gzip-compressed file of something else"
    raise NotCast(f"This is {name or 'something else'}, not a terminal recording. {_INSTEAD}")
