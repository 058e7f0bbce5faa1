"""The API's description as a page for people, made from the same schema that programs read."""

from functools import cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator

from recordings.api.errors import problem

Json = dict[str, Any]


@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return problem(405, "This page can only be read.", headers={"Allow": "GET, HEAD"})
    return render(request, "recordings/api_docs.html", {"operations": _operations()})


@cache
def _operations() -> list[Json]:
    """What the page shows of every operation, in the order of the schema."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    shapes = schema["components"]["schemas"]
    return [
        {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "description": operation.get("description", ""),
            "inputs": [
                *map(_parameter, operation.get("parameters", [])),
                *_fields(operation.get("requestBody", {}), shapes),
            ],
            "answers": [{"status": code, "description": _meaning(code)} for code in sorted(operation["responses"])],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _parameter(parameter: Json) -> Json:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": _type(parameter["schema"]),
        "required": parameter.get("required", False),
        "description": parameter.get("description", ""),
    }


def _fields(body: Json, shapes: Json) -> list[Json]:
    for content in body.get("content", {}).values():
        shape = shapes.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2])
        if shape:
            return [
                {
                    "name": name,
                    "where": "body",
                    "type": _type(facts),
                    "required": name in shape.get("required", []),
                    "description": facts.get("description", ""),
                }
                for name, facts in shape["properties"].items()
            ]
    return []


def _type(facts: Json) -> str:
    return str(facts.get("format") or facts.get("type") or "text").replace("string", "text")


def _meaning(code: str) -> str:
    return HTTPStatus(int(code)).phrase
