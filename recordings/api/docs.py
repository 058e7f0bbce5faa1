"""The API's description: as OpenAPI for programs, and as a page for people that is made from it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLResolver, get_resolver
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.vary import vary_on_headers
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from recordings.api.description import METHODS
from recordings.api.errors import problem

Json = dict[str, Any]


def described() -> Json:
    """The description of the API as it is switched on here."""
    return _described(get_resolver())


@cache
def _described(routes: URLResolver) -> Json:
    schema: Json = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


@csrf_exempt
@vary_on_headers("Accept")
def schema(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return problem(405, "The description can only be read.", headers={"Allow": "GET, HEAD"})
    as_json = "json" in request.headers.get("Accept", "")
    content_type = "application/vnd.oai.openapi" + ("+json" if as_json else "")
    text = _written(get_resolver(), as_json=as_json)
    return HttpResponse(text, content_type=f"{content_type}; charset=utf-8")


@cache
def _written(routes: URLResolver, *, as_json: bool) -> bytes:
    renderer = OpenApiJsonRenderer() if as_json else OpenApiYamlRenderer()
    text: bytes = renderer.render(_described(routes), renderer_context={})
    return text


@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return problem(405, "This page can only be read.", headers={"Allow": "GET, HEAD"})
    return render(request, "recordings/api_docs.html", {"operations": _operations(get_resolver())})


@cache
def _operations(routes: URLResolver) -> list[Json]:
    """What the page shows of every operation, in the order of the schema."""
    schema = _described(routes)
    shapes = schema["components"]["schemas"]
    return [
        {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "paragraphs": [_prose(paragraph) for paragraph in operation["description"].split("\n\n")],
            "inputs": [
                *map(_parameter, operation.get("parameters", [])),
                *_fields(operation.get("requestBody", {}), shapes),
            ],
            "answers": [
                {"status": code, "description": _prose(answer["description"])}
                for code, answer in operation["responses"].items()
            ],
        }
        for path, item in schema["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def _parameter(parameter: Json) -> Json:
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "type": _type(parameter["schema"]),
        "required": parameter.get("required", False),
        "description": _prose(parameter.get("description", "")),
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
                    "description": _prose(facts.get("description", "")),
                }
                for name, facts in shape["properties"].items()
            ]
    return []


def _type(facts: Json) -> str:
    return str(facts.get("format") or facts.get("type") or "text").replace("string", "text")


def _prose(text: str) -> SafeString:
    """What stands between backticks, as code."""
    return format_html_join(
        "", "{}{}", ((part, code and format_html("<code>{}</code>", code)) for part, code in _split(text))
    )


def _split(text: str) -> Iterator[tuple[str, str]]:
    parts = [*text.split("`"), ""]
    return zip(parts[::2], parts[1::2], strict=False)
