"""Tools over what terminals showed: search it, and read it."""

import re
from collections.abc import Iterable
from typing import Annotated

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from recordings import transcripts, watching
from recordings.mcp_server import shapes
from recordings.mcp_server.callers import caller
from recordings.mcp_server.content import MOST_SECONDS, ready
from recordings.mcp_server.library import Cursor, Everyone, Id, Session, Since, Until, chosen_by, found, page_of
from recordings.permissions import Can
from recordings.search.finding import Found, with_hits

MOST_FOUND = 20
MOST_CHARACTERS = 20_000
AROUND_A_LINE = 40  # characters that a line costs besides its own
_PLACE = re.compile(r"([0-9]{1,11})-([0-9]{1,6})", re.ASCII)


def recording_search(
    words: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            description='All of them have to be found, longer ones that begin so too; "in quotes" exactly so.',
        ),
    ],
    kind: shapes.Kind | None = None,
    since: Since = None,
    until: Until = None,
    session: Session = None,
    everyone: Everyone = False,
    limit: Annotated[int, Field(ge=1, le=MOST_FOUND)] = 10,
    cursor: Cursor = None,
) -> shapes.Findings:
    """Search titles, notes, tags and all that terminals showed; get recordings with the lines that say it."""
    me = caller(Can.VIEW)
    asked = {"kind": kind, "since": since, "until": until, "session": session, "q": words}
    chosen = chosen_by(me, asked, everyone=everyone)
    if chosen.question is None:
        raise ToolError("words: say what to look for.")
    page = page_of(chosen, limit=limit, cursor=cursor)
    return shapes.Findings(
        found=[_shown(it) for it in with_hits(page.rows, chosen.question)],
        next_cursor=page.next_cursor,
        search_goes_on=page.stopped,
    )


def recording_read_text(
    id: Id,  # noqa: A002  (what agents know it by)
    from_seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS, description="After the recording's start.")] = 0,
    to_seconds: Annotated[
        float | None, Field(ge=0, le=MOST_SECONDS, description="Up to and with then; without it to the end.")
    ] = None,
    most_characters: Annotated[int, Field(ge=1000, le=MOST_CHARACTERS)] = 8000,
    cursor: Cursor = None,
) -> shapes.Reading:
    """Read what a terminal showed, as lines with their times: all of it, or a part of the time, page by page."""
    me = caller(Can.VIEW)
    recording = ready(found(me, id))
    since_ms, passed = _place(cursor) if cursor else (round(from_seconds * 1000), 0)
    until_ms = None if to_seconds is None else round(to_seconds * 1000)
    try:
        transcripts.check_made(recording)
    except transcripts.NoTranscript as error:
        raise ToolError(f"{error} recording_screenshot shows moments of it.") from error
    lines, then = _page(transcripts.lines(recording, since_ms=since_ms, until_ms=until_ms), passed, most_characters)
    watching.read(recording, me.by, from_start=not cursor)
    return shapes.Reading(
        id=id,
        complete=bool(recording.terminal.text_complete),
        next_cursor=then,
        untrusted=[shapes.Line(at_seconds=at_ms / 1000, text=text) for at_ms, text in lines],
    )


def _shown(it: Found) -> shapes.Found:
    hits = [
        shapes.Hit(
            at_seconds=None if hit.at_ms is None else hit.at_ms / 1000,
            place=hit.field,
            text=hit.text,
        )
        for hit in it.hits
    ]
    return shapes.Found(recording=shapes.summary(it.recording), untrusted=hits, more=it.more)


def _page(lines: Iterable[tuple[int, str]], passed: int, most: int) -> tuple[list[tuple[int, str]], str | None]:
    """Lines behind the first `passed`, of `most` characters together, and the cursor of what comes after them.

    A cursor is the time of the next line, and how many of the same time have been passed.
    """
    page: list[tuple[int, str]] = []
    moment, same, size = -1, 0, 0
    for number, (at_ms, text) in enumerate(lines):
        moment, same = at_ms, same + 1 if at_ms == moment else 0
        if number < passed:
            continue
        size += len(text) + AROUND_A_LINE
        if size > most and page:
            return page, f"{moment}-{same}"
        page.append((at_ms, text))
    return page, None


def _place(cursor: str) -> tuple[int, int]:
    match = _PLACE.fullmatch(cursor)
    if not match:
        raise ToolError("The cursor is not one that recording_read_text gave; start from the first page.")
    return int(match[1]), int(match[2])
