"""What is asked wrongly is answered so that it can be mended."""

from typing import Any

import pytest

from tests.agents.house import House


@pytest.mark.only("single")
@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("recording_show", {"id": "Run"}, "recording_list gives ids"),
        ("recording_show", {}, "id"),
        ("recording_list", {"limit": 1000}, "less than or equal to 50"),
        ("recording_list", {"cursor": "x"}, "start from the first page"),
        ("recording_list", {"kind": "audio"}, "'video' or 'terminal'"),
        ("recording_list", {"words": "a\u0000b"}, "words"),
        ("recording_list", {"since": "yesterday"}, "since"),
        ("recording_search", {"words": ""}, "at least 1 character"),
        ("recording_search", {"words": " "}, "say what to look for"),
        ("recording_search", {"words": "x", "cursor": "x"}, "start from the first page"),
        ("recording_listen", {}, "Unknown tool"),
    ],
)
def test_a_mistake_is_told_so_that_it_can_be_mended(
    house: House, tool: str, arguments: dict[str, Any], told: str
) -> None:
    answer = house.call("alice", tool, **arguments)
    assert isinstance(answer, str)
    assert told in answer
