"""Lists as bare JSON arrays; the way to the next page is in the `Link` header (RFC 8288)."""

import re
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from recordings import library
from recordings.search.asking import Question
from recordings.search.finding import find

MOST = 500
_LIMIT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def paged(
    request: Request,
    rows: QuerySet[Any],
    represent: Callable[[list[Any]], Any],
    *,
    question: Question | None = None,
    usual: int = library.PAGE,
    most: int = MOST,
) -> Response:
    """One page of `rows`, or of those of them that answer a question, by `?limit=` and `?cursor=`."""
    cursor, limit = request.query_params.get("cursor", ""), _limit(request, usual, most)
    try:
        page = find(rows, question, cursor=cursor, limit=limit)
    except library.BadCursor as error:
        raise ValidationError({"cursor": str(error)}) from error
    response = Response(represent(page.rows))
    if page.next_cursor:
        response["Link"] = next_link(request, page.next_cursor)
    return response


def next_link(request: Request, cursor: str, rel: str = "next") -> str:
    """The address of another page of the same list, as a `Link` header has it."""
    query = request.query_params.copy()
    query.pop("at", None)  # a moment says where the first page begins
    query["cursor"] = cursor
    return f'<{request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="{rel}"'


def _limit(request: Request, usual: int, most: int) -> int:
    text = request.query_params.get("limit", str(usual))
    if not _LIMIT.fullmatch(text) or int(text) > most:
        raise ValidationError({"limit": f"must be a whole number from 1 to {most}."})
    return int(text)
