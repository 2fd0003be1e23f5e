"""SQLite, the embedded default: WAL, ``synchronous=FULL`` (class A outlives a power cut), one connection a thread."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite as dialect_module

from idp.errors import Conflict, StorageUnavailable
from idp.storage.database import Database, Executor, Params, Prepared, Row, merged, unavailable
from idp.storage.group_commit import GroupCommitter

_BUSY_MS = 15_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -1024",
)

_OUT_OF_REACH = sqlite3.DatabaseError
"""A damaged file raises this class itself, a locked or unreadable one a subclass; IntegrityError is sorted out before."""


def _unavailable(error: sqlite3.DatabaseError) -> StorageUnavailable:
    """Return the domain's error; raises the driver's own for a fault of ours, which must not look like an outage."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.DataError):
        raise error
    return unavailable(error)


class SqliteTransaction:
    """An open write transaction on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection on which BEGIN IMMEDIATE has run."""
        self._connection = connection

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run and return all rows."""
        return self._connection.execute(statement.sql, merged(statement, params)).fetchall()

    def row(self, statement: Prepared, params: Params | None = None) -> Row | None:
        """Run and return the first row, or None."""
        found = self.rows(statement, params)
        return found[0] if found else None

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run and return how many rows were touched."""
        return self._connection.execute(statement.sql, merged(statement, params)).rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did when an exception leaves it."""
        self._connection.execute("SAVEPOINT member")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO member")
            raise
        finally:
            self._connection.execute("RELEASE member")

    def run_many(self, statement: Prepared, params: Sequence[Params]) -> None:
        """Run once for each set of values."""
        self._connection.executemany(statement.sql, [merged(statement, each) for each in params])

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many whole rows with one prepared statement."""
        places = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of our own tables and columns
        self._connection.executemany(sql, rows)


class SqliteDatabase(Database):
    """A database file; many processes may share it, one of them writes at a time."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        """Take the file's path; it is opened at the first use, in each thread."""
        super().__init__()
        self.path = path
        self._group = GroupCommitter(self._begin)
        self.dialect = dialect_module.dialect(paramstyle="named")

    def insert(self, table: Table) -> Any:
        """Return SQLite's INSERT."""
        return dialect_module.insert(table)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, isolation_level=None, cached_statements=512, check_same_thread=False, timeout=_BUSY_MS / 1000
            )
            try:
                for pragma in _PRAGMAS:
                    connection.execute(pragma)
            except BaseException:
                connection.close()
                raise
            self._local.connection = connection
        return connection

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run one statement and return all rows."""
        try:
            return self._connection().execute(statement.sql, merged(statement, params)).fetchall()
        except sqlite3.IntegrityError as error:
            raise Conflict("a stored row already holds this key") from error
        except _OUT_OF_REACH as error:
            raise _unavailable(error) from error

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run one statement and return how many rows it touched."""
        try:
            with self.turnstile.outside():
                return self._connection().execute(statement.sql, merged(statement, params)).rowcount
        except sqlite3.IntegrityError as error:
            raise Conflict("a stored row already holds this key") from error
        except _OUT_OF_REACH as error:
            raise _unavailable(error) from error

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Open a write transaction and step outside for it: it waits for the file's lock and for the flush."""
        with self.turnstile.outside(), self._begin() as tx:
            yield tx

    @contextmanager
    def _begin(self) -> Iterator[SqliteTransaction]:
        """Open a write transaction; IMMEDIATE, so that it waits for its turn at the start instead of failing in the middle."""
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise Conflict("a stored row already holds this key") from error
        except _OUT_OF_REACH as error:
            self.close()
            raise _unavailable(error) from error

    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """Claim and record in one transaction; writes of other threads may share its commit (``group_commit``)."""

        def work(tx: Executor) -> Row | None:
            row = tx.row(claim, params)
            if row is not None:
                tx.run(record, record_params)
            return row

        try:
            with self.turnstile.outside():
                return self._group.submit(work)
        except sqlite3.IntegrityError as error:
            raise Conflict("a stored row already holds this key") from error
        except _OUT_OF_REACH as error:
            raise _unavailable(error) from error

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        """Hold a lock file beside the database; the kernel frees it when the process dies."""
        try:
            handle = self.path.with_name(f"{self.path.name}.{name}.lock").open("a")
        except OSError as error:
            raise unavailable(error) from error
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            connection.close()
