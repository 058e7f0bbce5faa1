"""The OpenAPI description of the routes that stock clients of other servers use, whose views are plain functions.

https://docs.asciinema.org/manual/server/ says what the asciinema command line sends and expects.
"""

from typing import Any

from recordings.api.schema import PROBLEM_TYPE

Json = dict[str, Any]

SCHEMES: Json = {
    "installation": {
        "type": "http",
        "scheme": "basic",
        "description": "Any name, and the id of an asciinema installation, connected to a user, as password.",
    }
}
_REFUSALS = ("400", "401", "413", "422", "503", "507")
_MADE: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "url": {"type": "string", "format": "uri", "description": "Where people watch it."},
        "file_url": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "visibility": {"type": "string", "enum": ["private"]},
        "audio_url": {"type": "string", "nullable": True},
        "message": {"type": "string", "description": "What the client prints."},
    },
    "required": ["id", "url", "file_url", "title", "description", "visibility", "audio_url", "message"],
}


def paths() -> Json:
    """Path items of the addresses at which the asciinema command line uploads."""
    return {
        "/api/asciicasts": {"post": _upload("upload_asciicast", "2.x", file="asciicast")},
        "/api/v1/recordings": {
            "post": _upload("create_asciicast", "3.x", file="file", more=("title", "description"))
        },
    }


def _upload(name: str, version: str, *, file: str, more: tuple[str, ...] = ()) -> Json:
    fields = {file: {"type": "string", "format": "binary"}, **{field: {"type": "string"} for field in more}}
    form = {"type": "object", "properties": fields, "required": [file]}
    problem = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    said = {"text/plain": {"schema": {"type": "string"}}}
    location = {"Location": {"schema": {"type": "string", "format": "uri"}, "required": True}}
    return {
        "operationId": name,
        "description": f"Upload a terminal recording as the asciinema command line {version} does.",
        "tags": ["stock clients"],
        "requestBody": {"content": {"multipart/form-data": {"schema": form}}, "required": True},
        "security": [{"installation": []}],
        "responses": {
            "201": {"content": {"application/json": {"schema": _MADE}}, "headers": location},
            # To version 2 an error is text, which it prints.
            **{status: {"content": {**problem, **said}} for status in _REFUSALS},
        },
    }
