"""Connections to the database are few, and clients may be slow: nobody keeps one while bytes are on their way."""

from django.db import connection


def give_back() -> None:
    """Let another request have this one's connection; the next query takes a new one. Not inside a transaction."""
    if not connection.in_atomic_block:
        connection.close()
