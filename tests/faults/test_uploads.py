"""The stories of the soak, each in some seconds: no acknowledged byte is lost, each recording is there once."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from tests.soak.stories import STORIES, Story
from tests.soak.world import World, cluster

Where = Callable[[], AbstractContextManager[World]]


@pytest.fixture(scope="module")
def started() -> Iterator[Callable[[Where], World]]:
    """A portal of each kind, for all stories that take place there."""
    with ExitStack() as stack:
        worlds: dict[Where, World] = {}

        def world(where: Where) -> World:
            if where not in worlds:
                worlds[where] = stack.enter_context(where())
            worlds[where].fresh()
            return worlds[where]

        yield world


def told() -> Iterator[Any]:
    for name, story in STORIES.items():
        if not story.short:
            continue
        profile = "many" if story.where is cluster else "single"
        yield pytest.param(story, id=name, marks=pytest.mark.only(profile))


@pytest.mark.parametrize("story", list(told()))
def test_nothing_that_was_acknowledged_is_lost(story: Story, started: Callable[[Where], World]) -> None:
    world = started(story.where)
    outcome = story.tell(world, story.short, hurry=True)
    print(outcome)
    assert not outcome.broken
    assert outcome.bytes_lost == outcome.different == outcome.twice == 0
    assert outcome.faults >= story.short
    assert outcome.recordings >= 3
