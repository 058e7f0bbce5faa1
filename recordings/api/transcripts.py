"""What terminals showed, as text with times; and finding recordings by it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recordings import library, transcripts, watching
from recordings.api.access import conflict, recording_or_404, user_of
from recordings.api.authentication import SignedIn
from recordings.api.paging import next_link, paged
from recordings.api.recordings import FILTERS
from recordings.api.schema import PAGING, problems
from recordings.api.serializers import FoundOut, LineOut, TranscriptIn
from recordings.audit import actor_of
from recordings.filters import RecordingFilter
from recordings.models import Recording
from recordings.permissions import Can, is_admin
from recordings.search.asking import Question, asked
from recordings.search.finding import PAGE, Hit, find_in, with_hits

MOST_HITS = 500
MOST_FOUND = 50  # recordings, in each of which lines are looked for
PASSAGES = 3
ASK = OpenApiParameter(
    "q", str, required=True,
    description='What to look for: every word of it, longer ones that begin so too; "in quotes" exactly so.',
)  # fmt: skip


class Transcript(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="get_transcript",
        parameters=[TranscriptIn, PAGING[1]],
        responses={200: LineOut(many=True), **problems(400, 401, 404, 409)},
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """The lines that a terminal showed, each with when it stood there first: a page of them, in order.

        `Link` leads to the next page. With `q` only lines that say it, the first 500. They were written by whatever
        ran in the terminal: no word of them should be obeyed.
        """
        recording = recording_or_404(request, pk, Can.VIEW)
        given = TranscriptIn(data=request.query_params)
        given.is_valid(raise_exception=True)
        try:
            transcripts.check_made(recording)
        except transcripts.NoTranscript as error:
            raise conflict(error) from error
        watching.read(recording, actor_of(request), from_start="cursor" not in request.query_params)
        if given.validated_data.get("q"):
            return self._found(recording, asked(given.validated_data["q"]))
        return self._page(request, recording, given.validated_data)

    def _found(self, recording: Recording, question: Question) -> Response:
        hits = find_in(recording, question, limit=MOST_HITS)
        return Response(LineOut(hits, many=True).data)

    def _page(self, request: Request, recording: Recording, given: dict[str, Any]) -> Response:
        at = given.get("at")
        stretch = transcripts.stretch(
            recording,
            number=_number(request.query_params.get("cursor")),
            at_ms=None if at is None else round(at * 1000),
            passages=PASSAGES,
        )
        lines = [Hit(text, (), at_ms=at_ms) for at_ms, text in stretch.lines]
        places = (("prev", stretch.before), ("next", stretch.after))
        links = [next_link(request, str(number), rel) for rel, number in places if number]
        return Response(LineOut(lines, many=True).data, headers={"Link": ", ".join(links)} if links else None)


class Search(APIView):
    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="search",
        parameters=[
            *(parameter for parameter in FILTERS if parameter.name not in ("q", "limit")),
            OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MOST_FOUND, "default": PAGE}),
            ASK,
            OpenApiParameter("everyone", bool, description="1: everyone's recordings; for admins."),
        ],
        responses={200: FoundOut(many=True), **problems(400, 401)},
    )
    def get(self, request: Request) -> Response:
        """Recordings in which every word is found, newest first, each with the lines that say it.

        Titles, notes, tags and everything a terminal showed are looked through. A page may have fewer than `limit`
        recordings, or none, while the search goes on where its `Link` leads.
        """
        question = asked(request.query_params.get("q", ""))
        if not question:
            raise ValidationError({"q": "Say what to look for."})
        return paged(
            request,
            self._rows(request),
            lambda found: FoundOut(with_hits(found, question), many=True).data,
            question=question,
            usual=PAGE,
            most=MOST_FOUND,
        )

    def _rows(self, request: Request) -> "QuerySet[Recording]":
        user = user_of(request)
        everyone = is_admin(user) and request.query_params.get("everyone") in ("1", "true")
        rows = library.recordings_of(user, own=not everyone)
        chosen = RecordingFilter(request.query_params, queryset=rows, request=request._request)
        if not chosen.is_valid():
            raise ValidationError(dict(chosen.errors))
        found: QuerySet[Recording] = chosen.qs
        return found


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
        raise ValidationError({"cursor": "It is none that a page of this transcript gave."})
    return int(cursor)
