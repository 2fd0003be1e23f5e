"""The stores that contract suites run over: an empty, migrated database of each kind for every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import Table, select

from idp.services.audit import AuditLog
from idp.services.audit_tree import AuditTree
from idp.storage import migrate
from idp.storage.audit import SqlAuditStore
from idp.storage.audit_tree import SqlAuditTree
from idp.storage.database import Database
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts, metadata
from tests.support.clock import START, FrozenClock
from tests.support.keys import make_sealer
from tests.support.servers import PostgresServer, RedisServer, Server, ServerMissingError

T = TypeVar("T")
S = TypeVar("S", bound=Server)
AUDIT_KEY = b"\x11" * 32
SEALER = make_sealer()
"""Real sealing; one key for the whole run."""

_NUMBERS = count()
_TEMPLATE = "dd_template"

EACH_DATABASE = ("sqlite", pytest.param("postgresql", marks=pytest.mark.servers))


def migrated(database: Database) -> Database:
    """Bring an empty database to the schema: by migrations as soon as there is one, from the tables until then."""
    if migrate.newest() is not None:
        migrate.upgrade(database)
        return database
    engine = migrate.engine(database)
    metadata.create_all(engine)
    engine.dispose()
    return database


@contextmanager
def running(server: S) -> Iterator[S]:
    """Run a server for the block; skips the test where its program is not installed."""
    try:
        server.start()
    except ServerMissingError as missing:
        server.close()
        pytest.skip(f"{missing}: apt-get install postgresql redis-server slapd")
    with closing(server):
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """Run one PostgreSQL for the session."""
    with running(PostgresServer(fsync=False, max_connections=200)) as server:
        yield server


@pytest.fixture
def own_postgresql() -> Iterator[PostgresServer]:
    """Run a PostgreSQL that the test may stop."""
    with running(PostgresServer(fsync=False)) as server:
        yield server


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """Run one Redis for the session."""
    with running(RedisServer()) as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """Run a Redis that the test may stop."""
    with running(RedisServer()) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    migrated(SqliteDatabase(path)).close()
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: PostgresServer) -> PostgresServer:
    """Return the server with a migrated template database."""
    migrated(PostgresqlDatabase(postgresql_server.create_database(_TEMPLATE))).close()
    return postgresql_server


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[SqliteDatabase]:
    """Return a database file of the test's own."""
    database = SqliteDatabase(Path(shutil.copy(sqlite_template, tmp_path / "dinhdanh.sqlite3")))
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql_template: PostgresServer) -> Iterator[PostgresqlDatabase]:
    """Return a PostgreSQL database of the test's own."""
    name = f"dd_test_{next(_NUMBERS)}"
    _administer(postgresql_template, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    database = PostgresqlDatabase(postgresql_template.url_of(name))
    yield database
    database.close()
    _administer(postgresql_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=EACH_DATABASE)
def database(request: pytest.FixtureRequest) -> Database:
    """Return an empty, migrated database of each kind."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def clock() -> FrozenClock:
    """Return a clock that stands still."""
    return FrozenClock()


@pytest.fixture
def audit_tree(database: Database) -> AuditTree:
    """Return the tree over the test's audit log."""
    return make_audit_tree(database)


@pytest.fixture
def audit(database: Database, clock: FrozenClock) -> AuditLog:
    """Return the audit log over the test's database."""
    return make_audit(database, clock)


def make_audit(database: Database, clock: FrozenClock | None = None) -> AuditLog:
    """Return an audit log as one process of a deployment has it."""
    return AuditLog(SqlAuditStore(database), clock or FrozenClock(), AUDIT_KEY, SEALER.seal, SEALER.open)


def make_audit_tree(database: Database) -> AuditTree:
    """Return the tree over the audit log as one process of a deployment has it."""
    return AuditTree(make_audit(database), SqlAuditStore(database), SqlAuditTree(database))


@contextmanager
def reopened(database: Database) -> Iterator[Database]:
    """Open the same store as another process would, on connections of its own."""
    if isinstance(database, SqliteDatabase):
        other: Database = SqliteDatabase(database.path)
    else:
        assert isinstance(database, PostgresqlDatabase)
        other = PostgresqlDatabase(database.url)
    yield other
    other.close()


def stored(database: Database, table: Table, **equal: object) -> list[dict[str, Any]]:
    """Return all rows of a table, optionally those whose columns equal what is given, by name."""
    statement = select(table).where(*(table.c[name] == value for name, value in equal.items()))
    return [dict(zip(table.columns.keys(), row, strict=True)) for row in database.rows(database.prepare(statement))]


def insert(database: Database, table: Table, **values: object) -> None:
    """Insert one row."""
    database.run(database.prepare(table.insert().values(**values)))


def add_account(database: Database, account_id: str, *, state: str = "active", level: int = 2) -> None:
    """Insert a bare account that other rows can refer to."""
    moments = {"created_at": START, "updated_at": START}
    values = {"kind": "person", "state": state, "identity_level": level, "sample": 0, "profile": b""}
    insert(database, accounts, id=account_id, **values, **moments)


def in_parallel(database: Database | None, workers: int, act: Callable[[int], T]) -> list[T]:
    """Run ``act(number)`` in ``workers`` threads that start at the same moment; returns the results in order."""
    barrier = Barrier(workers)

    def work(number: int) -> T:
        barrier.wait()
        try:
            return act(number)
        finally:
            if database is not None:
                database.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, range(workers)))


def _administer(server: PostgresServer, statement: str) -> None:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
