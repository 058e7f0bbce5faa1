"""The backend: `ENGINE` of a database is `sortie.sqlite3`."""

from typing import Any, cast

from django.db.backends.sqlite3 import base

from sortie.sqlite3.pool import Connection, pool_of


class DatabaseWrapper(base.DatabaseWrapper):
    """Closing a connection leaves it open for others, unless something went wrong with it."""

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "factory": Connection}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        if self.is_in_memory_db():
            return self._opened(conn_params)
        return pool_of(str(conn_params["database"])).take(lambda: self._opened(conn_params))

    def _opened(self, conn_params: dict[str, Any]) -> Connection:
        return cast(Connection, super().get_new_connection(conn_params))

    def _close(self) -> None:
        connection = cast("Connection | None", self.connection)
        if connection is None or self.is_in_memory_db():
            super()._close()  # type: ignore[misc]  # which django-stubs do not know
            return
        pool = pool_of(str(self.settings_dict["NAME"]))
        if connection.in_transaction or self.errors_occurred:
            pool.lose(connection)
        else:
            pool.give(connection)
