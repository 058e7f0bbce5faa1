"""Which pages may open a WebSocket, and where pages are told that it is."""

import pytest
from django.test import RequestFactory, override_settings

from recordings.live import vnc
from recordings.live.origins import is_ours
from recordings.views.sessions import live_address


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://sortie.example", "sortie.example", True),
        ("https://sortie.example:443", "sortie.example", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8001", False),
        ("http://localhost:8000", "127.0.0.1:8001", False),
        ("https://evil.example", "sortie.example", False),
        ("https://sortie.example.evil.example", "sortie.example", False),
        ("https://evil.example:8000", "sortie.example", False),
        ("https://partner.example", "sortie.example", True),
        ("https://a.many.example", "sortie.example", True),
        ("https://many.example.evil.example", "sortie.example", False),
        ("http://partner.example", "sortie.example", False),
        ("null", "sortie.example", False),
        ("", "sortie.example", False),
        ("file://", "sortie.example", False),
        ("https://sortie.example:x", "sortie.example", False),
        ("https://sortie.example", "", False),
    ],
)
@pytest.mark.parametrize("hosts", [["*"], ["sortie.example", "127.0.0.1"]])
def test_origins(origin: str, host: str, ours: bool, hosts: list[str]) -> None:
    trusted = ["https://partner.example", "https://*.many.example"]
    with override_settings(ALLOWED_HOSTS=hosts, CSRF_TRUSTED_ORIGINS=trusted, SORTIE_PORT=8000, SORTIE_HTTPS=False):
        assert is_ours(origin, host) is ours


@override_settings(ALLOWED_HOSTS=["sortie.example"], SORTIE_HTTPS=True, SORTIE_PORT=8000)
def test_a_host_that_is_not_ours_and_a_page_that_was_not_encrypted() -> None:
    assert not is_ours("https://other.example", "other.example")
    assert not is_ours("http://sortie.example", "sortie.example:80")


@pytest.mark.parametrize(
    ("setting", "secure", "address"),
    [
        ("", False, "ws://sortie.example:8000/live/sessions/1/vnc"),
        ("", True, "wss://sortie.example:8000/live/sessions/1/vnc"),
        (":8001", False, "ws://sortie.example:8001/live/sessions/1/vnc"),
        ("wss://live.example", True, "wss://live.example/live/sessions/1/vnc"),
        ("ws://127.0.0.1:8001/", False, "ws://127.0.0.1:8001/live/sessions/1/vnc"),
    ],
)
def test_where_the_live_process_is(setting: str, secure: bool, address: str) -> None:
    request = RequestFactory().get("/sessions/1", secure=secure, HTTP_HOST="sortie.example:8000")
    with override_settings(SORTIE_LIVE_URL=setting, ALLOWED_HOSTS=["sortie.example"]):
        assert live_address(request, "/sessions/1") == address


@pytest.mark.parametrize(("behind_proxy", "address"), [(True, "203.0.113.7"), (False, "127.0.0.1")])
def test_whom_the_audit_log_names(behind_proxy: bool, address: str) -> None:
    scope = {"headers": [(b"x-forwarded-for", b"10.0.0.1, 203.0.113.7")], "client": ["127.0.0.1", 4711]}
    with override_settings(SORTIE_BEHIND_PROXY=behind_proxy):
        assert vnc.address_of(scope) == address
    assert vnc.address_of({"headers": [], "client": None}) is None
