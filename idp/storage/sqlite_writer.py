"""A connection of SQLite that writes for fibers: it knows beforehand what would wait, so that only that is waited for elsewhere."""

from __future__ import annotations

import sqlite3
from typing import Final

BUSY_MS: Final = 15_000
"""Milliseconds that a writer waits for the file's lock."""


class SqliteWriter:
    """A connection that waits for no lock unless it is told to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        self.connection = connection
        self.is_usable = True
        """False once the connection could not take back what it had begun."""
        connection.execute("PRAGMA busy_timeout = 0")

    def try_begin(self) -> bool:
        """Take the write lock if no other process has it."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True

    def begin(self) -> None:
        """Wait for the write lock as long as any other writer would; raises the driver's error where the connection was given up."""
        if not self.is_usable:
            raise self.given_up()
        self.connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        finally:
            self.connection.execute("PRAGMA busy_timeout = 0")

    def commit(self) -> None:
        """Flush."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Take everything back; a connection that cannot is of no use to anybody and is made anew."""
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    def given_up(self) -> sqlite3.OperationalError:
        """Return the error of a connection that is not usable any more.

        In so many words: what a closed connection says by itself is the driver's word for a fault of ours, and no answer to a full disk.
        """
        return sqlite3.OperationalError("what had begun could not be taken back")

    def close(self) -> None:
        """Close the connection."""
        self.is_usable = False
        self.connection.close()
