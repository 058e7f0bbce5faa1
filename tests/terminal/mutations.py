"""Ways in which a cast gets spoilt, by accident and on purpose."""

import gzip
from collections.abc import Callable
from random import Random

NASTY = (
    b"\\u0000",
    b"\\ud800",
    b"\\udfff\\ud83d",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0.0",
    b"9" * 5000,
    b"[" * 200_000,
    b"{" * 10_000,
    b'"' * 3,
    b"\xff\xfe\xfd",
    b"\x00" * 700,
    b"\n",
    b"\r\n",
    b"\n\n",
    b"# note\n",
    b"\x1b[999999999;999999999H",
    b"\\u001b[?1049h",
    b"\\u001b]52;c;aGVsbG8=\\u0007",
    b'[1, "r", "1000000x1000000"]\n',
    b'[1, "r", "1x1"]\n',
    b'[0, "x", "99999999999999999999"]\n',
    b'{"version": 2, "width": 1, "height": 1}\n',
)
NUMBERS = (b"0", b"-1", b"1e308", b"1000000000", b"0.1e-400", b"null", b"true", b'"1"', b"[]", b"{}")


def mutated(random: Random, data: bytes) -> bytes:
    """`data` spoilt in one to four ways; now and then inside gzip, as gzip, or as several members."""
    if data.startswith(b"\x1f\x8b") and random.random() < 0.5:
        data = gzip.decompress(data)
    for _ in range(random.randint(1, 4)):
        data = random.choice(WAYS)(random, data)
    packing = random.random()
    if packing < 0.15:
        return gzip.compress(data, 1)
    if packing < 0.2:
        cut = random.randint(0, len(data))
        return gzip.compress(data[:cut], 1) + gzip.compress(data[cut:], 1)
    return data


def flip(random: Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(random.randint(1, 8)):
        if spoilt:
            spoilt[random.randrange(len(spoilt))] = random.randrange(256)
    return bytes(spoilt)


def cut(random: Random, data: bytes) -> bytes:
    return data[: random.randint(0, len(data))]


def remove(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + data[at + random.randint(1, 40) :]


def insert(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(NASTY) + data[at:]


def another_number(random: Random, data: bytes) -> bytes:
    """In the place of the first characters of a line or of a value."""
    starts = [at for at in range(len(data)) if data[at : at + 1] in b"[:"]
    if not starts:
        return data
    at = random.choice(starts) + 1
    return data[:at] + random.choice(NUMBERS) + data[at + random.randint(0, 8) :]


def shuffled(random: Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    random.shuffle(lines)
    return b"\n".join(lines)


def doubled(random: Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return data + b"".join(random.choices(lines, k=min(len(lines), random.randint(1, 5)))) if lines else data


def as_utf_16(random: Random, data: bytes) -> bytes:
    return data.decode("latin-1").encode("utf-16") if random.random() < 0.2 else data


WAYS: list[Callable[[Random, bytes], bytes]] = [
    *(flip, flip, cut, remove, insert, insert, insert, another_number, another_number, shuffled, doubled, as_utf_16)
]
