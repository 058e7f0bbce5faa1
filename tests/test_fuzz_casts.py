"""Sixty spoilt casts, and small bombs, uploaded to a real portal; `make fuzz` brings many, and large ones."""

from collections.abc import Iterator

import pytest

from tests import fuzz_casts
from tests import portal as portals
from tests.fuzz_casts import MB, MOST_MEMORY_MB, Run

pytestmark = pytest.mark.only("single")


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with portals.running() as portal, portal.client("alice") as client:
        client.timeout = fuzz_casts.WITHIN
        yield Run(portal, client)


def test_each_spoilt_cast_is_ready_or_says_why_not(run: Run) -> None:
    fuzz_casts.fuzz(run, 60, 1)
    assert {"ready", "ready, in part", "refused with 422"} <= set(run.outcomes)
    assert "Internal Server Error" not in run.portal.logs()


def test_bombs_take_no_memory(run: Run) -> None:
    fuzz_casts.throw_bombs(run, 24 * MB)
    assert run.unfinished() == 0
    assert run.memory_mb() < MOST_MEMORY_MB
