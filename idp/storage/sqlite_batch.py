"""The transaction that many writes of the embedded database share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from idp.storage.sqlite_transaction import SharedTransaction, SqliteTransaction

BUSY_MS: Final = 15_000
"""Milliseconds that a writer waits for the file's lock."""


class SqliteBatch:
    """A ``Batch`` on a connection of its own, which waits for no lock unless it is told to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        self._connection = connection
        self._shared = SharedTransaction(connection)
        self._single = SqliteTransaction(connection)
        self.is_usable = True
        """False once the connection could not take back what it had begun."""
        connection.execute("PRAGMA busy_timeout = 0")

    def try_begin(self) -> bool:
        """Take the write lock if no other process has it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    def begin(self) -> None:
        """Wait for the write lock as long as any other writer would; raises the driver's error where the connection was given up.

        In so many words: what a closed connection says by itself is the driver's word for a fault of ours, and no answer to a full disk.
        """
        if not self.is_usable:
            message = "what had begun could not be taken back"
            raise sqlite3.OperationalError(message)
        self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.execute("PRAGMA busy_timeout = 0")

    def run(self, work: Callable[[Any], Any], *, alone: bool) -> Any:
        """Run one write, behind a savepoint where its failure must not touch the others.

        A full disk makes SQLite take the whole transaction back by itself. A savepoint after that would be a transaction of its own, which ends
        with its release: the write would be there, and its caller be told that the batch failed.
        """
        connection = self._connection
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
        """Take everything back; a connection that cannot is of no use to anybody and is made anew."""
        self._shared.forget()
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.is_usable = False
            self._connection.close()

    def close(self) -> None:
        """Close the connection."""
        self.is_usable = False
        self._connection.close()

    def commit(self) -> None:
        """Flush."""
        self._shared.forget()
        self._connection.execute("COMMIT")
