"""A piece of an upload on its way in: cut into blocks, held against its checksum, looked at if it is the first."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from django.conf import settings

from recordings.ingest import kinds, staging
from recordings.ingest.intake import BLOCK, MB
from recordings.ingest.paced import Paced
from recordings.models import Kind

SPOOLED = MB  # in memory of a piece with a checksum, the rest on disk: hundreds may be on their way


class ChecksumMismatch(Exception):
    """The piece is not what its sender says it is."""

    def __init__(self) -> None:
        super().__init__(
            "The checksum does not match the bytes that arrived; nothing of them was kept. Send again."
        )


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Checksum:
    """What a piece should hash to; `algorithm` is "sha1" or "sha256"."""

    algorithm: str
    digest: bytes


def piece(stream: Stream, length: int, checksum: Checksum | None) -> Iterator[bytes]:
    """Its blocks, fewer than `length` bytes if the client hangs up. With a `checksum` all or none come.

    Raises, with the first block:
        ChecksumMismatch. staging.DiskFull: for pieces with checksums are put on disk to be looked at.
    """
    return _blocks(stream, length) if checksum is None else _checked(stream, length, checksum)


def opened(stream: Stream, length: int, checksum: Checksum | None, kind: Kind) -> Iterator[bytes]:
    """The blocks of an upload's first piece, of which enough has been looked at to know that it may be a recording.

    Raises:
        MediaError: it is none. ChecksumMismatch.
    """
    blocks = piece(stream, length, checksum)
    first = next(blocks, b"")
    if first and kinds.begins_well(kind, first) is False:
        raise kinds.why_not(kind, first)
    return chain((first,), blocks)


def _blocks(stream: Stream, length: int) -> Iterator[bytes]:
    """What comes of `length` bytes: a client that hangs up has sent what it has sent."""
    left = length
    paced = Paced(stream.read)
    while left:
        try:
            block = paced.read(left)
        except OSError:
            return
        if not block:
            return
        left -= len(block)
        yield block


def _checked(stream: Stream, length: int, checksum: Checksum) -> Iterator[bytes]:
    """The blocks, once all of them have been seen to be right."""
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    with tempfile.SpooledTemporaryFile(SPOOLED, dir=str(settings.SORTIE_DATA)) as spool:
        for block in _blocks(stream, length):
            digest.update(block)
            with staging.full_disk_told():
                spool.write(block)
        if spool.tell() != length or digest.digest() != checksum.digest:
            raise ChecksumMismatch
        spool.seek(0)
        while block := spool.read(BLOCK):
            yield block
