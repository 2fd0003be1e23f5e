"""A search of the embedded database that takes long: whoever else asks the same process is answered meanwhile."""

from __future__ import annotations

import sqlite3
from threading import Event
from typing import Any

import pytest
from sqlalchemy import bindparam, func, select, text

from idp.errors import StorageUnavailable
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import deployment
from tests.support.fibers import together

_PATIENCE = 30


class Held:
    """A database whose function ``held()`` returns 1 when it was let go on, and 0 when nobody did so."""

    def __init__(self, database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.may_end = Event(), Event()
        opened = database._searches._opened

        def opening() -> sqlite3.Connection:
            connection = opened()
            connection.create_function("held", 0, self._held)
            return connection

        monkeypatch.setattr(database._searches, "_opened", opening)

    def _held(self) -> int:
        self.began.set()
        return int(self.may_end.wait(_PATIENCE))


def test_whoever_reads_and_writes_beside_long_searches_is_answered(
    sqlite_database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, held = sqlite_database, Held(sqlite_database, monkeypatch)
    read = database.prepare(select(deployment.c.name))
    write = database.prepare(deployment.insert().values(name=bindparam("wanted"), value="x"))

    def others() -> list[Any]:
        while not held.began.is_set():
            database.fibers.pause(0)
        database.run(write, {"wanted": "a"})
        with database.transaction() as tx:
            tx.run(write, {"wanted": "b"})
        found = database.rows(read)
        held.may_end.set()  # Only now can the searches end.
        return found

    searches = [lambda: database.search(select(func.held()))] * 20
    assert together(database.fibers, *searches, others) == [[(1,)]] * 20 + [[("a",), ("b",)]]


def test_search_sees_what_its_fiber_has_just_written(sqlite_database: SqliteDatabase) -> None:
    database = sqlite_database
    write = database.prepare(deployment.insert().values(name=bindparam("wanted"), value="x"))

    def work(name: str) -> list[Any]:
        database.run(write, {"wanted": name})
        return database.search(select(deployment.c.name).where(deployment.c.name == name))

    works = [lambda name=f"n{number}": work(name) for number in range(20)]  # type: ignore[misc]
    assert together(database.fibers, *works) == [[(f"n{number}",)] for number in range(20)]


def test_search_that_fails_is_an_outage_and_the_next_one_is_answered(sqlite_database: SqliteDatabase) -> None:
    database = sqlite_database
    failed, found = (
        together(database.fibers, lambda one=one: database.search(one))[0]  # type: ignore[misc]
        for one in (select(text("1 FROM nowhere")), select(text("1")))
    )
    assert isinstance(failed, StorageUnavailable)
    assert found == [(1,)]
