"""SQLite under the writes of many fibers: a disk that is full, a log that stays short, a long row of transactions beside others."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.fibers import together
from tests.support.named_values import adding, insert, kinds, names


def test_what_a_full_disk_refused_is_not_there(sqlite_database: SqliteDatabase) -> None:
    """SQLite then takes the whole transaction back by itself, and each later savepoint would commit what its caller is told to have failed."""
    statement, database = insert(sqlite_database), sqlite_database
    assert together(database.fibers, *adding(database, "before")) == [1]
    connection = database._shared_batch().connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    for limit in (f"max_page_count = {pages + 10}", "cache_size = 5"):
        connection.execute(f"PRAGMA {limit}")
    values = [{"wanted": f"n{number}", "new_value": "x" * (200_000 if number == 3 else 1)} for number in range(8)]
    outcomes = together(database.fibers, *(lambda one=one: database.run(statement, one) for one in values))  # type: ignore[misc]
    told = {one["wanted"] for one, outcome in zip(values, outcomes, strict=True) if outcome == 1}
    assert names(database) - {"before"} == told
    assert "n3" not in told
    assert together(database.fibers, *adding(database, "after")) == [1]


def test_a_long_row_of_transactions_lets_others_run(sqlite_database: SqliteDatabase) -> None:
    database, ticks, is_over = sqlite_database, [0], []

    def many() -> None:
        for number in range(200):
            with database.transaction() as tx:
                tx.run(insert(database), {"wanted": f"n{number}", "new_value": "x"})
        is_over.append(True)

    def other() -> None:
        while not is_over:
            ticks[0] += 1
            database.fibers.pause(0)

    together(database.fibers, other, many)
    assert len(names(database)) == 200
    assert ticks[0] >= 40


def test_the_log_of_writes_stays_short_however_much_is_written(sqlite_database: SqliteDatabase) -> None:
    database, statement = sqlite_database, insert(sqlite_database)

    def write(name: str) -> None:
        for number in range(150):
            values = {"wanted": f"{name}{number}", "new_value": "x" * 8_000}
            if number % 2:
                database.run(statement, values)
                continue
            with database.transaction() as tx:
                tx.run(statement, values)

    together(database.fibers, *(lambda name=name: write(name) for name in "abcdefgh"))  # type: ignore[misc]
    assert len(names(database)) == 1200
    log = database.path.with_name(f"{database.path.name}-wal")
    assert log.stat().st_size < 8 * 2**20


class DiskFullAtRollback:
    """A connection on a disk so full that nothing can be taken back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> Any:
        if sql == "ROLLBACK":
            message = "database or disk is full"
            raise sqlite3.OperationalError(message)
        return self._connection.execute(sql, *values)


def test_rollback_that_fails_is_an_outage_and_ends_with_its_connection(
    sqlite_database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, opened = sqlite_database, sqlite_database._open
    with monkeypatch.context() as full:
        full.setattr(database, "_open", lambda: DiskFullAtRollback(opened()))
        outcomes = together(database.fibers, *adding(database, "a", "a", "b"))

        def in_a_transaction() -> None:
            with database.transaction() as tx:
                for _ in range(2):
                    tx.run(insert(database), {"wanted": "c", "new_value": "x"})

        outcomes += together(database.fibers, in_a_transaction)
    assert kinds(outcomes) == ["StorageUnavailable"] * 4
    assert together(database.fibers, *adding(database, "after")) == [1]
    assert names(database) == {"after"}
