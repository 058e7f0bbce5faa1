"""Lists as bare JSON arrays; the way to the next page is in the `Link` header (RFC 8288)."""

import re
from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from recordings import library

MOST = 500
_LIMIT = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def paged(
    request: Request, rows: QuerySet[Any], represent: Callable[[list[Any]], Any], *, having: Q | None = None
) -> Response:
    """One page of `rows` by `?limit=` and `?cursor=`; `having` as in `library.page`."""
    cursor, limit = request.query_params.get("cursor", ""), _limit(request)
    try:
        page = library.page(rows, cursor=cursor, limit=limit, having=having)
    except library.BadCursor as error:
        raise ValidationError({"cursor": str(error)}) from error
    response = Response(represent(page.rows))
    if page.next_cursor:
        query = request.query_params.copy()
        query["cursor"] = page.next_cursor
        response["Link"] = f'<{request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="next"'
    return response


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(library.PAGE))
    if not _LIMIT.fullmatch(text) or int(text) > MOST:
        raise ValidationError({"limit": f"must be a whole number from 1 to {MOST}."})
    return int(text)
