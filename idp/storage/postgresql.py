"""PostgreSQL through psycopg 3: server-side prepared statements, autocommit, one connection a thread."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

import psycopg
from sqlalchemy import BigInteger, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects import postgresql as dialect_module
from sqlalchemy.dialects.postgresql import psycopg as psycopg_dialect
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql import ClauseElement

from idp.errors import Conflict
from idp.fibers import in_fiber
from idp.storage.database import Database, Params, Prepared, Row, Sharing, merged, unavailable
from idp.storage.postgresql_pipeline import Pipeline
from idp.storage.postgresql_pool import FiberPool
from idp.storage.postgresql_sharing import claiming, sharing_of

Connection = psycopg.Connection[Row]

_COPY_TYPES: Final = {Text: "text", Integer: "int4", BigInteger: "int8", LargeBinary: "bytea"}
"""The four column types of ``tables.base`` in the words of a binary COPY."""

_PIPELINES: Final = 2
_SEARCHING: Final = 4
"""One in so many of the others is for searches, which may take long: however many people search, sign-ins go on. The rest is for transactions."""
_MOST: Final = 10
"""Connections of one process's fibers, where nobody says otherwise."""

_OUT_OF_REACH = (psycopg.OperationalError, psycopg.InternalError, psycopg.InterfaceError)
"""InternalError is what a standby answers to a write after a fail-over, and what damaged storage raises."""


class _ErrorMap:
    """Turns the driver's errors into the domain's; one object for all, because hot paths pass through it."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise ``Conflict`` or ``StorageUnavailable`` in place of what the driver raised."""
        if isinstance(error, psycopg.IntegrityError):
            raise Conflict("a stored row already holds this key") from error
        if isinstance(error, _OUT_OF_REACH):
            raise unavailable(error) from error


_MAPPED: Final = _ErrorMap()


class PostgresqlTransaction:
    """An open transaction on one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        """Take the connection on which BEGIN has run."""
        self._connection = connection

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run and return all rows."""
        prepare = False if statement.is_once else None
        cursor = self._connection.execute(statement.sql.encode(), merged(statement, params), prepare=prepare)
        return cursor.fetchall() if cursor.description else []

    def row(self, statement: Prepared, params: Params | None = None) -> Row | None:
        """Run and return the first row, or None."""
        found = self.rows(statement, params)
        return found[0] if found else None

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run and return how many rows were touched."""
        return self._connection.execute(statement.sql.encode(), merged(statement, params)).rowcount

    def run_many(self, statement: Prepared, params: Sequence[Params]) -> None:
        """Run once for each set of values, in one pipeline."""
        with self._connection.cursor() as cursor:
            cursor.executemany(statement.sql.encode(), [merged(statement, each) for each in params])

    def load(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert many whole rows by COPY: about a tenth of the time of as many INSERTs."""
        sql = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with self._connection.cursor() as cursor, cursor.copy(sql.encode()) as copy:
            copy.set_types([_COPY_TYPES[type(table.c[name].type)] for name in columns])
            for row in rows:
                copy.write_row(row)


class PostgresqlDatabase(Database):
    """A PostgreSQL server; a connection that died is replaced at the next use, and the failed call answers 503."""

    name = "postgresql"
    place = re.compile(r"%\((\w+)\)s")

    def __init__(self, url: str, most: int = _MOST) -> None:
        """Take a ``postgresql://`` URL, which is connected at the first use, and how many connections fibers may hold, at least four."""
        super().__init__()
        self.url = url
        self.dialect = psycopg_dialect.PGDialect_psycopg()
        # Of their own, so that what only reads never waits for a commit.
        self._reads, self._writes = Pipeline(url, self.fibers), Pipeline(url, self.fibers)
        searches = max(1, (most - _PIPELINES) // _SEARCHING)
        self._pool = FiberPool(url, self.fibers, most - _PIPELINES - searches)
        self._searches = FiberPool(url, self.fibers, searches)
        self._combined: dict[tuple[str, str], Prepared] = {}

    def insert(self, table: Table) -> Any:
        """Return PostgreSQL's INSERT."""
        return dialect_module.insert(table)

    def rows(self, statement: Prepared, params: Params | None = None) -> list[Row]:
        """Run one statement and return all rows; a search on a connection of its own, for behind a long one all who read would wait."""
        if in_fiber() and not statement.is_once:
            return self._piped(statement, params)[0]
        with self._guarded(self._searches) as connection:
            return PostgresqlTransaction(connection).rows(statement, params)

    def run(self, statement: Prepared, params: Params | None = None) -> int:
        """Run one statement and return how many rows it touched."""
        if in_fiber():
            return self._piped(statement, params)[1]
        with self._guarded() as connection:
            return PostgresqlTransaction(connection).run(statement, params)

    def _sharing(self, statement: ClauseElement, compiled: Compiled, sql: str) -> Sharing:
        """Return how callers that wait for the same batch share one execution of a statement."""
        return sharing_of(statement, compiled, sql)

    @contextmanager
    def transaction(self) -> Iterator[PostgresqlTransaction]:
        """Open a transaction; READ COMMITTED, so what is single-use is claimed by one conditional statement, never read first."""
        with self._guarded() as connection, connection.transaction():
            yield PostgresqlTransaction(connection)

    def claim_and_record(self, claim: Prepared, params: Params, record: Prepared, record_params: Params) -> Row | None:
        """Claim and record as one statement of two data-modifying parts: one round trip, one transaction.

        ``record`` must be a plain ``INSERT … VALUES (…)``; its values become a SELECT from the claimed row, so that nothing is
        recorded when nothing was claimed. They have a prefix, for the claim may bind a value of the same name.
        """
        both = self._combined.get((claim.sql, record.sql))
        if both is None:
            head, _, values = record.sql.partition(" VALUES (")
            body = values.rpartition(")")[0].replace("%(", "%(a_")
            recording = f"{head} SELECT {body}"
            sql = f"WITH claimed AS ({claim.sql}), noted AS ({recording} FROM claimed) SELECT * FROM claimed"  # noqa: S608 - both parts are our own compiled statements; values stay bound
            both = Prepared(sql, claim.constants, sharing=claiming(claim, record, recording))
            self._combined[claim.sql, record.sql] = both
        return self.row(both, {**params, **{f"a_{name}": value for name, value in record_params.items()}})

    def _piped(self, statement: Prepared, params: Params | None) -> tuple[list[Row], int]:
        with _MAPPED:
            return (self._reads if statement.is_read else self._writes).call(statement, params)

    @contextmanager
    def _guarded(self, pool: FiberPool | None = None) -> Iterator[Connection]:
        """Yield this thread's connection, or within a fiber one of a pool's, and turn the driver's errors into the domain's."""
        with _MAPPED:
            if in_fiber():
                with (pool or self._pool).connection() as lent:
                    yield lent
                return
            try:
                yield self._connection()
            except _OUT_OF_REACH:
                self._forget()
                raise

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self.url, autocommit=True, prepare_threshold=1, connect_timeout=5)
            self._local.connection = connection
        return connection

    def connect_apart(self) -> Connection:
        """Return a new connection outside of the pools, for what changes the schema; whoever takes it closes it."""
        return psycopg.connect(self.url, connect_timeout=5)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[bool]:
        """Hold an advisory lock on a connection of its own; the server frees it by itself when the process dies.

        It is given back in so many words: a server process that merely sees its connection end frees the lock some time later.
        """
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
                is_held = bool(row and row[0])
                try:
                    yield is_held
                finally:
                    if is_held:
                        connection.execute("SELECT pg_advisory_unlock(%s)", (number,))
        except _OUT_OF_REACH as error:
            raise unavailable(error) from error

    def close(self) -> None:
        """Close this thread's connection and those of the fibers."""
        self._forget()
        self._reads.close()
        self._writes.close()
        self._pool.close()
        self._searches.close()

    def _forget(self) -> None:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            connection.close()
