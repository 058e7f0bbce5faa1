"""The description of the API: it is valid, has every route and method and nothing else, and is served."""

import json
import re
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import URLResolver, get_resolver
from drf_spectacular.validation import validate_schema

from recordings.api import docs
from recordings.api.description import METHODS, operations
from recordings.models import User
from tests.making import api, browser

pytestmark = [pytest.mark.django_db, pytest.mark.only("single")]

ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def admin(ada: User) -> Client:
    return api(ada)


def addresses() -> set[str]:
    """Every address of the API, ids as a description writes them, from Django's own table of routes."""
    [resolver] = [
        found for found in get_resolver().url_patterns if isinstance(found, URLResolver) and found.app_name == "api"
    ]
    patterns = [f"/api/{pattern.pattern}" for pattern in resolver.url_patterns]
    return {re.sub(r"<uuid:(\w+)>", r"{\1}", pattern).replace("{pk}", "{id}") for pattern in patterns}


def test_the_description_is_valid_and_has_every_address() -> None:
    validate_schema(docs.described())  # type: ignore[no-untyped-call]
    assert set(docs.described()["paths"]) == addresses()


@pytest.mark.parametrize("address", sorted(addresses()))
def test_it_has_every_method_that_is_answered(admin: Client, address: str) -> None:
    refused = admin.generic("BREW", re.sub("{[^}]+}", ID, address), HTTP_TUS_RESUMABLE="1.0.0")
    assert refused.status_code == 405
    answered = {method.strip().lower() for method in refused["Allow"].split(",")}
    told = {method for method in METHODS if method in docs.described()["paths"][address]}
    # HEAD is there wherever GET is, and OPTIONS says something of its own only on tus's routes.
    implied = {"head"} if "get" in told else set()
    assert answered - implied - ({"options"} - told) == told


def test_every_operation_can_be_a_function_of_a_client() -> None:
    names = [operation["operationId"] for _, operation in operations(docs.described())]
    assert len(set(names)) == len(names)
    for _, operation in operations(docs.described()):
        assert re.fullmatch("[a-z]+(_[a-z]+)*", operation["operationId"])
        assert operation["description"].strip()
        assert all(answer["description"].strip() for answer in operation["responses"].values())
        assert all(way == {} or set(way) <= schemes() for way in operation["security"])


def schemes() -> set[str]:
    return set(docs.described()["components"]["securitySchemes"])


def test_what_changes_something_wants_a_token_or_the_browsers_csrf_header() -> None:
    for method, operation in operations(docs.described()):
        if any(operation["security"]) and {"installation": []} not in operation["security"]:
            cookie = [way for way in operation["security"] if "cookie" in way]
            assert {"bearer": []} in operation["security"]
            assert all(("csrf" in way) == (method not in ("get", "head")) for way in cookie)


def test_it_is_served_to_people_and_to_programs(client: Client) -> None:
    as_yaml = client.get("/api/schema")
    as_json = client.get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json, */*;q=0.1")
    assert as_yaml["Content-Type"].startswith("application/vnd.oai.openapi;")
    assert as_json["Content-Type"].startswith("application/vnd.oai.openapi+json;")
    assert json.loads(as_json.content) == yaml.safe_load(as_yaml.content) == described()
    assert as_yaml["Vary"] == "Accept"
    assert client.head("/api/schema").status_code == 200


def described() -> Any:
    return json.loads(json.dumps(docs.described()))


def test_the_page_shows_every_operation_with_every_answer() -> None:
    page = browser(None).get("/api/docs").content.decode()
    for path, item in docs.described()["paths"].items():
        assert page.count(f"<code>{path}</code></h2>") == len(item)
    for status in ("460", "507", "304"):
        assert f"<dt>{status}</dt>" in page
