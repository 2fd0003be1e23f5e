"""The transaction that many writes of the embedded database share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from idp.storage.sqlite_transaction import SharedTransaction, SqliteTransaction
from idp.storage.sqlite_writer import SqliteWriter


class SqliteBatch(SqliteWriter):
    """A ``Batch`` on a connection of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        super().__init__(connection)
        self._shared = SharedTransaction(connection)
        self._single = SqliteTransaction(connection)

    def run(self, work: Callable[[Any], Any], *, alone: bool) -> Any:
        """Run one write, behind a savepoint where its failure must not touch the others.

        A full disk makes SQLite take the whole transaction back by itself. A savepoint after that would be a transaction of its own, which ends
        with its release: the write would be there, and its caller be told that the batch failed.
        """
        connection = self.connection
        if not alone:
            return work(self._shared)
        if not connection.in_transaction:
            message = "the transaction was taken back as a whole"
            raise sqlite3.OperationalError(message)
        connection.execute("SAVEPOINT member")
        try:
            return work(self._single)
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK TO member")
            raise
        finally:
            if connection.in_transaction:
                connection.execute("RELEASE member")

    def settle(self) -> None:
        """Write what the members left to be written together; raises the driver's error for any of them."""
        self._shared.settle()

    def rollback(self) -> None:
        """Take everything back, and owe nothing."""
        self._shared.forget()
        super().rollback()

    def commit(self) -> None:
        """Make it durable."""
        self._shared.forget()
        super().commit()
