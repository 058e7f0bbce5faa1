"""Short secrets kept in the database, readable only with the portal's SECRET_KEY."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The secret was written with a key that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS."""


def seal(text: str) -> str:
    """`text`, encrypted and authenticated; empty stays empty."""
    return _keys().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """What `seal` was given. Raises Unreadable."""
    try:
        return _keys().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken as error:
        raise Unreadable("A stored password cannot be read with the present SECRET_KEY; set it again.") from error


def resealed(sealed: str) -> str:
    """The same secret, written with SECRET_KEY whichever key it was written with. Raises Unreadable."""
    try:
        return _keys().rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("It was written with a key that is not known any more.") from error


def _keys() -> MultiFernet:
    keys = [str(settings.SECRET_KEY), *map(str, settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sortie stored secrets").derive(key.encode())
