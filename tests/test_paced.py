"""Bodies read in blocks as large as come in a moment."""

import time

from recordings.ingest.intake import BLOCK
from recordings.ingest.paced import LEAST, MOMENT, Paced


def test_a_fast_client_is_read_in_whole_blocks() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    paced = Paced(read)
    while asked[-1:] != [BLOCK]:
        assert paced.read(10 * BLOCK)
    assert asked[0] == LEAST
    assert len(asked) <= 4
    assert len(paced.read(5)) == 5


def test_of_a_slow_one_little_is_asked() -> None:
    asked: list[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        if len(asked) > 4:
            time.sleep(1.1 * MOMENT)
        return bytes(size)

    paced = Paced(read)
    for _ in range(9):
        paced.read(10 * BLOCK)
    assert asked[-2:] == [LEAST, LEAST]
