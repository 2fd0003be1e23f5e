"""The database port as requests use it: many fibers at once, sharing commits and round trips, each answered for itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import uvloop
from sqlalchemy import Select, bindparam, literal_column, select, text, update

from idp.errors import Conflict, StorageUnavailable
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.storage import gathering, postgresql_pipeline
from idp.storage.audit import record_params, record_statement
from idp.storage.database import Database, Prepared
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.tables import audit_events, deployment
from tests.support.fibers import alone, together
from tests.support.named_values import adding, insert, kinds, names
from tests.support.servers import PostgresServer
from tests.support.stores import migrated, stored


def test_statements_of_many_fibers_are_each_answered(database: Database) -> None:
    wanted = [f"n{number}" for number in range(300)]
    assert together(database.fibers, *adding(database, *wanted)) == [1] * 300
    assert names(database) == set(wanted)


def test_conflict_of_one_fiber_is_not_the_others(database: Database) -> None:
    outcomes = together(database.fibers, *adding(database, "a", "b", "a", "c"))
    assert sorted(kinds(outcomes)) == ["1", "1", "1", "Conflict"]
    assert names(database) == {"a", "b", "c"}


def test_connection_serves_on_after_a_conflict(database: Database) -> None:
    first, again, other = adding(database, "a", "a", "b")

    def work() -> list[int]:
        done = [first()]
        with pytest.raises(Conflict):
            again()
        return [*done, other()]

    assert alone(database.fibers, work) == [1, 1]


def test_fiber_reads_what_it_has_just_written(database: Database) -> None:
    read = database.prepare(select(deployment.c.value).where(deployment.c.name == bindparam("wanted")))
    change = database.prepare(
        update(deployment).where(deployment.c.name == bindparam("wanted")).values(value=bindparam("new_value"))
    )

    def work(name: str) -> list[Any]:
        database.run(insert(database), {"wanted": name, "new_value": "1"})
        touched = database.run(change, {"wanted": name, "new_value": "2"})
        return [touched, database.row(read, {"wanted": name})]

    works = [lambda name=f"n{number}": work(name) for number in range(40)]  # type: ignore[misc]
    assert together(database.fibers, *works) == [[1, ("2",)]] * 40


def test_searches_are_each_answered_and_a_fault_of_one_is_its_own(database: Database) -> None:
    def searched(name: str) -> list[Any]:
        database.run(insert(database), {"wanted": name, "new_value": name})
        return database.search(select(deployment.c.value).where(deployment.c.name == name))

    def broken() -> list[Any]:
        return database.search(select(text("1 FROM nowhere")))

    works: list[Callable[[], Any]] = [lambda name=f"n:{number}": searched(name) for number in range(10)]  # type: ignore[misc]
    *found, fault = together(database.fibers, *works, broken)
    assert found == [[(f"n:{number}",)] for number in range(10)]
    assert isinstance(fault, Exception)


@pytest.mark.servers
def test_server_keeps_nothing_of_a_search(postgresql_database: PostgresqlDatabase) -> None:
    """Each one asks for something else: kept, they would fill the server's memory, and one plan for all of them reads the whole log."""
    kept = Prepared("SELECT count(*) FROM pg_prepared_statements", {}, is_read=True)

    def counted() -> list[Any]:
        return postgresql_database.rows(replace(kept, is_once=True))  # On the connection that searches have, too.

    def work() -> list[Any]:
        before = [counted() for _ in range(3)][-1]
        for number in range(20):
            postgresql_database.search(select(deployment.c.value).where(deployment.c.name == f"n{number}"))
        return [before, counted()]

    for before, after in (alone(postgresql_database.fibers, work), work()):
        assert before == after


def test_values_come_back_as_they_went_in(database: Database, audit: AuditLog) -> None:
    record = audit.record(AuditEvent(Event.REQUEST, reason="Đặng %s :x $1 \U0001f1fb\U0001f1f3", private={"a": "b"}))
    statement = database.prepare(select(audit_events).where(audit_events.c.id == bindparam("wanted")))

    def work() -> Any:
        database.run(record_statement(database), record_params(record))
        return database.row(statement, {"wanted": record.values["id"]})

    row = dict(zip((column.name for column in audit_events.columns), alone(database.fibers, work), strict=True))
    assert {name: row[name] for name in record.values} == dict(record.values)
    assert (row["seq"], row["erased"]) == (1, None)


def test_claim_of_one_thing_by_many_succeeds_once_and_is_recorded_once(database: Database, audit: AuditLog) -> None:
    adding(database, "ticket")[0]()
    claim = database.prepare(
        update(deployment)
        .where(deployment.c.name == "ticket", deployment.c.value == "x")
        .values(value="spent")
        .returning(deployment.c.name)
    )

    def work() -> Any:
        record = audit.record(AuditEvent(Event.REQUEST))
        return database.claim_and_record(claim, {}, record_statement(database), record_params(record))

    outcomes = together(database.fibers, *[work] * 64)
    assert outcomes.count(("ticket",)) == 1
    assert outcomes.count(None) == 63
    assert len(stored(database, audit_events)) == 1


def test_transactions_of_many_fibers_commit_whole_or_not_at_all(database: Database) -> None:
    statement = insert(database)

    def work(number: int) -> None:
        with database.transaction() as tx:
            tx.run(statement, {"wanted": f"{number} first", "new_value": "x"})
            tx.run(statement, {"wanted": f"{number} second", "new_value": "x"})
            if number % 3 == 0:
                raise RuntimeError(number)

    outcomes = together(database.fibers, *[lambda number=number: work(number) for number in range(30)])  # type: ignore[misc]
    assert kinds(outcomes) == ["RuntimeError" if number % 3 == 0 else "None" for number in range(30)]
    kept = {f"{number} {half}" for number in range(30) if number % 3 for half in ("first", "second")}
    assert names(database) == kept


def test_conflict_within_a_transaction_takes_all_of_it_back(database: Database) -> None:
    statement = insert(database)

    def work() -> None:
        with database.transaction() as tx:
            tx.run(statement, {"wanted": "a", "new_value": "x"})
            tx.run(statement, {"wanted": "a", "new_value": "x"})

    with pytest.raises(Conflict):
        alone(database.fibers, work)
    assert names(database) == set()


def answered(database: Database, *works: Callable[[], Any]) -> list[Any]:
    """Run every work in a fiber of its own, all at once; fails where one of them is never answered."""

    async def main() -> list[Any]:
        database.fibers.attach(asyncio.get_running_loop())
        return await asyncio.wait_for(asyncio.gather(*(database.fibers.run(work) for work in works)), 60)

    return uvloop.run(main())


@pytest.fixture
def own_server() -> Any:
    with PostgresServer(fsync=False) as server:
        yield server


@pytest.mark.servers
def test_server_that_went_away_is_unavailable_and_found_again(own_server: PostgresServer) -> None:
    database = migrated(PostgresqlDatabase(own_server.url))

    def work() -> list[str]:
        found = [kinds([_outcome(one)])[0] for one in adding(database, "before")]
        database.fibers.elsewhere(own_server.stop)
        found += [kinds([_outcome(one)])[0] for one in adding(database, "during")]
        database.fibers.elsewhere(own_server.start)
        return found + [kinds([_outcome(one)])[0] for one in adding(database, "after")]

    assert alone(database.fibers, work) == ["1", "StorageUnavailable", "1"]
    assert names(database) == {"before", "after"}
    database.close()


@pytest.mark.servers
def test_server_that_hangs_is_given_up(own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    database = migrated(PostgresqlDatabase(own_server.url))

    def work() -> str:
        assert adding(database, "before")[0]() == 1
        monkeypatch.setattr(postgresql_pipeline, "_ANSWER_SECONDS", 0.2)
        with psycopg.connect(own_server.url, autocommit=True) as other:
            found = other.execute(
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO deployment%' AND pid <> pg_backend_pid()"
            ).fetchall()
        pids = [int(pid) for (pid,) in found]
        assert pids
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            return kinds([_outcome(adding(database, "during")[0])])[0]
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    assert alone(database.fibers, work) == "StorageUnavailable"
    database.close()


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except StorageUnavailable as error:
        return error


@pytest.mark.servers
def test_connection_that_ends_while_somebody_waits_for_others_begins_no_batch_twice(
    postgresql_database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun twice, the second batch takes the place of the first, whose members are never answered."""
    monkeypatch.setattr(gathering, "_PATIENCE", 0.03)
    first, second, third, *others = adding(postgresql_database, *[f"n{number}" for number in range(400)])

    def work() -> list[Any]:
        first()  # Came with another one, so the next that comes alone waits for a second.
        with psycopg.connect(postgresql_database.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        return [_outcome(one) for one in (third, *others)]

    assert answered(postgresql_database, work, second) == [[1] * 398, 1]


@pytest.mark.servers
def test_searches_that_take_long_keep_nobody_else_from_reading_and_writing(
    postgresql_database: PostgresqlDatabase,
) -> None:
    read, write = postgresql_database.prepare(select(deployment.c.name)), insert(postgresql_database)
    long: Select[Any] = select(literal_column("1")).select_from(text("pg_advisory_xact_lock_shared(1)"))
    with psycopg.connect(postgresql_database.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(1)")

        def working() -> list[Any]:
            with postgresql_database.transaction() as tx:
                tx.run(write, {"wanted": "a", "new_value": "x"})
            found = postgresql_database.rows(read)
            postgresql_database.fibers.elsewhere(other.rollback)  # Only now can the searches end.
            return found

        searches = [lambda: postgresql_database.search(long)] * 8
        assert answered(postgresql_database, *searches, working) == [[(1,)]] * 8 + [[("a",)]]


@pytest.mark.servers
def test_whoever_asks_one_thing_after_another_waits_for_nobody(
    postgresql_database: PostgresqlDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "_PATIENCE", 3600.0)
    first, *others = adding(postgresql_database, *[f"n{number}" for number in range(9)])
    read = postgresql_database.prepare(select(deployment.c.name))

    def work() -> int:
        done = first() + sum(one() for one in others)
        return done + len([postgresql_database.rows(read) for _ in range(3)][-1])

    assert answered(postgresql_database, work) == [9 + 9]


@pytest.mark.servers
def test_closing_answers_whoever_waits_with_an_error(postgresql_database: PostgresqlDatabase) -> None:
    """One whose batch is on its way, one that waits behind it, and one whose batch has not begun."""
    database, told = postgresql_database, []
    fibers, read = database.fibers, database.prepare(select(literal_column("1")).select_from(text("pg_sleep(60)")))
    gathered, after = adding(database, "gathered", "after")

    def behind() -> Any:
        while not database._reads._flight:
            fibers.pause(0)
        return _outcome(lambda: database.rows(read))

    def closing() -> Any:
        while not (database._reads._flight and database._reads._queue):
            fibers.pause(0)
        fibers.loop.call_soon(fibers.start, gathered, (), lambda _, error: told.append(error))
        fibers.loop.call_soon(database.close)
        while not told:
            fibers.pause(0)
        return after()

    *outcomes, done = answered(database, lambda: _outcome(lambda: database.rows(read)), behind, closing)
    assert kinds([*outcomes, *told]) == ["StorageUnavailable"] * 3
    assert done == 1
    assert names(database) == {"after"}


@pytest.mark.servers
def test_a_process_takes_no_more_connections_than_it_may(postgresql_database: PostgresqlDatabase) -> None:
    url = postgresql_database.url
    database, counted = PostgresqlDatabase(url, 4), []
    read, write = database.prepare(select(deployment.c.name)), insert(database)

    def transaction(name: str) -> None:
        with database.transaction() as tx:
            tx.run(write, {"wanted": name, "new_value": "x"})
            counted.append(tx.rows(Prepared(_OPEN, {}, is_read=True))[0][0])

    works: list[Callable[[], Any]] = [lambda name=f"n{number}": transaction(name) for number in range(6)]  # type: ignore[misc]
    works += [lambda: database.search(select(deployment.c.name))] * 6
    answered(database, *works, *[lambda: database.rows(read)] * 6, *adding(database, "m0", "m1", "m2"))
    assert len(names(postgresql_database)) == 9
    counted.append(postgresql_database.rows(Prepared(_OPEN, {}, is_read=True))[0][0] - 1)  # But for this one.
    database.close()
    assert max(counted) == 4


_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
