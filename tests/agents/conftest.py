"""One portal for all tests of agents; each makes the recordings that it changes."""

from collections.abc import Iterator

import pytest

from tests import credentials
from tests import portal as portals
from tests.agents.house import ADDRESS, House
from tests.credentials import Wanted


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with portals.running_live() as portal:
        tokens = credentials.make(
            portal,
            alice=Wanted("alice"),
            bob=Wanted("bob"),
            ada=Wanted("ada"),
            reader=Wanted("alice", scopes="read"),
            uploader=Wanted("alice", scopes="upload"),
            over=Wanted("alice", over=True),
        )
        house = House(portal, tokens, "")
        pk = house.new("Payroll")
        with house.api("alice") as client:
            client.patch(f"/recordings/{pk}", json={"title": "Run", "notes": ADDRESS, "tags": ["night"]})
            client.post(f"/recordings/{pk}/markers", json={"at_seconds": 1.5, "label": "here"})
        yield House(portal, tokens, pk)
