"""Recordings that can be played, as long as one likes and none like another, made while they are sent."""

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import av

from tests.webm_samples import live_cluster

SECONDS = 5
RATE = 48_000
WIDTH, HEIGHT, FRAMES = 320, 180, 10
_CLUSTER = bytes.fromhex("1f43b675")
_LIVE = {"live": "1", "cluster_time_limit": "1000"}


@dataclass(frozen=True)
class Loop:
    """A real recording, to be gone on with for as long as one likes: all before its first cluster, and clusters
    with their times. `period` in milliseconds."""

    head: bytes
    clusters: list[tuple[int, bytes]]
    period: int

    @classmethod
    def of(cls, live: bytes) -> "Loop":
        first = live.index(_CLUSTER)
        return cls(live[:first], list(_clusters(live, first)), 1000 * SECONDS)

    def turn(self, number: int) -> bytes:
        return b"".join(live_cluster(number * self.period + time, blocks) for time, blocks in self.clusters)


def _clusters(live: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Time and blocks of each, as libavformat writes them: of known size, the time first."""
    while live[at : at + 4] == _CLUSTER:
        inside, size = _number(live, at + 4)
        blocks, length = _number(live, inside + 1)
        yield int.from_bytes(live[blocks : blocks + length], "big"), live[blocks + length : inside + size]
        at = inside + size


def _number(live: bytes, at: int) -> tuple[int, int]:
    """Where an EBML number ends, and what it is (RFC 8794, section 4)."""
    length = 9 - live[at].bit_length()
    return at + length, int.from_bytes(live[at : at + length], "big") & (1 << 7 * length) - 1


class Take:
    """What a recorder makes, with a tail of its own that counts for its SHA-256 and is no block."""

    def __init__(self, loop: Loop, turns: int) -> None:
        self._loop, self._turns, self._begun = loop, turns, 0
        self._rate = len(loop.turn(0)) / loop.period
        self.data = bytearray(loop.head)
        self.is_over = False

    def grow(self, seconds: float, *, end: bool) -> int:
        """How many bytes of `data` there are after so many seconds. With `end`, the turn it is at is the last."""
        while not self.is_over and self._begun < self._turns and seconds * 1000 >= self._begun * self._loop.period:
            self.data += self._loop.turn(self._begun)
            self._begun += 1
        if end:
            self._turns = self._begun
        if self._begun == self._turns and not self.is_over and seconds * 1000 >= self._begun * self._loop.period:
            self.data += secrets.token_bytes(8)
            self.is_over = True
        if self.is_over:
            return len(self.data)
        return min(len(self.data), int(len(self._loop.head) + self._rate * seconds * 1000))


def sounding() -> Loop:
    """Sound of 64 kbit/s: noise, as silence would cost nothing."""
    file, noise, length = io.BytesIO(), Random(7), RATE // 50
    with av.open(file, "w", format="webm", options=_LIVE) as container:
        stream = container.add_stream("libopus", rate=RATE)
        stream.bit_rate, stream.layout = 64_000, "mono"
        for number in range(SECONDS * 50):
            frame = av.AudioFrame(format="s16", layout="mono", samples=length)
            frame.planes[0].update(noise.randbytes(frame.planes[0].buffer_size))
            frame.sample_rate, frame.pts = RATE, number * length
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Loop.of(file.getvalue())


def drawn() -> Loop:
    """Pictures of some 200 kbit/s, grey ones with noise at their upper edge."""
    file, noise = io.BytesIO(), Random(7)
    with av.open(file, "w", format="webm", options=_LIVE) as container:
        stream = container.add_stream("libvpx", rate=FRAMES)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 200_000
        for number in range(SECONDS * FRAMES):
            picture = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane in picture.planes:
                some = noise.randbytes(plane.buffer_size // 8)
                plane.update(some + bytes([4 * number + 20]) * (plane.buffer_size - len(some)))
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return Loop.of(file.getvalue())
