"""The soak's story of two of each process behind nginx, in short: nothing is lost, and errors have a cause."""

import pytest

from tests.composed import nginx_program
from tests.soak.pairs import story
from tests.soak.pairs.cluster import running

pytestmark = [
    pytest.mark.only("many"),
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed"),
    # All of a cluster is started.
    pytest.mark.timeout(420),
]


def test_a_process_of_each_kind_that_serves_may_be_killed() -> None:
    with running() as cluster:
        told = story.tell(cluster, story.SHORT, story.SHORT_PACE, 2, hurry=True)
    print("\n".join(story.figures(told)))
    assert not told.broken
    assert [down.name for down in told.downs] == ["web", "live"]
    assert not cluster.promises.lost
