"""Connections to the database are few, and clients may be slow: nobody keeps one while bytes are on their way."""

from django.db import connection


def give_back() -> None:
    """Let another request have this one's connection; the next query takes a new one. Not inside a transaction.

    A thread's own connection that is open for good (SQLite) is no use to others and stays.
    """
    for_good = connection.settings_dict["CONN_MAX_AGE"] is None
    if not for_good and not connection.in_atomic_block:
        connection.close()
