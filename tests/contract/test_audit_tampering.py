"""Nothing in the audit log can be changed, removed or moved unseen, whatever is done to its tables behind the product's back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, text, update

from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.services.audit_tree import AuditTree
from idp.storage.audit import SqlAuditStore
from idp.storage.audit_tree import SqlAuditTree
from idp.storage.database import Database, Prepared
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from tests.support.clock import FrozenClock
from tests.support.stores import AUDIT_KEY, SEALER, make_audit, make_audit_tree, stored

RECORDS = 6


@pytest.fixture
def log(database: Database, audit: AuditLog, audit_tree: AuditTree) -> AuditTree:
    """Return the tree of a log of six records."""
    write(audit, RECORDS)
    audit_tree.sequence()
    assert audit_tree.verify().fault is None
    return audit_tree


def write(audit: AuditLog, number: int) -> None:
    """Write some events."""
    for one in range(number):
        audit.write(AuditEvent(Event.REQUEST, reason=f"r{one}", target=f"t:{one}"))


def change(database: Database, seq: int, /, **values: object) -> None:
    """Change a row behind the product's back."""
    database.run(database.prepare(update(audit_events).where(audit_events.c.seq == seq).values(**values)))


def remove(database: Database, seq: int) -> None:
    """Remove a row behind the product's back."""
    database.run(database.prepare(delete(audit_events).where(audit_events.c.seq == seq)))


def swap(database: Database, one: int, other: int) -> None:
    """Exchange two rows' places."""
    change(database, one, seq=-1)
    change(database, other, seq=one)
    change(database, -1, seq=other)


def renumber_without(database: Database, seq: int) -> None:
    """Remove a row and close the gap in the numbers."""
    remove(database, seq)
    for number in range(seq + 1, RECORDS + 1):
        change(database, number, seq=number - 1)


def double(database: Database, seq: int) -> None:
    """Copy a row under another id as if it had happened twice."""
    [row] = stored(database, audit_events, seq=seq)
    copy = {name: value for name, value in row.items() if value is not None and name != "seq"}
    database.run(database.prepare(audit_events.insert().values(**{**copy, "id": "0" * 26})))


def erase_quietly(database: Database, seq: int) -> None:
    """Pretend that a record had been erased, and put other words in its place."""
    change(database, seq, erased=b"\0" * 32, reason="other words")


TAMPERING: list[tuple[Callable[[Database], object], int]] = [
    (lambda database: change(database, 3, reason="harmless"), 3),
    (lambda database: change(database, 3, outcome="done", account_id="somebody-else"), 3),
    (lambda database: change(database, 1, at_us=5), 1),
    (lambda database: change(database, 6, detail='{"x":1}'), 6),
    (lambda database: change(database, 2, sealed=b"\0" * 40), 2),
    (lambda database: change(database, 2, mac=b"\0" * 32), 2),
    (lambda database: change(database, 4, salt=b"\0" * 32), 4),
    (lambda database: change(database, 4, commitment=b"\0" * 32), 4),
    (lambda database: change(database, 4, id="0" * 26), 4),
    (lambda database: change(database, 5, at_us=-(2**62)), 5),
    (lambda database: change(database, 5, seq=-5), 5),
    (lambda database: remove(database, 1), 1),
    (lambda database: remove(database, 3), 3),
    (lambda database: remove(database, 6), 6),
    (lambda database: renumber_without(database, 3), 3),
    (lambda database: swap(database, 2, 5), 2),
    (lambda database: double(database, 2), 7),
    (lambda database: erase_quietly(database, 4), 4),
]


@pytest.mark.parametrize("number", range(len(TAMPERING)))
def test_verification_names_the_first_record_that_was_tampered_with(
    database: Database, log: AuditTree, number: int
) -> None:
    tamper, position = TAMPERING[number]
    tamper(database)
    fault = log.verify().fault
    assert fault is not None
    assert fault.position == position


@pytest.mark.parametrize("column", ["mac", "commitment", "salt", "sealed", "id", "erased"])
@pytest.mark.parametrize("value", ["7", "x'00'"])
def test_value_of_another_type_is_a_fault_and_not_a_crash(
    sqlite_database: SqliteDatabase, column: str, value: str
) -> None:
    """SQLite keeps any type in any column."""
    write(make_audit(sqlite_database), 3)
    tree = make_audit_tree(sqlite_database)
    tree.sequence()
    sqlite_database.run(Prepared(f"UPDATE audit_events SET {column} = {value} WHERE seq = 2", {}))  # noqa: S608 - literals
    fault = tree.verify().fault
    assert fault is not None
    assert fault.position == 2


def test_record_that_was_slipped_in_without_our_key_is_found(
    database: Database, audit: AuditLog, log: AuditTree
) -> None:
    stranger = AuditLog(SqlAuditStore(database), FrozenClock(), b"another key" * 3, SEALER.seal, SEALER.open)
    write(stranger, 1)
    log.sequence()
    fault = log.verify().fault
    assert fault is not None
    assert fault.position == RECORDS + 1


def test_leaf_or_inner_hash_that_was_changed_is_found(database: Database, log: AuditTree) -> None:
    database.run(
        database.prepare(text("UPDATE audit_tiles SET hashes = (SELECT commitment FROM audit_events LIMIT 1)"))
    )
    assert log.verify().fault is not None


def cut(database: Database, seq: int) -> None:
    """Cut records off the end, tree and all."""
    for number in range(seq, RECORDS + 1):
        remove(database, number)
    for statement in ("DELETE FROM audit_tiles", "UPDATE audit_tree SET size = 0"):
        database.run(database.prepare(text(statement)))
    make_audit_tree(database).sequence()


def test_tail_cut_off_with_its_leaves_is_found_by_a_checkpoint(database: Database, log: AuditTree) -> None:
    checkpoint = log.checkpoint()
    cut(database, 5)
    assert log.verify().fault is None
    fault = log.verify(checkpoint).fault
    assert fault is not None
    assert (fault.position, "ends at record 4" in fault.reason) == (5, True)


def test_tail_cut_off_that_grew_again_is_found_by_a_checkpoint(
    database: Database, audit: AuditLog, log: AuditTree
) -> None:
    checkpoint = log.checkpoint()
    cut(database, 5)
    if database.name == "postgresql":
        database.run(database.prepare(text("SELECT setval(pg_get_serial_sequence('audit_events', 'seq'), 4)")))
    else:
        database.run(database.prepare(text("UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit_events'")))
    write(audit, 3)
    log.sequence()
    assert log.verify().fault is None
    fault = log.verify(checkpoint).fault
    assert fault is not None
    assert "rewritten" in fault.reason


def test_checkpoint_that_was_changed_is_no_witness(audit: AuditLog, log: AuditTree) -> None:
    checkpoint = log.checkpoint()
    write(audit, 2)
    log.sequence()
    assert log.verify(checkpoint).fault is None
    for changed in ({"root": "00" * 32}, {"mac": "00" * 32}, {"size": 0}, {"size": 1}):
        assert log.verify({**checkpoint, **changed}).fault is not None


def test_log_of_another_key_does_not_verify(database: Database, log: AuditTree, clock: FrozenClock) -> None:
    store = SqlAuditStore(database)
    other = AuditLog(store, clock, AUDIT_KEY[::-1][:31] + b"x", SEALER.seal, SEALER.open)
    assert AuditTree(other, store, SqlAuditTree(database)).verify().fault is not None
