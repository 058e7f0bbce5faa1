"""What no description foresees: a few hundred requests that are right or wrong by it, from everybody."""

from collections.abc import Iterator

import pytest

from tests import fuzz_api
from tests.fuzz_api import CALLERS, World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fuzz_api.world() as made:
        yield made


@pytest.mark.parametrize("caller", CALLERS)
def test_every_answer_is_one_that_is_described(world: World, caller: str) -> None:
    seen = fuzz_api.fuzz(world, caller, examples=5, start=1)
    assert len(seen) > 25
    answered = {status for statuses in seen.values() for status in statuses}
    assert answered >= {401, 204} | (set() if caller in fuzz_api.CLOSED_TO else {200, 201, 400, 404})
    assert "Internal Server Error" not in world.portal.logs()
