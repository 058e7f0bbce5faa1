"""Spoil a recording in ways that files are spoilt, by a seeded random generator."""

import re
from collections.abc import Callable
from random import Random

from tests.webm_samples import LIVE_CLUSTER

_STRUCTURE = re.compile(
    b"\x1f\x43\xb6\x75|\x18\x53\x80\x67|\x16\x54\xae\x6b|\x15\x49\xa9\x66|\x1a\x45\xdf\xa3|\xae|\xa3|\xa0|\xe7"
)
# An empty group, blocks of too few bytes, a block alone, one of unknown size, a late and an empty cluster.
_ODD = tuple(
    bytes.fromhex(element)
    for element in [
        "a080", "a083a18181", "a085a183810000", "a380", "a3818100", "a38481000080", "a3ff81000080", "e780", "9b80",
        "1f43b675ffe788ffffffffffffffffa38481000080", "1f43b67580", "1f43b675ff", "1c53bb6b80", "ec80",
    ]
)  # fmt: skip
HEAD = 250  # bytes; where most of the structure is


def _place(random: Random, data: bytes) -> int:
    """Any offset; half of the time one in the head or at an element id, where it hurts."""
    where = random.random()
    if where < 0.25:
        return random.randrange(min(HEAD, len(data)))
    if where < 0.5:
        found = _STRUCTURE.search(data, random.randrange(len(data)))
        if found:
            return min(found.start() + random.randrange(12), len(data) - 1)
    return random.randrange(len(data))


def flip_bits(random: Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 5, 50])):
        spoilt[_place(random, data)] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def set_bytes(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    value = random.choice([b"\xff", b"\0", b"\x01", b"\x7f", b"\x80", random.randbytes(1)])
    length = random.choice([1, 2, 4, 8, 200, 5000])
    return data[:at] + (value * length)[: len(data) - at] + data[at + length :]


def cut(random: Random, data: bytes) -> bytes:
    return data[: _place(random, data)]


def drop(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + random.choice([1, 3, 100, 10_000]) :]


def insert(random: Random, data: bytes) -> bytes:
    at, other = _place(random, data), _place(random, data)
    length = random.choice([1, 2, 12, 300, 20_000])
    inserted = random.choice([random.randbytes(length), data[other : other + length], b"\xec\x80" * length])
    return data[:at] + inserted + data[at:]


def swap(random: Random, data: bytes) -> bytes:
    a, b = sorted((_place(random, data), _place(random, data)))
    return data[:a] + data[b:] + data[a:b]


def retime(random: Random, data: bytes) -> bytes:
    """Give a live cluster any of the 2**64 timestamps."""
    at = data.find(LIVE_CLUSTER, random.randrange(len(data))) + len(LIVE_CLUSTER)
    if at < len(LIVE_CLUSTER) or at >= len(data):
        return data
    time = random.choice([0, random.getrandbits(64), 2**63, 2**64 - 1, 2**31, random.randrange(10_000)])
    return data[:at] + b"\x88" + time.to_bytes(8, "big") + data[at + 1 + (data[at] & 0x7F) :]


def odd_element(random: Random, data: bytes) -> bytes:
    """Put a well-formed but useless element before a cluster, or at the end."""
    at = data.find(LIVE_CLUSTER, random.randrange(len(data)))
    return data[:at] + random.choice(_ODD) + data[at:] if at >= 0 else data + random.choice(_ODD)


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    flip_bits,
    set_bytes,
    cut,
    drop,
    insert,
    swap,
    retime,
    odd_element,
)


def mutated(random: Random, data: bytes) -> bytes:
    """One to three mutations of `data`; never empty."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        data = random.choice(MUTATIONS)(random, data) or b"\x1a"
    return data
