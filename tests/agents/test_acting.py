"""Whom an agent acts for: owner, stranger, admin, by tokens of all scopes and by one that ends."""

from typing import Any
from uuid import uuid4

import pytest
from mcp import Client

from tests import credentials
from tests import portal as portals
from tests.agents.client import ask, over_stdio, said
from tests.agents.house import House
from tests.credentials import Wanted

OVER_IDS: list[tuple[str, dict[str, Any]]] = [
    ("recording_show", {}),
    ("recording_export", {"format": "webm"}),
    ("recording_screenshot", {"at_seconds": 0}),
    ("recording_read_text", {}),
    ("recording_delete", {}),
    ("recording_delete", {"confirmation": "x"}),
]


@pytest.mark.parametrize(("tool", "more"), OVER_IDS)
def test_what_is_anothers_is_as_what_is_not_there(house: House, tool: str, more: dict[str, Any]) -> None:
    missing = str(uuid4())
    told = house.call("bob", tool, id=house.recording, **more)
    assert told.replace(house.recording, missing) == house.call("bob", tool, id=missing, **more)
    assert "recording_list" in told
    assert house.call("alice", "recording_show", id=house.recording)["id"] == house.recording


def test_a_strangers_list_has_nothing_and_an_admins_what_is_asked_for(house: House) -> None:
    for everyone in (False, True):
        assert house.call("bob", "recording_list", everyone=everyone)["recordings"] == []
        assert house.call("bob", "recording_search", words="payroll", everyone=everyone)["found"] == []
    assert house.call("ada", "recording_list")["recordings"] == []
    rows = house.call("ada", "recording_list", everyone=True, limit=50)["recordings"]
    assert house.recording in [row["id"] for row in rows]
    assert {row["owner"] for row in rows} == {"alice"}
    assert house.call("ada", "recording_show", id=house.recording)["owner"] == "alice"


def test_a_token_can_do_no_more_than_its_scopes(house: House) -> None:
    assert house.call("reader", "recording_show", id=house.recording)["id"] == house.recording
    for who, tool, scope in (
        ("reader", "recording_delete", "manage"),
        ("uploader", "recording_show", "read"),
        ("uploader", "recording_delete", "manage"),
    ):
        assert f"“{scope}”" in house.call(who, tool, id=house.recording)
    assert "“read”" in house.call("uploader", "recording_export", id=house.recording, format="webm")
    assert "“read”" in house.call("uploader", "recording_screenshot", id=house.recording, at_seconds=0)
    assert "“read”" in house.call("uploader", "recording_read_text", id=house.recording)
    assert "“read”" in house.call("uploader", "recording_search", words="payroll")
    assert "“read”" in house.call("uploader", "recording_list")


def test_a_token_that_ends_is_refused_on_stdio_from_that_moment(house: House) -> None:
    [secret] = credentials.make(house.portal, short=Wanted("alice")).values()

    async def before_and_after(client: Client) -> list[str]:
        before = await client.call_tool("recording_list", {})
        with house.api("alice") as http:
            http.headers["Authorization"] = f"Bearer {secret}"
            assert http.post("/auth/logout").status_code == 204
        after = await client.call_tool("recording_list", {})
        assert (before.is_error, after.is_error) == (False, True)
        return [said(before), said(after)]

    _, after = ask(over_stdio, house.portal, secret, before_and_after)
    assert "not valid" in after


@pytest.mark.only("single")
@pytest.mark.parametrize("token", ["over", None])
def test_stdio_says_what_is_wrong_with_its_token(house: House, token: str | None) -> None:
    shown = {"SORTIE_TOKEN": house.tokens[token]} if token else {}
    with pytest.raises(RuntimeError, match=r"create_token"):
        portals.run_python({**house.portal.variables, **shown}, "manage.py", "mcp")
