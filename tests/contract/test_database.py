"""The database port over SQLite and PostgreSQL: one statement, one transaction, one lock at a time."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from threading import Timer
from urllib.parse import quote

import pytest
from sqlalchemy import bindparam, delete, select, update

from idp.errors import Conflict, StorageUnavailable
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.storage import migrate
from idp.storage.audit import record_params, record_statement
from idp.storage.database import Database, Prepared
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events, deployment, single_use
from tests.support.processes import address, hold_lock
from tests.support.servers import PostgresServer
from tests.support.stores import in_parallel, insert, migrated, reopened, stored

ROW = {"wanted": "issuer", "new_value": "https://id.example"}


def facts(database: Database) -> dict[str, str]:
    return {row["name"]: row["value"] for row in stored(database, deployment)}


def prepared_insert(database: Database) -> Prepared:
    return database.prepare(deployment.insert().values(name=bindparam("wanted"), value=bindparam("new_value")))


def test_prepared_statement_runs_many_times_with_other_values(database: Database) -> None:
    statement = prepared_insert(database)
    assert [database.run(statement, {"wanted": str(n), "new_value": "x"}) for n in range(3)] == [1, 1, 1]
    assert set(facts(database)) == {"0", "1", "2"}


def test_constants_of_a_statement_are_kept_beside_its_parameters(database: Database) -> None:
    insert(database, deployment, name="a", value="1")
    statement = database.prepare(
        select(deployment.c.value).where(deployment.c.name == bindparam("wanted"), deployment.c.value == "1")
    )
    assert database.row(statement, {"wanted": "a"}) == ("1",)
    assert database.row(statement, {"wanted": "b"}) is None


def test_update_tells_how_many_rows_it_touched(database: Database) -> None:
    insert(database, deployment, name="a", value="1")
    statement = database.prepare(update(deployment).where(deployment.c.name == bindparam("wanted")).values(value="2"))
    assert database.run(statement, {"wanted": "a"}) == 1
    assert database.run(statement, {"wanted": "nobody"}) == 0


def test_binary_and_text_come_back_as_they_went_in(database: Database, audit: AuditLog) -> None:
    record = audit.record(AuditEvent(Event.REQUEST, reason="Đặng Thị Ánh 🇻🇳", private={"address": "192.0.2.1"}))
    database.run(record_statement(database), record_params(record))
    [row] = stored(database, audit_events)
    assert row["reason"] == "Đặng Thị Ánh 🇻🇳"
    assert (bytes(row["mac"]), bytes(row["sealed"])) == (record.values["mac"], record.values["sealed"])
    assert row["account_id"] is None


def test_percent_and_colon_in_values_stay_text(database: Database) -> None:
    database.run(prepared_insert(database), {"wanted": "%s :name %(x)s ?", "new_value": "100% 'quoted'"})
    assert facts(database) == {"%s :name %(x)s ?": "100% 'quoted'"}


def test_uniqueness_broken_is_a_conflict(database: Database) -> None:
    statement = prepared_insert(database)
    database.run(statement, ROW)
    with pytest.raises(Conflict):
        database.run(statement, ROW)
    assert database.run(statement, {"wanted": "b", "new_value": "x"}) == 1


def test_transaction_commits_all_of_its_statements(database: Database) -> None:
    statement = prepared_insert(database)
    with database.transaction() as tx:
        tx.run(statement, {"wanted": "a", "new_value": "1"})
        tx.run(statement, {"wanted": "b", "new_value": "2"})
    with reopened(database) as other:
        assert facts(other) == {"a": "1", "b": "2"}


def test_transaction_left_by_an_exception_leaves_nothing(database: Database) -> None:
    statement = prepared_insert(database)
    with pytest.raises(RuntimeError, match="on purpose"), database.transaction() as tx:
        tx.run(statement, ROW)
        assert tx.row(database.prepare(select(deployment.c.name))) == ("issuer",)
        raise RuntimeError("on purpose")
    assert facts(database) == {}


def test_conflict_in_the_middle_takes_the_whole_transaction_back(database: Database) -> None:
    statement = prepared_insert(database)
    with pytest.raises(Conflict), database.transaction() as tx:
        tx.run(statement, ROW)
        tx.run(statement, ROW)
    assert facts(database) == {}
    assert database.run(statement, ROW) == 1


def test_run_many_is_one_transaction(database: Database) -> None:
    statement = prepared_insert(database)
    database.run_many(statement, [{"wanted": str(n), "new_value": "x"} for n in range(100)])
    assert len(facts(database)) == 100
    with pytest.raises(Conflict):
        database.run_many(statement, [{"wanted": "new", "new_value": "x"}, {"wanted": "0", "new_value": "x"}])
    assert "new" not in facts(database)


def claim_statement(database: Database) -> Prepared:
    return database.prepare(
        delete(single_use)
        .where(single_use.c.key == bindparam("key"))
        .returning(single_use.c.key, single_use.c.expires_at)
    )


def test_claim_and_record_claims_once_and_records_with_it(database: Database, audit: AuditLog) -> None:
    insert(database, single_use, key="k", expires_at=9)
    claim, record = claim_statement(database), record_statement(database)
    first = database.claim_and_record(
        claim, {"key": "k"}, record, record_params(audit.record(AuditEvent(Event.TOKEN_CODE)))
    )
    assert first == ("k", 9)
    assert [row["event"] for row in stored(database, audit_events)] == ["token:authorization_code"]


def test_claim_and_record_records_nothing_when_nothing_was_claimed(database: Database, audit: AuditLog) -> None:
    claim, record = claim_statement(database), record_statement(database)
    params = record_params(audit.record(AuditEvent(Event.TOKEN_CODE)))
    assert database.claim_and_record(claim, {"key": "gone"}, record, params) is None
    assert stored(database, audit_events) == []


def test_claim_and_record_keeps_nothing_when_the_record_fails(database: Database, audit: AuditLog) -> None:
    insert(database, single_use, key="k", expires_at=9)
    params = record_params(audit.write(AuditEvent(Event.TOKEN_CODE)))
    with pytest.raises(Conflict):
        database.claim_and_record(claim_statement(database), {"key": "k"}, record_statement(database), params)
    assert [row["key"] for row in stored(database, single_use)] == ["k"]


def test_claim_and_record_in_32_threads_has_one_winner(database: Database, audit: AuditLog) -> None:
    insert(database, single_use, key="k", expires_at=9)
    claim, record = claim_statement(database), record_statement(database)

    def act(_number: int) -> bool:
        params = record_params(audit.record(AuditEvent(Event.TOKEN_CODE)))
        return database.claim_and_record(claim, {"key": "k"}, record, params) is not None

    assert sum(in_parallel(database, 32, act)) == 1
    assert len(stored(database, audit_events)) == 1


def test_exclusive_lock_is_held_by_one_at_a_time(database: Database) -> None:
    with reopened(database) as other:
        with database.exclusive("job") as mine, other.exclusive("job") as theirs, other.exclusive("another") as free:
            assert (mine, theirs, free) == (True, False, True)
        with other.exclusive("job") as mine:
            assert mine


def test_exclusive_lock_of_another_process_is_respected_and_freed_by_its_death(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=hold_lock, args=(address(database), "job", theirs))
    child.start()
    assert ours.recv() is True
    with database.exclusive("job") as mine:
        assert not mine
    child.kill()
    child.join()
    assert _freed(database)


def _freed(database: Database) -> bool:
    """Tell whether the lock came free; the server may take a moment to notice that its client was killed."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with database.exclusive("job") as mine:
            if mine:
                return True
        time.sleep(0.01)
    return False


@pytest.mark.servers
def test_server_that_is_gone_is_unavailable_and_comes_back(own_postgresql: PostgresServer) -> None:
    database = migrated(PostgresqlDatabase(own_postgresql.url))
    read = database.prepare(select(deployment.c.name))
    assert database.rows(read) == []
    own_postgresql.stop()
    for _ in range(2):
        with pytest.raises(StorageUnavailable) as caught:
            database.rows(read)
        assert caught.value.code == "temporarily_unavailable"
        assert "password" not in str(caught.value)
    with pytest.raises(StorageUnavailable), database.transaction():
        pytest.fail("no transaction can begin")
    with pytest.raises(StorageUnavailable), database.exclusive("job"):
        pytest.fail("nobody can hold the lock")
    own_postgresql.start()
    assert database.rows(read) == []
    database.close()


@pytest.mark.servers
def test_address_of_several_servers_leads_to_the_one_that_takes_writes(
    own_postgresql: PostgresServer, tmp_path: Path
) -> None:
    # As libpq has it: each server with its port, the first of them away.
    places = ",".join(f"{quote(str(one), safe='')}:5432" for one in (tmp_path, own_postgresql.directory))
    database = migrated(PostgresqlDatabase(f"postgresql://idp@{places}/idp?target_session_attrs=read-write"))
    assert database.run(prepared_insert(database), ROW) == 1
    assert migrate.is_current(database)
    database.close()


def test_connection_killed_inside_a_transaction_is_unavailable(postgresql_database: PostgresqlDatabase) -> None:
    killing = Prepared("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'", {})
    with (
        reopened(postgresql_database) as other,
        pytest.raises(StorageUnavailable),
        postgresql_database.transaction() as tx,
    ):
        tx.run(prepared_insert(postgresql_database), ROW)
        other.rows(killing)
        tx.run(prepared_insert(postgresql_database), {**ROW, "wanted": "b"})
    assert facts(postgresql_database) == {}


def test_directory_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "missing" / "x.sqlite3")
    with pytest.raises(StorageUnavailable):
        database.rows(database.prepare(select(deployment.c.name)))


def test_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    path.write_bytes(b"this is a text and no database, and it is long enough to look at" * 4)
    database = SqliteDatabase(path)
    with pytest.raises(StorageUnavailable):
        database.rows(database.prepare(select(deployment.c.name)))


def test_file_that_does_not_write_ahead_yet_is_opened_beside_a_writer(sqlite_database: SqliteDatabase) -> None:
    """As a restored copy is, which many processes open at once."""
    read = sqlite_database.prepare(select(deployment.c.name))
    with closing(sqlite3.connect(sqlite_database.path, isolation_level=None, check_same_thread=False)) as writer:
        assert writer.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
        writer.execute("BEGIN IMMEDIATE")
        ending = Timer(0.3, lambda: writer.execute("COMMIT"))
        ending.start()
        assert sqlite_database.rows(read) == []
        ending.join()
    assert sqlite_database.rows(Prepared("PRAGMA journal_mode", {}, is_read=True)) == [("wal",)]


def test_migrated_file_writes_ahead_from_the_start(sqlite_database: SqliteDatabase) -> None:
    with closing(sqlite3.connect(sqlite_database.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_damaged_file_is_unavailable_in_every_call(sqlite_database: SqliteDatabase) -> None:
    read = sqlite_database.prepare(select(deployment.c.name))
    sqlite_database.close()
    sqlite_database.path.write_bytes(sqlite_database.path.read_bytes()[:4096] + b"\xff" * 65536)
    with pytest.raises(StorageUnavailable):
        sqlite_database.rows(read)
    with pytest.raises(StorageUnavailable):
        sqlite_database.run(prepared_insert(sqlite_database), ROW)
    with pytest.raises(StorageUnavailable), sqlite_database.transaction() as tx:
        tx.run(prepared_insert(sqlite_database), ROW)


def test_lock_in_a_directory_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "missing" / "x.sqlite3")
    with pytest.raises(StorageUnavailable), database.exclusive("job"):
        pytest.fail("nobody can hold the lock")


@pytest.mark.servers
def test_server_that_turned_read_only_is_unavailable_for_writes(postgresql_database: PostgresqlDatabase) -> None:
    """After a fail-over an old connection may lead to a standby."""
    postgresql_database.run(Prepared("SET default_transaction_read_only = on", {}))
    with pytest.raises(StorageUnavailable):
        postgresql_database.run(prepared_insert(postgresql_database), ROW)
    assert postgresql_database.run(prepared_insert(postgresql_database), ROW) == 1


def test_broken_statement_is_an_error_of_ours_and_not_an_outage(database: Database) -> None:
    with pytest.raises(Exception) as caught:
        database.run(prepared_insert(database), {"wanted": "a"})
    assert not isinstance(caught.value, StorageUnavailable)


def test_crowd_of_claims_of_which_some_fail_are_each_answered_for_themselves(
    database: Database, audit: AuditLog
) -> None:
    """Writes may share a commit; what one of them gets wrong must not touch the others."""
    for number in range(32):
        insert(database, single_use, key=f"k{number}", expires_at=9)
    claim, record = claim_statement(database), record_statement(database)
    taken = record_params(audit.write(AuditEvent(Event.TOKEN_CODE)))

    def act(number: int) -> str:
        params = taken if number % 4 == 0 else record_params(audit.record(AuditEvent(Event.TOKEN_CODE)))
        key = "gone" if number % 4 == 1 else f"k{number}"
        try:
            return "won" if database.claim_and_record(claim, {"key": key}, record, params) else "lost"
        except Conflict:
            return "conflict"

    assert in_parallel(database, 32, act) == ["conflict", "lost", "won", "won"] * 8
    assert len(stored(database, single_use)) == 16
    assert len(stored(database, audit_events)) == 1 + 16
