"""The API's description as a page for people, made from the same schema that programs read."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator


def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "recordings/api_docs.html", {"operations": _operations(), "title": "HTTP API"})


@cache
def _operations() -> list[dict[str, Any]]:
    """Every operation in the order of the schema: method, path, summary, parameters, body fields, answers."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    shapes = schema["components"]["schemas"]
    return [
        {
            "method": method.upper(),
            "path": path,
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "fields": _fields(operation.get("requestBody", {}), shapes),
            "answers": [
                {"status": status, "description": answer.get("description", "")}
                for status, answer in sorted(operation["responses"].items())
            ],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def _fields(body: dict[str, Any], shapes: dict[str, Any]) -> list[dict[str, Any]]:
    for content in body.get("content", {}).values():
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name:
            shape = shapes[name]
            required = shape.get("required", [])
            return [
                {"name": field, "required": field in required, **facts}
                for field, facts in shape["properties"].items()
            ]
    return []
