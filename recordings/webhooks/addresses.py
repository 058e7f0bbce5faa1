"""Where a webhook may be sent: to the public internet, and to those private networks that are allowed by name.

Whoever may name an address could otherwise have Sortie ask machines that they themselves cannot reach. The name is
looked up once, and what was checked is what is connected to.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

Address = IPv4Address | IPv6Address

# IPv6 addresses that stand for one of IPv4: https://www.rfc-editor.org/rfc/rfc6052 and rfc8215.
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


class BadAddress(ValueError):
    """Nothing may be sent there; the text says why."""


def parsed(url: str) -> SplitResult:
    """The parts of an address that could be a webhook's. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress("This is no address.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadAddress("The address must begin with https:// or http://, and name a machine.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadAddress("The address must have no user name, password or fragment.")
    if any(character <= " " or character > "~" for character in url):
        raise BadAddress("The address has characters that none may have; write it as a browser's address bar does.")
    return parts


def resolved(url: str) -> str:
    """The IP address to connect to.

    Raises:
        BadAddress: the name is not known, or one of its addresses is private and not allowed.
    """
    parts = parsed(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress(f"{parts.hostname} is not known.") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not may_be_reached(ip_address(address)):
            named = "" if address == parts.hostname else f"{parts.hostname} is {address}: "
            reason = "is a private address, which SORTIE_WEBHOOK_NETWORKS does not allow"
            raise BadAddress(f"{named}{address} {reason}.")
    return addresses[0]


def may_be_reached(address: Address) -> bool:
    """Whether an address is public, or in one of the networks that are allowed."""
    address = _meant(address)
    if any(address in network for network in settings.SORTIE_WEBHOOK_NETWORKS):
        return True
    is_odd = address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False)
    return address.is_global and not is_odd


def _meant(address: Address) -> Address:
    """The IPv4 address that one of IPv6 leads to, if it leads to one."""
    if isinstance(address, IPv4Address):
        return address
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
