"""The audit log's tree over real databases: every record gets its leaf, in order, whoever writes and whatever is rolled back or killed."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest
from sqlalchemy import text

from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.services.audit_tree import AuditTree
from idp.storage.audit import Recorder, SqlAuditStore, count_waiting
from idp.storage.audit_tree import SqlAuditTree
from idp.storage.database import Database
from idp.storage.postgresql import PostgresqlDatabase
from idp.storage.tables import audit_events, audit_tiles
from policies.audit_commitments import VOID
from policies.merkle import HASH_BYTES, leaf_hash
from tests.support.processes import address, sequence_audit
from tests.support.stores import in_parallel, make_audit, make_audit_tree, reopened, stored


def write(log: AuditLog, number: int = 1) -> None:
    """Write some events."""
    for one in range(number):
        log.write(AuditEvent(Event.REQUEST, reason=f"r{one}", target=f"t:{one}"))


def leaves(database: Database) -> list[bytes]:
    """Return the hashes of all leaves."""
    rows = sorted(stored(database, audit_tiles, level=0), key=lambda row: row["number"])
    joined = b"".join(bytes(row["hashes"]) for row in rows)
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


def committed(database: Database) -> list[bytes]:
    """Return the leaf of each record, in order of the numbers."""
    rows = sorted(stored(database, audit_events), key=lambda row: row["seq"])
    return [leaf_hash(bytes(row["commitment"])) for row in rows]


def test_every_record_gets_its_leaf_in_order(database: Database, audit: AuditLog, audit_tree: AuditTree) -> None:
    write(audit, 7)
    assert (count_waiting(database), audit_tree.sequence(), audit_tree.sequence()) == (7, 7, 0)
    write(audit, 3)
    assert (audit_tree.sequence(), audit_tree.size(), count_waiting(database)) == (3, 10, 0)
    assert leaves(database) == committed(database)
    verdict = audit_tree.verify()
    assert (verdict.checked, verdict.sequenced, verdict.fault) == (10, 10, None)
    assert verdict.head == audit_tree.root(10).hex()


def test_tree_of_many_tiles_is_the_same_whatever_the_steps(database: Database, audit: AuditLog) -> None:
    tree = make_audit_tree(database)
    record = Recorder(database)
    for step in (255, 1, 1, 300, 700):
        with database.transaction() as tx:
            for _ in range(step):
                record.write(tx, audit.record(AuditEvent(Event.REQUEST)))
        assert tree.sequence() == step
    write(audit)
    verdict = tree.verify()
    assert (verdict.checked, verdict.sequenced, verdict.fault) == (1258, 1257, None)
    assert len(stored(database, audit_tiles, level=1)) == 1


def test_empty_log_verifies(audit_tree: AuditTree) -> None:
    verdict = audit_tree.verify(audit_tree.checkpoint())
    assert (verdict.checked, verdict.fault) == (0, None)


def test_two_processes_that_enter_while_others_write_leave_no_gap(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(2)]
    children = [context.Process(target=sequence_audit, args=(address(database), theirs)) for _, theirs in pipes]
    for child in children:
        child.start()
    assert [ours.recv() for ours, _ in pipes] == ["ready", "ready"]
    for ours, _ in pipes:
        ours.send("go")

    def act(_number: int) -> None:
        with reopened(database) as mine:
            write(make_audit(mine), 40)

    in_parallel(None, 4, act)
    for ours, _ in pipes:
        ours.send("stop")
    entered = sum(ours.recv() for ours, _ in pipes)
    for child in children:
        child.join()
    tree = make_audit_tree(database)
    assert entered + tree.sequence() == 160 == tree.size()
    assert leaves(database) == committed(database)
    assert tree.verify().fault is None


def test_process_killed_while_it_enters_leaves_a_tree_that_fits(database: Database, audit: AuditLog) -> None:
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        write(audit, 150)
        ours, theirs = context.Pipe()
        child = context.Process(target=sequence_audit, args=(address(database), theirs))
        child.start()
        assert ours.recv() == "ready"
        ours.send("go")
        write(audit, 50)
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        verdict = make_audit_tree(database).verify()
        assert (verdict.fault, verdict.sequenced) == (None, len(leaves(database)))
    tree = make_audit_tree(database)
    tree.sequence()
    assert (tree.size(), leaves(database)) == (600, committed(database))


def test_number_of_a_transaction_under_way_is_waited_for(postgresql_database: PostgresqlDatabase) -> None:
    database, audit, tree = postgresql_database, make_audit(postgresql_database), make_audit_tree(postgresql_database)
    write(audit, 2)
    with reopened(database) as slow:
        with slow.transaction() as tx:
            Recorder(slow).write(tx, audit.record(AuditEvent(Event.REQUEST, reason="slow")))
            write(audit, 3)
            assert [tree.sequence(), tree.sequence(), tree.size()] == [2, 0, 2]
            assert tree.verify().fault is None
        assert (tree.sequence(), tree.size()) == (4, 6)
    rows = sorted(stored(database, audit_events), key=lambda row: row["seq"])
    assert rows[2]["reason"] == "slow"
    assert leaves(database) == committed(database)


def test_number_of_a_transaction_rolled_back_is_void(postgresql_database: PostgresqlDatabase) -> None:
    database, audit, tree = postgresql_database, make_audit(postgresql_database), make_audit_tree(postgresql_database)
    write(audit, 2)
    with pytest.raises(RuntimeError), database.transaction() as tx:
        Recorder(database).write(tx, audit.record(AuditEvent(Event.REQUEST)))
        raise RuntimeError
    write(audit, 2)
    assert (tree.sequence(), tree.size()) == (5, 5)
    assert leaves(database)[2] == leaf_hash(VOID)
    verdict = tree.verify()
    assert (verdict.fault, verdict.checked, verdict.sequenced) == (None, 4, 5)


def test_rolled_back_number_leaves_no_gap_in_sqlite(sqlite_database: Database) -> None:
    audit, tree = make_audit(sqlite_database), make_audit_tree(sqlite_database)
    with pytest.raises(RuntimeError), sqlite_database.transaction() as tx:
        Recorder(sqlite_database).write(tx, audit.record(AuditEvent(Event.REQUEST)))
        raise RuntimeError
    write(audit, 2)
    assert (tree.sequence(), leaves(sqlite_database)) == (2, committed(sqlite_database))


def test_number_that_was_used_is_not_given_again(database: Database, audit: AuditLog) -> None:
    write(audit, 2)
    database.run(database.prepare(text("DELETE FROM audit_events WHERE seq = 2")))
    write(audit)
    assert [row["seq"] for row in SqlAuditStore(database).after(0, 9)] == [1, 3]


def test_leap_of_the_sequence_is_an_error_and_does_not_fill_the_memory(database: Database, audit: AuditLog) -> None:
    write(audit, 2)
    database.run(database.prepare(text("UPDATE audit_events SET seq = 1000000000000 WHERE seq = 2")))
    with pytest.raises(DomainError, match="sequence"):
        SqlAuditTree(database).extend(lambda _size, _entries, _edge: [], 100)
