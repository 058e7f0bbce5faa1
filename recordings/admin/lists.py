"""Lists of any length: newest first, a page at a time by key, never counted."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import F
from django.http import HttpRequest
from django.utils.text import capfirst

from recordings import library
from recordings.admin import search


class Newest(ChangeList):
    """The newest rows, as many as fit on one page. For what nobody reads further back in."""

    older = ""  # where the next page is
    further = ""  # where the search goes on, if it stopped before the last row

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = getattr(self.model_admin, "heading", "") or capfirst(str(self.opts.verbose_name_plural))

    def get_results(self, request: HttpRequest) -> None:
        self.result_list = self.read(request)
        self.result_count = len(self.result_list)
        self.full_result_count = None
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = self.multi_page = False
        self.first_page = not request.GET.get(PAGE_VAR)

    def read(self, request: HttpRequest) -> list[Any]:
        """The rows of this page."""
        return list(self.queryset[: self.list_per_page])


class NewestFirst(Newest):
    """Pages by key, as the library's: the last is as quick as the first. A cursor takes the page number's place."""

    def read(self, request: HttpRequest) -> list[Any]:
        newest_by = getattr(self.model_admin, "newest_by", "created_at")
        rows = self.queryset
        if newest_by != "created_at":
            rows = rows.annotate(created_at=F(newest_by))
        try:
            page = library.page(rows, cursor=request.GET.get(PAGE_VAR, ""), limit=self.list_per_page)
        except library.BadCursor as error:
            raise IncorrectLookupParameters(str(error)) from error
        if page.next_cursor:
            self.older = self.get_query_string({PAGE_VAR: page.next_cursor})
        return page.rows


class Searched(NewestFirst):
    """Looks for an id, else for words, and goes on further back where it stopped before the last row."""

    def read(self, request: HttpRequest) -> list[Any]:
        if not self.query.strip():
            return super().read(request)
        found = search.by_id(self.queryset, self.query)
        if found is not None:
            self.queryset = found
            return super().read(request)
        try:
            page = self.look(request.GET.get(PAGE_VAR, ""))
        except library.BadCursor as error:
            raise IncorrectLookupParameters(str(error)) from error
        if page.next_cursor:
            link = self.get_query_string({PAGE_VAR: page.next_cursor})
            self.older, self.further = ("", link) if page.stopped else (link, "")
        return page.rows

    def look(self, cursor: str) -> library.Page:
        """A page of the rows that have the words of the query."""
        raise NotImplementedError


class RecordingList(Searched):
    def look(self, cursor: str) -> library.Page:
        return search.recordings(self.queryset, self.query, cursor, self.list_per_page)


class SessionList(Searched):
    def look(self, cursor: str) -> library.Page:
        return search.sessions(self.queryset, self.query, cursor, self.list_per_page)
