"""Open transactions of SQLite: one of its own, and one that many writes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from idp.storage.database import Params, Prepared, Row, merged


def bound(statement: Prepared, params: Params | None) -> Any:
    """Return the values as the driver takes them; by name only in SQL that nobody prepared."""
    if statement.take is None:
        return merged(statement, params)
    return statement.take(merged(statement, params) if statement.constants else params or {})


class SqliteTransaction:
    """An open write transaction on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection on which BEGIN IMMEDIATE has run."""
        self._connection = connection

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run and return all rows."""
        return self._connection.execute(statement.sql, bound(statement, params)).fetchall()

    def row(self, statement: Prepared, params: Params | None = None) -> Row | None:
        """Run and return the first row, or None."""
        found = self.rows(statement, params)
        return found[0] if found else None

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run and return how many rows were touched."""
        return self._connection.execute(statement.sql, bound(statement, params)).rowcount

    def run_many(self, statement: Prepared, params: Sequence[Params]) -> None:
        """Run once for each set of values."""
        self._connection.executemany(statement.sql, [bound(statement, each) for each in params])

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many whole rows with one prepared statement."""
        places = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of our own tables and columns
        self._connection.executemany(sql, rows)

    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """As ``Database.claim_and_record``, within this transaction."""
        row = self.row(claim, params)
        if row is not None:
            self.run(record, record_params)
        return row


class SharedTransaction(SqliteTransaction):
    """One that many writes share, which does for all of them at once what each would do in the same way.

    Records are inserted together by ``settle``: a call of the driver costs as much as half of an INSERT. A claim that reads and takes no values
    (the versions of the registries) is read once, until something is written in between.
    """

    __slots__ = ("_claimed", "_records")

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Owe nothing yet."""
        super().__init__(connection)
        self._records: dict[str, list[Any]] = {}
        self._claimed: dict[str, Row | None] = {}

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run and return all rows."""
        self._claimed.clear()
        return super().rows(statement, params)

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run and return how many rows were touched."""
        self._claimed.clear()
        return super().run(statement, params)

    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """As ``Database.claim_and_record``; the record is inserted by ``settle``."""
        row = self._claim(claim, params)
        if row is not None:
            self._records.setdefault(record.sql, []).append(bound(record, record_params))
        return row

    def _claim(self, claim: Prepared, params: Params) -> Row | None:
        if params or claim.constants or not claim.is_read:
            return self.row(claim, params)
        if claim.sql not in self._claimed:
            found = super().rows(claim, params)
            self._claimed[claim.sql] = found[0] if found else None
        return self._claimed[claim.sql]

    def settle(self) -> None:
        """Insert what is owed; before the commit."""
        owed, self._records = self._records, {}
        for sql, values in owed.items():
            self._connection.executemany(sql, values)

    def forget(self) -> None:
        """Owe nothing, and know nothing, of a transaction that has ended or was taken back."""
        self._records.clear()
        self._claimed.clear()
