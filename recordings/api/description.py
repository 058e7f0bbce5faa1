"""What the OpenAPI description says of every operation alike, and of routes that are no REST framework views."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.urls import NoReverseMatch, reverse

from recordings.api import stock_description, tus_description
from recordings.api.schema import PROBLEM_TYPE

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAFE = ("get", "head", "options")

MEANINGS = {
    202: "All of it is safe on the portal. It becomes ready once the store can be reached again.",
    204: "Done. There is no body.",
    206: "The bytes that `Range` asked for.",
    302: "The object store sends the bytes: follow `Location`, without the credential.",
    304: "What the client has is still the same.",
    400: "Something in the request is wrong: `detail` says what, `errors` the same for each field.",
    401: "There is no credential, or none that is valid any more.",
    403: "Not allowed: to this user, to a token without the scope, or to a browser that sends no CSRF token.",
    404: "There is no such thing, or it is not the caller's to see.",
    409: "Not possible in the state it is in.",
    411: "The body has no `Content-Length`.",
    412: "The precondition does not hold.",
    413: "The body is too large.",
    415: "The body is of no type that is taken here.",
    416: "The range begins behind the last byte.",
    422: "The recording is damaged, or beyond what is allowed.",
    429: "Too many of them in this time.",
    460: "The piece does not match its checksum; nothing of it was kept.",
    503: "The database or the store cannot be reached at present.",
    507: "There is no room for it, on the portal or within the caller's quota.",
}
_LACKING: Json = {"description": "To a token that lacks a scope: which one.", "schema": {"type": "string"}}
_EXPECTED: Json = {"description": "What credential is expected.", "schema": {"type": "string"}, "required": True}
_LATER: Json = {
    "description": "Seconds until another attempt makes sense.",
    "schema": {"type": "integer"},
    "required": True,
}
HEADERS = {
    401: {"WWW-Authenticate": _EXPECTED},
    403: {"WWW-Authenticate": _LACKING},
    429: {"Retry-After": _LATER},
    503: {"Retry-After": _LATER},
    507: {"Retry-After": _LATER},
}
_NEXT_PAGE: Json = {
    "description": '`<address>; rel="next"`: where the next page is (RFC 8288). Not there on the last one.',
    "schema": {"type": "string"},
}
_CSRF: Json = {
    "type": "apiKey",
    "in": "header",
    "name": "X-CSRFToken",
    "description": "The CSRF token, which a browser's request needs that changes anything.",
}
_TEXT: Json = {"schema": {"type": "string"}}


def complete(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """Add to a generated description what REST framework does not know of."""
    paths: Json = result["paths"]
    paths |= _itself()
    schemes: Json = result["components"]["securitySchemes"]
    if _is_routed("api:uploads"):
        paths |= tus_description.paths()
    if _is_routed("api:asciicasts"):
        paths |= stock_description.paths()
        schemes |= stock_description.SCHEMES
    for method, operation in operations(result):
        _complete(method, operation)
    schemes["csrf"] = _CSRF
    result["paths"] = dict(sorted(paths.items()))
    return result


def _itself() -> Json:
    """Path items of the description."""
    text = {"schema": {"type": "string"}}
    parsed = {"schema": {"type": "object", "additionalProperties": {}}}
    common = {"tags": ["description"], "security": [{}]}
    as_schema = {"application/vnd.oai.openapi": text, "application/vnd.oai.openapi+json": parsed}
    return {
        "/api/schema": {
            "get": {
                "operationId": "get_schema",
                "description": "This description, as YAML or, to clients that accept JSON, as JSON.",
                "responses": {"200": {"content": as_schema}},
                **common,
            }
        },
        "/api/docs": {
            "get": {
                "operationId": "get_docs",
                "description": "This description as a page for people.",
                "responses": {"200": {"content": {"text/html": text}}},
                **common,
            }
        },
    }


def operations(described: Json) -> Iterator[tuple[str, Json]]:
    """Method and facts of every operation."""
    for path in described["paths"].values():
        yield from ((method, path[method]) for method in METHODS if method in path)


def problem(status: int, *, body: bool = True) -> Json:
    """An error answer; that to HEAD has no body."""
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {"description": MEANINGS[status], **({"content": {PROBLEM_TYPE: {"schema": schema}}} if body else {})}


def _complete(method: str, operation: Json) -> None:
    answers: Json = operation["responses"]
    for status in _common(method, operation):
        answers.setdefault(str(status), problem(status, body=method != "head"))
    for code, answer in answers.items():
        status = int(code)
        if not answer.get("description") or status in MEANINGS:
            answer["description"] = MEANINGS.get(status) or HTTPStatus(status).phrase
        if status in HEADERS:
            answer["headers"] = {**answer.get("headers", {}), **HEADERS[status]}
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        answers["200"]["headers"] = {"Link": _NEXT_PAGE}
    if method not in SAFE:
        operation["security"] = [
            {**way, "csrf": []} if "cookie" in way else way for way in operation.get("security", [])
        ]
    if "x-scope" in operation:
        operation["description"] += f"\n\nA token needs the scope `{operation['x-scope']}`."
    operation["responses"] = dict(sorted(answers.items()))


def _common(method: str, operation: Json) -> Iterator[int]:
    """Statuses that any operation of its kind may answer with."""
    if any(operation["security"]):
        yield from (401, 503)
        if "x-scope" in operation:
            yield 403
    elif "requestBody" in operation:
        yield 503
    if "requestBody" in operation and "installation" not in operation["security"][0]:
        yield from (400, 413, 415)


def _is_routed(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True
