"""SQLite, the embedded default: WAL, ``synchronous=FULL`` (class A outlives a power cut), one connection a thread."""

from __future__ import annotations

import fcntl
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite as dialect_module
from sqlalchemy.sql import ClauseElement

from idp.errors import Conflict, StorageUnavailable
from idp.fibers import FiberLock, in_fiber
from idp.storage.commit_place import CommitPlace
from idp.storage.database import Database, Params, Prepared, Row, Take, unavailable
from idp.storage.group_commit import GroupCommitter
from idp.storage.sqlite_batch import SqliteBatch
from idp.storage.sqlite_searches import SqliteSearches
from idp.storage.sqlite_transaction import SqliteTransaction
from idp.storage.sqlite_writer import BUSY_MS, SqliteWriter

_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -1024",
)

_WAL_PAUSE: Final = 0.01
_IN_A_ROW: Final = 4
"""Transactions that are committed on the loop's own thread within one turn of it."""
_OUT_OF_REACH = sqlite3.DatabaseError
"""A damaged file raises this class itself, a locked or unreadable one a subclass; IntegrityError is sorted out before."""


def _unavailable(error: sqlite3.DatabaseError) -> StorageUnavailable:
    """Return the domain's error; raises the driver's own for a fault of ours, which must not look like an outage."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.DataError):
        raise error
    return unavailable(error)


def _taking(names: list[str]) -> Take:
    """Return what takes the values of these names out of a mapping, in their order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda params: [params[name] for name in names]


def _mapped(error: sqlite3.DatabaseError) -> Exception:
    """Return ``Conflict`` or ``StorageUnavailable`` for what the driver raised."""
    is_taken = isinstance(error, sqlite3.IntegrityError)
    return Conflict("a stored row already holds this key") if is_taken else _unavailable(error)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Make the file write ahead, which it then is for good; raises the driver's error where somebody writes all the time.

    A new or restored file is opened by many at once. SQLite reads it, wants to write its header, and waits for no other writer in between.
    """
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_PAUSE)
        else:
            return


class SqliteDatabase(Database):
    """A database file; many processes may share it, one of them writes at a time."""

    name = "sqlite"
    # Not what follows a colon in a text such as 'token:refresh_token'.
    place = re.compile(r"(?<![:\w]):(\w+)")

    def __init__(self, path: Path) -> None:
        """Take the file's path; it is opened at the first use."""
        super().__init__()
        self.path = path
        self._place = CommitPlace()
        self._group = GroupCommitter(self.fibers, self._shared_batch, self._place)
        self._batch: SqliteBatch | None = None
        self._writing = FiberLock(self.fibers)
        self._writer: SqliteWriter | None = None
        self._in_a_row = 0
        self._searches = SqliteSearches(self.fibers, self._open)
        self.dialect = dialect_module.dialect(paramstyle="named")

    def prepare(self, statement: ClauseElement, *, is_hot: bool = False) -> Prepared:
        """Compile with numbered places: the driver looks up each named one, which takes it as long as to bind it."""
        named = super().prepare(statement, is_hot=is_hot)
        names = [match[1] for match in self.place.finditer(named.sql)]
        return replace(named, sql=self.place.sub("?", named.sql), take=_taking(names))

    def insert(self, table: Table) -> Any:
        """Return SQLite's INSERT."""
        return dialect_module.insert(table)

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run one statement and return all rows; readers never wait, so a fiber's SELECT runs at once, unless it is a search, which may take long."""
        try:
            if in_fiber():
                if not statement.is_read:
                    return self._group.submit(lambda tx: tx.rows(statement, params))
                if statement.is_once:
                    return self._searches.run(lambda found: SqliteTransaction(found).rows(statement, params))
            return self._own().rows(statement, params)
        except _OUT_OF_REACH as error:
            raise _mapped(error) from error

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run one statement and return how many rows it touched."""
        try:
            if in_fiber():
                touched: int = self._group.submit(lambda tx: tx.run(statement, params))
                return touched
            return self._own().run(statement, params)
        except _OUT_OF_REACH as error:
            raise _mapped(error) from error

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Open a write transaction; IMMEDIATE, so that it waits for its turn at the start instead of failing in the middle.

        A fiber gets a connection of its own for it, and pauses while the file's lock, or a slow disk, is waited for.
        """
        try:
            with self._of_fiber() if in_fiber() else self._of_thread() as tx:
                yield tx
        except _OUT_OF_REACH as error:
            raise _mapped(error) from error

    @contextmanager
    def _of_thread(self) -> Iterator[SqliteTransaction]:
        """Open one on this thread's connection; one that failed is closed."""
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(connection)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except _OUT_OF_REACH as error:
            if not isinstance(error, sqlite3.IntegrityError):
                self._forget()
            raise

    @contextmanager
    def _of_fiber(self) -> Iterator[SqliteTransaction]:
        """Open one on the fibers' own connection, to one fiber at a time.

        One at a time: fibers that wait for the file's lock would take up the threads that the one who has it needs for its commit.
        """
        with self._writing:
            writer, self._writer = self._writer or SqliteWriter(self._open()), None
            try:
                if not writer.try_begin():
                    self.fibers.elsewhere(writer.begin)
                try:
                    yield SqliteTransaction(writer.connection)
                    self._commit(writer)
                except BaseException as error:
                    writer.rollback()
                    if not writer.is_usable:
                        raise writer.given_up() from error
                    raise
            finally:
                self._writer = writer if writer.is_usable else None

    def _commit(self, writer: SqliteWriter) -> None:
        """Commit for a fiber, which pauses where that is slow; and every few times in any case, so that a long row of them lets others run."""
        if self._in_a_row >= _IN_A_ROW or not self._place.is_here():
            self._in_a_row = 0
            self.fibers.elsewhere(writer.commit)
            return
        if not self._in_a_row:
            self.fibers.loop.call_soon(self._turned)
        self._in_a_row += 1
        self._place.wait_here(writer.commit)

    def _turned(self) -> None:
        self._in_a_row = 0

    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """Claim and record in one transaction; writes of other fibers may share its commit (``group_commit``)."""
        if in_fiber():
            try:
                claimed: Row | None = self._group.submit(
                    lambda tx: tx.claim_and_record(claim, params, record, record_params)
                )
            except _OUT_OF_REACH as error:
                raise _mapped(error) from error
            return claimed
        with self.transaction() as tx:
            return tx.claim_and_record(claim, params, record, record_params)

    def _own(self) -> SqliteTransaction:
        """Return what runs single statements on this thread's connection."""
        own: SqliteTransaction | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = SqliteTransaction(self._connection())
        return own

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        return connection

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, cached_statements=512, check_same_thread=False, timeout=BUSY_MS / 1000
        )
        try:
            _write_ahead(connection)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _shared_batch(self) -> SqliteBatch:
        if self._batch is None or not self._batch.is_usable:
            self._batch = SqliteBatch(self._open())
        return self._batch

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
        """Close this thread's connection and those of the fibers."""
        self._forget()
        self._searches.close()
        batch, self._batch = self._batch, None
        writer, self._writer = self._writer, None
        if batch is not None:
            batch.close()
        if writer is not None:
            writer.close()

    def _forget(self) -> None:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = self._local.own = None
            connection.close()
