"""The opening of a VNC connection (RFC 6143), on both sides of the bridge.

The portal signs in to the desktop itself and then offers the browser a connection without a password, so the
password never leaves the portal.
"""

import asyncio
import struct
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

VERSION = b"RFB 003.008\n"
NO_PASSWORD, WITH_PASSWORD = 1, 2
LONGEST_REASON = 4096


class Refused(Exception):
    """The other side does not let us in, or does not speak RFB as we do; the text is for a person."""


class Source(Protocol):
    async def readexactly(self, n: int, /) -> bytes: ...


class Sink(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...


async def sign_in(desktop: Source, to_desktop: Sink, password: str) -> None:
    """Open the connection to a desktop, up to where the client says whether it shares. Raises Refused."""
    try:
        await _sign_in(desktop, to_desktop, password)
    except asyncio.IncompleteReadError as error:
        raise Refused("The desktop closed the connection.") from error


async def _sign_in(desktop: Source, to_desktop: Sink, password: str) -> None:
    version = await desktop.readexactly(12)
    if not version.startswith(b"RFB ") or version < b"RFB 003.007\n":
        raise Refused("The address answers, but not as a VNC server of version 3.7 or later.")
    speaks_3_8 = version >= VERSION
    await _send(to_desktop, VERSION if speaks_3_8 else b"RFB 003.007\n")
    offered = await _offered(desktop)
    if NO_PASSWORD in offered:
        await _send(to_desktop, bytes([NO_PASSWORD]))
        if not speaks_3_8:
            return
    elif WITH_PASSWORD in offered:
        await _send(to_desktop, bytes([WITH_PASSWORD]))
        await _send(to_desktop, answer(await desktop.readexactly(16), password))
    else:
        raise Refused("The desktop wants a way of signing in that Sortie does not know.")
    (result,) = struct.unpack("!I", await desktop.readexactly(4))
    if result:
        reason = f": {await _reason(desktop)}" if speaks_3_8 else ""
        raise Refused(f"The desktop refused the password{reason}.")


async def _offered(desktop: Source) -> bytes:
    (count,) = await desktop.readexactly(1)
    if not count:
        raise Refused(f"The desktop refused the connection: {await _reason(desktop)}.")
    return await desktop.readexactly(count)


async def _reason(desktop: Source) -> str:
    (length,) = struct.unpack("!I", await desktop.readexactly(4))
    text = await desktop.readexactly(min(length, LONGEST_REASON))
    return text.decode("utf-8", "replace").strip(" .\n")


async def welcome(browser: Source, to_browser: Sink) -> None:
    """Open the connection to a browser the same far, without a password. Raises Refused."""
    try:
        await _send(to_browser, VERSION)
        if await browser.readexactly(12) != VERSION:
            raise Refused("The viewer does not speak RFB 3.8.")
        await _send(to_browser, bytes([1, NO_PASSWORD]))
        if await browser.readexactly(1) != bytes([NO_PASSWORD]):
            raise Refused("The viewer asks for a way of signing in that was not offered.")
        await _send(to_browser, struct.pack("!I", 0))
    except asyncio.IncompleteReadError as error:
        raise Refused("The viewer closed the connection.") from error


def answer(challenge: bytes, password: str) -> bytes:
    """The response of VNC authentication (RFC 6143, 7.2.2): the challenge, encrypted with DES by the password.

    The key is the password's first eight bytes, each with its bits in reverse.
    """
    key = password.encode("latin-1", "replace")[:8].ljust(8, b"\0")
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    # DES is three-fold DES with the same key thrice. RFB knows nothing better; the bridge keeps it off the network
    # of the browser.
    encryptor = Cipher(TripleDES(mirrored * 3), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(challenge) + encryptor.finalize()


async def _send(sink: Sink, data: bytes) -> None:
    sink.write(data)
    await sink.drain()
