"""The soak's story of two of each process behind nginx, in short: nothing is lost, and errors have a cause."""

import pytest

from tests.composed import nginx_program
from tests.soak.pairs import story
from tests.soak.pairs.cluster import running

pytestmark = [
    pytest.mark.only("many"),
    pytest.mark.skipif(nginx_program() is None, reason="nginx is not installed"),
    # All of a cluster is started, and then once more, piece by piece.
    pytest.mark.timeout(420),
]


def test_any_process_of_a_cluster_may_be_killed() -> None:
    with running() as cluster:
        told = story.tell(cluster, story.SHORT, story.SHORT_PACE, len(story.TURN), hurry=True)
    print("\n".join(story.figures(told)))
    assert not told.broken
    assert {down.name for down in told.downs} == set(story.TURN)
    assert not cluster.promises.lost
