"""What guests see by a share link: a player, a title, and nothing else of Sortie."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from recordings import enrich, segments, sharing
from recordings.audit import address_of
from recordings.models import PictureKind, ShareLink
from recordings.storage import ObjectMissing, StorageUnavailable
from recordings.throttle import TooManyAttempts
from recordings.views.player import player_page

COOKIE = "sortie-visit"

Part = Callable[..., HttpResponseBase]
Answer = TypeVar("Answer", bound=HttpResponseBase)
View = Callable[..., HttpResponseBase]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def page(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The player, behind a question for the password if the link has one."""
    try:
        link = sharing.find(secret)
    except sharing.NoSuchLink:
        return _unlisted(_nowhere(request))
    visit = request.COOKIES.get(COOKIE, "")
    if link.is_used_up and not sharing.is_viewing(link, sharing.visit_of(link, visit)):
        return _unlisted(_nowhere(request))
    if sharing.visit_of(link, visit) is None:
        if link.password:
            return _unlisted(_asked(request, link, secret))
        visit = sharing.new_visit(link)
    response = player_page(request, "recordings/shared/page.html", link.recording, **_context(link, secret, visit))
    return _unlisted(_with_visit(response, secret, visit))


def _asked(request: HttpRequest, link: ShareLink, secret: str) -> HttpResponse:
    problem, wait = "", 0
    if request.method == "POST":
        try:
            sharing.let_in(link, request.POST.get("password", "")[:1000], address_of(request))
            # Another GET, so that a reload asks for nothing.
            return _with_visit(redirect("shared", secret), secret, sharing.new_visit(link))
        except sharing.WrongPassword:
            problem = "This is not the password of this link. Ask whoever gave it to you."
        except TooManyAttempts as error:
            problem, wait = str(error), error.retry_after
    response = render(request, "recordings/shared/password.html", {"problem": problem}, status=429 if wait else 200)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _with_visit(response: Answer, secret: str, visit: str) -> Answer:
    response.set_cookie(
        COOKIE,
        visit,
        max_age=sharing.VISIT_LASTS,
        path=reverse("shared", args=[secret]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _context(link: ShareLink, secret: str, visit: str) -> dict[str, Any]:
    # Programs keep no cookies: they are let in by the address, unless there is a password that it would pass on.
    query = "" if link.password else f"?v={visit}"
    made = {picture.kind for picture in link.recording.pictures.all()}
    offered = {
        "media": True,
        "download": link.can_download,
        "poster": PictureKind.POSTER in made,
        "storyboard_track": PictureKind.STORYBOARD in made,
        "segments": True,
    }
    return {
        "link": link,
        "state": reverse("shared_state", args=[secret]),
        **{part: reverse(f"shared_{part}", args=[secret]) + query for part, there in offered.items() if there},
    }


def _nowhere(request: HttpRequest) -> HttpResponse:
    return render(request, "recordings/shared/nowhere.html", status=404)


def _unlisted(response: Answer) -> Answer:
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


# --- What the page is made of ---------------------------------------------------------------------------------


def _for_guests(part: Part) -> View:
    """Only for a guest who was let in by the link; the first of their requests counts as a view."""

    @require_safe
    @wraps(part)
    def view(request: HttpRequest, secret: str, **which: Any) -> HttpResponseBase:
        try:
            link = sharing.find(secret)
            visit = _visit(request, link)
            if visit is None:
                return HttpResponse(status=403)
            if request.method == "GET":
                sharing.begin(link, visit, address_of(request))
            elif not sharing.is_viewing(link, visit):
                return HttpResponse(status=403)
            response = part(request, link, **which)
        except (sharing.NoSuchLink, enrich.NoPictures, segments.NoSegments):
            return HttpResponse(status=404)
        except StorageUnavailable:
            return HttpResponse(status=503)
        except ObjectMissing:
            return HttpResponse(status=410)
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Cache-Control"] = "private, no-store"
        return response

    return view


def _visit(request: HttpRequest, link: ShareLink) -> UUID | None:
    by_address = "" if link.password else request.GET.get("v", "")
    return sharing.visit_of(link, request.COOKIES.get(COOKIE, "")) or sharing.visit_of(link, by_address)


@_for_guests
def media(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    return sharing.watch(request, link)


@_for_guests
def segment_index(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    return sharing.segment_index(link)


@_for_guests
def segment(request: HttpRequest, link: ShareLink, number: int) -> HttpResponseBase:
    return sharing.segment(request, link, number)


@_for_guests
def download(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    return sharing.download(request, link, address_of(request))


@_for_guests
def poster(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    return _jpeg(link, PictureKind.POSTER)


@_for_guests
def storyboard(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    return _jpeg(link, PictureKind.STORYBOARD)


@_for_guests
def storyboard_track(request: HttpRequest, link: ShareLink) -> HttpResponseBase:
    """Which part of the storyboard shows which moment, as WebVTT."""
    sheet = request.path.replace(".vtt", ".jpg")
    visit = QueryDict(mutable=True)
    visit["v"] = request.GET.get("v", "")
    track = enrich.storyboard_track(link.recording, address=f"{sheet}?{visit.urlencode()}")
    if track is None:
        raise enrich.NoPictures
    return HttpResponse(track, content_type="text/vtt; charset=utf-8", headers=_HARMLESS)


@require_safe
def state(request: HttpRequest, secret: str) -> HttpResponse:
    """204 for as long as the link leads somewhere: a page that is open asks."""
    try:
        sharing.find(secret)
    except sharing.NoSuchLink:
        return HttpResponse(status=404)
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


def _jpeg(link: ShareLink, kind: PictureKind) -> HttpResponse:
    return HttpResponse(enrich.picture(link.recording, kind), content_type="image/jpeg", headers=_HARMLESS)


_HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
