"""Ask the API for everything its description allows, and for what it forbids, as everybody.

    python -m tests.fuzz_api [examples an operation] [seed]

Each operation is asked with input that fits its description and with input that does not, by ids that exist and by
ids that nothing has. No answer may be a failure of ours, nor have a status, a type, a header or a form that is not
described; and who is nobody, or a stranger, gets nothing.
"""

import base64
import gzip
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import Any
from uuid import uuid4

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests import credentials
from tests import portal as portals
from tests import webm_builder as build
from tests.credentials import Wanted
from tests.portal import Portal
from tests.terminal.build import cast, version_1, version_3
from tests.tus_client import recording

CALLERS = ("nobody", "bob", "alice", "ada", "expired")
CLOSED_TO = ("nobody", "expired")
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
MODES = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
NO_ROOM = 507
FILES = [b"", b"<!DOCTYPE html>", recording(2), recording(2)[:700], build.webm(build.cluster(0))]
CASTS = [cast(), version_1([0.5, "x"]), version_3(), cast()[:-20], cast(b"no event"), gzip.compress(cast()), b""]
FILE_FIELDS = ("file", "asciicast")
PEOPLE = {"bob": "bob", "alice": "alice", "ada": "ada", "expired": "alice"}

for media_type in ("video/webm", "application/offset+octet-stream"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(FILES))
for media_type in ("application/x-asciicast", "application/gzip"):
    schemathesis.openapi.media_type(media_type, st.sampled_from(CASTS))


@dataclass
class World:
    """A portal, and what each caller shows it: a token to use, one to end, and an installation of asciinema."""

    portal: Portal
    tokens: dict[str, str]
    installs: dict[str, str]

    @cached_property
    def operations(self) -> list[tuple[Any, st.SearchStrategy[Any]]]:
        """What the portal says can be asked of it, each with right and wrong ways to ask."""
        config = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
        address, accept = f"{self.portal.url}/api/schema", {"Accept": "application/json"}
        schema: Any = schemathesis.openapi.from_url(address, headers=accept, config=config)
        found = [result.ok() for result in schema.get_all_operations()]
        # What is deleted cannot be looked at any more.
        found.sort(key=lambda it: (it.method == "delete", it.path, it.method))
        return [(it, st.one_of(*(it.as_strategy(generation_mode=mode) for mode in MODES))) for it in found]

    def headers(self, caller: str, *, to_end: bool = False) -> dict[str, str]:
        token = self.tokens.get(f"{caller}_to_end" if to_end else caller)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def headers_for(self, operation: Any, caller: str) -> dict[str, str]:
        if {"installation": []} not in operation.definition.raw["security"] or caller not in self.installs:
            return self.headers(caller, to_end=operation.path.endswith("/logout"))
        shown = base64.b64encode(f"{caller}:{self.installs[caller]}".encode()).decode()
        return {"Authorization": f"Basic {shown}"}


@contextmanager
def world() -> Iterator[World]:
    """A portal of its own."""
    with portals.running() as portal:
        installs = {name: str(uuid4()) for name in PEOPLE}
        wanted = {
            **{name: Wanted(it, over=name == "expired", install=installs[name]) for name, it in PEOPLE.items()},
            **{f"{name}_to_end": Wanted(it, over=name == "expired") for name, it in PEOPLE.items()},
        }
        yield World(portal, credentials.make(portal, **wanted), installs)


def furnish(world: World) -> dict[str, list[str]]:
    """Give alice sessions, a recording in each, ready, deleted or under way, a terminal's, a marker, a share link,
    and uploads; their ids."""
    with requests.Session() as alice:
        alice.headers.update(world.headers("alice"))

        def made(path: str, **body: Any) -> Any:
            answer = alice.post(f"{world.portal.url}/api{path}", **body)
            assert answer.ok, answer.text
            return answer

        sessions = [made("/sessions", json={"app_id": "x", "title": str(n)}).json()["id"] for n in range(4)]
        recordings = [made(f"/sessions/{pk}/recording/start").json()["recording_id"] for pk in sessions]
        for session, pk in zip(sessions[:2], recordings[:2], strict=True):
            files = {"file": ("a.webm", recording(2), "video/webm")}
            made(f"/sessions/{session}/recording/upload", data={"recording_id": pk}, files=files)
        terminal = made("/recordings", data=cast(), headers={"Content-Type": "application/x-asciicast"})
        recordings.append(terminal.json()["id"])
        marker = made(f"/recordings/{recordings[0]}/markers", json={"at_seconds": 1}).json()["id"]
        share = made(f"/recordings/{recordings[0]}/shares", json={}).json()["id"]
        said = {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
        uploads = [made("/uploads", headers=said).headers["Location"].rpartition("/")[2] for _ in range(2)]
        assert alice.delete(f"{world.portal.url}/api/recordings/{recordings[1]}").status_code == 204
    of_one = {"marker_id": [marker], "share_id": [share]}
    return {"sessions": sessions, "recordings": recordings, "uploads": uploads, **of_one}


@st.composite
def cases(draw: st.DrawFn, operation: Any, any_case: st.SearchStrategy[Any], ids: dict[str, list[str]]) -> Any:
    """A request for the operation, right or wrong, for something that is there or not."""
    case = draw(any_case)
    number = draw(st.integers(0, 4))  # what has the same number in two lists belongs together
    for name in case.path_parameters or {}:
        there = ids.get(operation.path.split("/")[2] if name == "id" else name)
        if there and draw(st.integers(0, 3)):
            case.path_parameters[name] = there[number % len(there)]
    if isinstance(case.body, dict):
        if "recording_id" in case.body and draw(st.booleans()):
            case.body["recording_id"] = ids["recordings"][number]
        for name in FILE_FIELDS:
            if name in case.body and draw(st.booleans()):
                case.body[name] = draw(st.sampled_from(FILES + CASTS))
    if draw(st.booleans()):  # an upload begins with one of the two, which no description can say
        case.headers.pop("Upload-Defer-Length" if "Upload-Length" in case.headers else "", None)
    return case


def fuzz(world: World, caller: str, *, examples: int, start: int) -> dict[str, Counter[int]]:
    """Ask all operations; which statuses each gave."""
    seen = {}
    with requests.Session() as session:
        ids = furnish(world)
        for operation, any_case in world.operations:
            headers = world.headers_for(operation, caller)
            put = partial(put_to, world.portal.url, session, caller, headers)
            seen[operation.label] = ask(cases(operation, any_case, ids), put, examples=examples, start=start)
    return seen


def ask(asked: st.SearchStrategy[Any], put: Callable[[Any], int], *, examples: int, start: int) -> Counter[int]:
    statuses: Counter[int] = Counter()

    @seed(start)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=asked)
    def try_it(case: Any) -> None:
        statuses[put(case)] += 1

    try_it()
    return statuses


def put_to(url: str, session: requests.Session, caller: str, headers: dict[str, str], case: Any) -> int:
    """Ask one thing as `caller`. Raises what is wrong with the answer."""
    answer = case.call(base_url=url, session=session, headers=headers)
    wanted = CHECKS if answer.status_code == NO_ROOM else [not_a_server_error, *CHECKS]
    case.validate_response(answer, checks=wanted, headers=headers)
    assert is_closed(case.operation, caller, answer.status_code), (caller, case.operation.label, answer.status_code)
    return int(answer.status_code)


def is_closed(operation: Any, caller: str, status: int) -> bool:
    """That nobody gets in without a credential, and nobody gets at what is another's."""
    if not any(operation.definition.raw["security"]):
        return True
    # Not 401 alone: what is no address, or has headers that are none, is refused before anybody is asked for more.
    return status >= 400 or (caller not in CLOSED_TO and (caller != "bob" or "{" not in operation.path))


def main(examples: int, start: int) -> None:
    with world() as made:
        for caller in CALLERS:
            print(f"\n{caller}, {examples} examples an operation, seed {start}")
            for label, statuses in fuzz(made, caller, examples=examples, start=start).items():
                told = "  ".join(f"{status} x {times}" for status, times in sorted(statuses.items()))
                print(f"  {label:55} {told}", flush=True)


if __name__ == "__main__":
    given_numbers = [int(argument) for argument in sys.argv[1:]]
    main(*given_numbers, *(100, Random().randrange(10**6))[len(given_numbers) :])
