"""The OpenAPI description of the tus routes, whose views are none of REST framework's.

https://tus.io/protocols/resumable-upload says what the headers mean.
"""

from typing import Any

from recordings.api import tus_headers
from recordings.api.schema import PROBLEM_TYPE
from recordings.permissions import Scope

Json = dict[str, Any]

PIECE = "application/offset+octet-stream"
_NUMBER: Json = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999}
_TEXT: Json = {"type": "string"}
_DATE: Json = {"type": "string", "description": "An HTTP date."}
_VERSION: Json = {"type": "string", "enum": ["1.0.0"]}
_SIGNED_IN: list[Json] = [{"bearer": []}, {"cookie": []}]
_PROBLEM: Json = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
_ANY_TIME = (401, 403, 412, 503)

_META: Json = {"type": "string", "maxLength": tus_headers.LONGEST_METADATA}
_CHECKSUM: Json = {"type": "string", "pattern": f"^({'|'.join(tus_headers.DIGEST_BYTES)}) [A-Za-z0-9+/]+=*$"}
_SENT: dict[str, tuple[Json, str]] = {
    "Tus-Resumable": (_VERSION, "The version of the protocol."),
    "Upload-Length": (_NUMBER, "Bytes of the whole upload."),
    "Upload-Defer-Length": ({"type": "string", "enum": ["1"]}, "The length is not known yet."),
    "Upload-Metadata": (
        _META,
        "`key base64`, separated by commas. `recording_id` says for which recording the upload is; without it a "
        "new one is made, called as `title` or else `filename` says.",
    ),
    "Upload-Checksum": (_CHECKSUM, "Algorithm and base64 digest of the piece."),
    "Upload-Offset": (_NUMBER, "Where in the upload the piece begins."),
}
_TOLD: dict[str, tuple[Json, str]] = {
    "Tus-Resumable": (_VERSION, "The version of the protocol."),
    "Tus-Version": (_TEXT, "The versions that are understood."),
    "Tus-Extension": (_TEXT, "The extensions that are understood."),
    "Tus-Max-Size": (_NUMBER, "The most bytes that an upload may have."),
    "Tus-Checksum-Algorithm": (_TEXT, "The algorithms that a checksum may use."),
    "Sortie-Kinds": (_TEXT, "The kinds of recordings that are taken."),
    "Sortie-Recording": ({"type": "string", "format": "uuid"}, "The recording that the upload is for."),
    "Location": ({"type": "string", "format": "uri"}, "The address of the upload."),
    "Upload-Offset": (_NUMBER, "Bytes that are safe on the portal."),
    "Upload-Expires": (_DATE, "Until when the upload can go on."),
    "Upload-Length": (_NUMBER, "Bytes of the whole upload, once they are known."),
    "Upload-Defer-Length": ({"type": "string", "enum": ["1"]}, "The length is not known yet."),
    "Upload-Metadata": (_META, "What was sent when the upload began."),
}


def paths() -> Json:
    """Path items of `/api/uploads` and of one upload."""
    known = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "/api/uploads": {
            "options": _abilities("describe_uploads", "What can be done here, by headers."),
            "post": _creation(),
        },
        "/api/uploads/{id}": {
            "options": _abilities("describe_upload", "The same for one upload.", known),
            "head": _look(known),
            "patch": _piece(known),
            "delete": _end(known),
        },
    }


def _abilities(name: str, text: str, *parameters: Json) -> Json:
    told = ("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm", "Sortie-Kinds")
    refused = {"404": {"content": _PROBLEM}} if parameters else {}
    answers = {"204": _answer("Tus-Resumable", *told), **refused}
    return _operation(name, text, answers, list(parameters), security=[{}])


def _creation() -> Json:
    return _operation(
        "create_upload",
        "Begin a resumable upload (tus 1.0) of a length that is told or, with `Upload-Defer-Length`, told later. "
        "The body may be the first piece already.",
        {
            "201": _answer(
                "Tus-Resumable", "Location", "Sortie-Recording", some=("Upload-Offset", "Upload-Expires")
            ),
            **_refusals(400, *_ANY_TIME, 404, 409, 411, 413, 415, 422, 460, 507),
        },
        _headers("Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Checksum"),
        body=False,
    )


def _look(known: Json) -> Json:
    return _operation(
        "get_upload",
        "How much of an upload is safe, by headers.",
        {
            "200": _answer(
                *("Tus-Resumable", "Upload-Offset", "Sortie-Recording"),
                some=("Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Expires"),
            ),
            **_refusals(*_ANY_TIME, 404, body=False),
        },
        [known, *_headers()],
    )


def _piece(known: Json) -> Json:
    refused = _refusals(400, *_ANY_TIME, 404, 409, 411, 413, 415, 422, 460, 507)
    refused["409"]["headers"] |= _named(("Upload-Offset",), required=False)
    return _operation(
        "send_piece",
        "Add a piece to an upload. 409 says by `Upload-Offset` where the upload really is; with the last piece the "
        "recording is made ready.",
        {"204": _answer("Tus-Resumable", "Upload-Offset", some=("Upload-Expires",)), **refused},
        [known, *_headers("Upload-Length", "Upload-Checksum", needed=("Upload-Offset",))],
        body=True,
    )


def _end(known: Json) -> Json:
    return _operation(
        "cancel_upload",
        "Drop an upload and its bytes.",
        {"204": _answer("Tus-Resumable"), **_refusals(*_ANY_TIME, 404, 409)},
        [known, *_headers()],
    )


def _operation(
    name: str,
    text: str,
    responses: Json,
    parameters: list[Json] | None = None,
    *,
    body: bool | None = None,
    security: list[Json] = _SIGNED_IN,
) -> Json:
    """`body`: whether there has to be a piece; None where none is taken."""
    content = {PIECE: {"schema": {"type": "string", "format": "binary"}}}
    return {
        "operationId": name,
        "description": text,
        "tags": ["uploads"],
        "parameters": parameters or [],
        **({} if body is None else {"requestBody": {"content": content, "required": body}}),
        "security": security,
        **({"x-scope": Scope.UPLOAD.value} if security == _SIGNED_IN else {}),
        "responses": responses,
    }


def _headers(*optional: str, needed: tuple[str, ...] = ()) -> list[Json]:
    """Header parameters; the protocol's version always."""
    return [
        {"name": name, "in": "header", "required": name not in optional, "schema": schema, "description": text}
        for name, (schema, text) in _SENT.items()
        if name in ("Tus-Resumable", *optional, *needed)
    ]


def _answer(*always: str, some: tuple[str, ...] = ()) -> Json:
    return {"headers": {**_named(always, required=True), **_named(some, required=False)}}


def _named(names: tuple[str, ...], *, required: bool) -> Json:
    return {
        name: {"schema": schema, "description": text, "required": required}
        for name, (schema, text) in _TOLD.items()
        if name in names
    }


def _refusals(*statuses: int, body: bool = True) -> Json:
    content = {"content": _PROBLEM} if body else {}
    refused = {str(status): {**_answer("Tus-Resumable"), **content} for status in statuses}
    refused["412"] = {**_answer("Tus-Resumable", "Tus-Version"), **content}
    if 404 in statuses:  # what is no address of an upload at all knows nothing of tus
        refused["404"] = {**_answer(some=("Tus-Resumable",)), **content}
    return refused
