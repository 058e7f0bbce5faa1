"""Where webhooks may go: nobody makes Sortie ask machines that they cannot reach themselves."""

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.utils import timezone
from pytest_django import Settings

from recordings import retention
from recordings.audit import Actor
from recordings.models import Delivery, User, Webhook
from recordings.webhooks import addresses, manage, sending
from recordings.webhooks.addresses import BadAddress
from tests.hooked import ALL, LOCAL, work
from tests.making import started
from tests.receiver import Receiver, listening

pytestmark = pytest.mark.django_db


PRIVATE = [
    *(
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
    ),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_in_any_disguise(address: str) -> None:
    assert not addresses.may_be_reached(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_ones_are_reached(address: str) -> None:
    assert addresses.may_be_reached(ip_address(address))


def test_what_is_allowed_by_name_is_and_nothing_beside_it(settings: Settings) -> None:
    settings.SORTIE_WEBHOOK_NETWORKS = [ip_network("10.1.0.0/16"), ip_network("fd00::/8")]
    allowed = ["10.1.2.3", "10.2.0.1", "::ffff:10.1.0.9", "fd12::1", "127.0.0.1"]
    assert [addresses.may_be_reached(ip_address(one)) for one in allowed] == [True, False, True, True, False]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1/",
            "http://localhost/",
            "https://[::1]/",
            "http://0/",
            "http://2130706433/",
            "http://0x7f.1/",
        ),
        *("http://127.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/latest/meta-data/"),
    ],
)
def test_nobody_makes_us_ask_ourselves(ada: User, url: str) -> None:
    with pytest.raises(BadAddress, match="private address"):
        manage.add(url, ALL, Actor(ada))
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "x",
            "//example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_",
            "https://",
        ),
        *(
            "https://user:word@example.com",
            "https://example.com/#x",
            "https://example.com:0",
            "https://example.com:99999",
        ),
        *(
            "https://exa mple.com",
            "https://example.com/\r\nX: y",
            "https://[::1",
            "https://example.com/é",
            "https:///x",
        ),
    ],
)
def test_what_is_no_address_is_refused(ada: User, url: str) -> None:
    with pytest.raises(BadAddress):
        manage.add(url, ALL, Actor(ada))


def test_a_name_that_leads_elsewhere_by_now_is_looked_at_again(
    alice: User, hook: Webhook, receiver: Receiver, settings: Settings
) -> None:
    """Its address was allowed when it was added."""
    settings.SORTIE_WEBHOOK_NETWORKS = []
    retention.delete(started(alice), Actor(alice))
    work()
    assert receiver.told == []
    assert "private address" in Delivery.objects.get().error


def test_a_name_with_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*ips: str) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ips]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    answers("1.1.1.1", "10.0.0.1")
    with pytest.raises(BadAddress, match=r"10\.0\.0\.1"):
        addresses.resolved("https://rebinding.example")
    answers("1.1.1.1", "1.0.0.1")
    assert addresses.resolved("https://example.com") == "1.1.1.1"


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A name server that answers with another address the next time changes nothing."""
    lookups: list[str] = []
    really = socket.getaddrinfo

    def rebinding(host: str, *rest: Any, **more: Any) -> Any:
        if host == "rebinding.example":
            lookups.append(host)
            host = "127.0.0.1" if len(lookups) == 1 else "10.255.255.1"
        return really(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    settings.SORTIE_WEBHOOK_NETWORKS = LOCAL
    with listening() as receiver:
        url = receiver.url.replace("127.0.0.1", "rebinding.example")
        assert sending.post(url, secret="whsec_AAAA", message="m", timestamp=1, body="{}") == 204
        assert receiver.told[0].headers["Host"] == url.removeprefix("http://")
    assert len(lookups) == 1


# --- TLS ------------------------------------------------------------------------------------------------------

NAMED = "hooks.example"


@pytest.fixture
def certified(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[Receiver]:
    """A receiver on this machine with a certificate for NAMED, which is looked up as every other name is here."""
    really = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: really("127.0.0.1", *rest, **more))
    settings.SORTIE_WEBHOOK_NETWORKS = LOCAL
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path / "hooks.pem"))
    with listening(context) as receiver:
        receiver.url = receiver.url.replace("127.0.0.1", NAMED)
        yield receiver


def certificate(path: Path) -> Path:
    """One that is its own authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMED)])
    now = timezone.now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAMED)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + secret)
    return path


def posted(url: str) -> int:
    return sending.post(url, secret="whsec_AAAA", message="m", timestamp=1, body="{}")


@pytest.mark.only("single")
def test_a_receiver_shows_that_it_is_the_one_it_is_called(
    certified: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(sending.NotDelivered, match="certificate cannot be trusted"):
        posted(certified.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "hooks.pem"))
    assert posted(certified.url) == 204
    with pytest.raises(sending.NotDelivered, match="certificate cannot be trusted"):
        posted(certified.url.replace(NAMED, "others.example"))
    assert len(certified.told) == 1
