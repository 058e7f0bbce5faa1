"""Guesses at secrets, slowed down.

An attempt is written down before the secret is looked at and taken back if it was right, so that a hundred guesses
at once get no further than five in a row. The rows are in the database: the limit holds across processes and needs
no cache.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import transaction
from django.utils import timezone

from recordings.models import Attempt

WINDOW = timedelta(minutes=5)


class TooManyAttempts(Exception):
    """No more attempts are looked at for `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Limit:
    """At most `tries` attempts that failed, in any five minutes, by those of whom all of `who` is the same."""

    tries: int
    who: tuple[str, ...]

    @property
    def bucket(self) -> str:
        return sha256("\0".join(self.who).encode("utf-8", "surrogatepass")).hexdigest()[:40]


class Attempting:
    """An attempt under way."""

    right = False

    def succeed(self) -> None:
        """The secret was right: the attempt does not count."""
        self.right = True


@contextmanager
def attempt(*limits: Limit) -> Iterator[Attempting]:
    """Look at a secret inside of this. Not inside a transaction: nobody else would see the attempt.

    Raises:
        TooManyAttempts: one of the limits is reached; the secret must not be looked at.
    """
    _refuse(limits, timezone.now(), mine=0)
    with transaction.atomic():
        rows = Attempt.objects.bulk_create(Attempt(bucket=limit.bucket) for limit in limits)
    keys = [row.pk for row in rows]
    try:
        # Of those that came at the same moment the last one sees all others, so never too many get through.
        _refuse(limits, timezone.now(), mine=1)
    except TooManyAttempts:
        Attempt.objects.filter(pk__in=keys).delete()
        raise
    attempting = Attempting()
    yield attempting
    if attempting.right:
        Attempt.objects.filter(pk__in=keys).delete()


def network_of(address: str | None) -> str:
    """Where an address belongs to for counting: a home or a server has 2^64 addresses of IPv6."""
    if not address:
        return ""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return address


def forget(now: datetime) -> int:
    """Remove attempts that no longer count; how many."""
    return Attempt.objects.filter(at__lt=now - WINDOW).delete()[0]


def _refuse(limits: Sequence[Limit], now: datetime, *, mine: int) -> None:
    for limit in limits:
        newest = Attempt.objects.filter(bucket=limit.bucket, at__gt=now - WINDOW).order_by("-at")
        times = list(newest.values_list("at", flat=True)[: limit.tries + mine])
        if len(times) == limit.tries + mine:
            raise TooManyAttempts(max(1, int((times[-1] + WINDOW - now).total_seconds())))
