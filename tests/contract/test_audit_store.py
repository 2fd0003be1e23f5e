"""The audit log over real databases: nothing in it can be changed, removed or moved unseen."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import pytest
from sqlalchemy import delete, null, update

from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.audit import AuditQuery
from idp.services.audit import AuditLog
from idp.storage.audit import SqlAuditStore, count_waiting
from idp.storage.database import Database, Prepared
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import audit_events
from keys.errors import SealBroken
from tests.support.clock import FrozenClock
from tests.support.processes import address, sequence_audit
from tests.support.stores import AUDIT_KEY, SEALER, in_parallel, make_audit, reopened, stored

SECOND = 1_000_000


def write(log: AuditLog, number: int = 1) -> list[str]:
    """Write some events and return their ids."""
    return [
        str(log.write(AuditEvent(Event.REQUEST, reason=f"r{n}", target=f"t:{n}")).values["id"]) for n in range(number)
    ]


def test_event_is_stored_as_it_was_said(database: Database, audit: AuditLog, clock: FrozenClock) -> None:
    event = AuditEvent(
        Event.SIGN_IN,
        Outcome.REFUSED,
        "wrong_password",
        actor="account:a",
        account_id="a",
        client_id="c",
        session_id="s",
        target="account:a",
        case_code="ABCD1234",
        detail={"amr": ["pwd"]},
        private={"address": "192.0.2.1", "browser": "Trình duyệt"},
    )
    audit.write(event)
    [found] = audit.search(AuditQuery())
    assert (found["event"], found["outcome"], found["reason"]) == ("session:sign-in", "refused", "wrong_password")
    assert (found["account_id"], found["client_id"], found["session_id"]) == ("a", "c", "s")
    assert (found["detail"], found["private"]) == ({"amr": ["pwd"]}, {"address": "192.0.2.1", "browser": "Trình duyệt"})
    assert found["at_us"] == clock.now() * SECOND + 1
    assert found["seq"] is None


def test_private_part_is_not_readable_in_the_database(database: Database, audit: AuditLog) -> None:
    audit.write(AuditEvent(Event.SIGN_IN, private={"address": "192.0.2.77"}))
    [row] = stored(database, audit_events)
    assert all(
        b"192.0.2.77" not in (value if isinstance(value, bytes) else str(value).encode()) for value in row.values()
    )


def test_record_with_a_taken_id_is_refused(database: Database, audit: AuditLog) -> None:
    record = audit.write(AuditEvent(Event.REQUEST))
    with pytest.raises(Conflict):
        SqlAuditStore(database).append(record)


FILTERS: list[tuple[AuditQuery, list[str]]] = [
    (AuditQuery(), ["four", "three", "two", "one"]),
    (AuditQuery(ascending=True), ["one", "two", "three", "four"]),
    (AuditQuery(limit=2), ["four", "three"]),
    (AuditQuery(account_id="a"), ["three", "one"]),
    (AuditQuery(client_id="c"), ["two"]),
    (AuditQuery(account_id="a", client_id="c"), []),
    (AuditQuery(outcome="refused"), ["two"]),
    (AuditQuery(case_code="CASE0001"), ["two"]),
    (AuditQuery(events=("session:sign-in",)), ["three", "one"]),
    (AuditQuery(events=("session:sign-in", "session:sign-out")), ["four", "three", "one"]),
    (AuditQuery(account_id="' OR 1=1 --"), []),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_search_answers_by_every_filter(audit: AuditLog, query: AuditQuery, expected: list[str]) -> None:
    audit.write(AuditEvent(Event.SIGN_IN, reason="one", account_id="a"))
    audit.write(AuditEvent(Event.REQUEST, Outcome.REFUSED, reason="two", client_id="c", case_code="CASE0001"))
    audit.write(AuditEvent(Event.SIGN_IN, reason="three", account_id="a"))
    audit.write(AuditEvent(Event.SIGN_OUT, reason="four", account_id="b"))
    found = [row["reason"] for row in audit.search(query)]
    assert sorted(map(str, found)) == sorted(expected) if query.limit > 2 else len(found) == 2


def test_search_answers_by_moment_and_by_id(audit: AuditLog, clock: FrozenClock) -> None:
    [first] = write(audit)
    clock.advance(10)
    [second] = write(audit)
    moment = clock.now() * SECOND
    assert [row["id"] for row in audit.search(AuditQuery(since_us=moment))] == [second]
    assert [row["id"] for row in audit.search(AuditQuery(until_us=moment))] == [first]
    older, newer = sorted((first, second))
    assert [row["id"] for row in audit.search(AuditQuery(before_id=newer))] == [older]
    assert [row["id"] for row in audit.search(AuditQuery(after_id=older))] == [newer]


def test_sequencing_numbers_without_a_gap_in_order_of_id(database: Database, audit: AuditLog) -> None:
    write(audit, 7)
    assert (count_waiting(database), audit.sequence(), audit.sequence()) == (7, 7, 0)
    write(audit, 3)
    assert audit.sequence() == 3
    rows = sorted(stored(database, audit_events), key=lambda row: row["seq"])
    assert [row["seq"] for row in rows] == list(range(1, 11))
    assert audit.head()["size"] == 10
    verdict = audit.verify()
    assert (verdict.checked, verdict.sequenced, verdict.fault) == (10, 10, None)


def test_log_of_many_pages_is_numbered_and_verified(database: Database, audit: AuditLog) -> None:
    store = SqlAuditStore(database)
    for _ in range(1203):
        store.append(audit.record(AuditEvent(Event.REQUEST)))
    assert audit.sequence() == 1203
    store.append(audit.record(AuditEvent(Event.REQUEST)))
    verdict = audit.verify()
    assert (verdict.checked, verdict.sequenced, verdict.fault) == (1204, 1203, None)


def test_empty_log_verifies(audit: AuditLog) -> None:
    verdict = audit.verify(audit.head())
    assert (verdict.checked, verdict.fault) == (0, None)


def test_two_processes_that_sequence_while_others_write_leave_no_gap(database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(2)]
    children = [context.Process(target=sequence_audit, args=(address(database), theirs)) for _, theirs in pipes]
    for child in children:
        child.start()
    assert [ours.recv() for ours, _ in pipes] == ["ready", "ready"]
    for ours, _ in pipes:
        ours.send("go")

    def act(_number: int) -> int:
        with reopened(database) as mine:
            return len(write(make_audit(mine), 40))

    assert sum(in_parallel(None, 4, act)) == 160
    for ours, _ in pipes:
        ours.send("stop")
    numbered = sum(ours.recv() for ours, _ in pipes)
    for child in children:
        child.join()
    rest = make_audit(database).sequence()
    assert numbered + rest == 160
    assert sorted(row["seq"] for row in stored(database, audit_events)) == list(range(1, 161))
    assert make_audit(database).verify().fault is None


def change(database: Database, seq: int, /, **values: object) -> None:
    """Change a row behind the product's back."""
    database.run(database.prepare(update(audit_events).where(audit_events.c.seq == seq).values(**values)))


def remove(database: Database, seq: int) -> None:
    """Remove a row behind the product's back."""
    database.run(database.prepare(delete(audit_events).where(audit_events.c.seq == seq)))


def swap(database: Database, one: int, other: int) -> None:
    """Exchange two rows' places, chain values and all."""
    rows = {row["seq"]: row for row in stored(database, audit_events)}
    change(database, one, seq=-1, chain=rows[other]["chain"])
    change(database, other, seq=one, chain=rows[one]["chain"])
    change(database, -1, seq=other)


def renumber_without(database: Database, seq: int) -> None:
    """Remove a row and close the gap in the numbers."""
    remove(database, seq)
    for number in range(seq + 1, 7):
        change(database, number, seq=number - 1)


def double(database: Database, seq: int) -> None:
    """Copy a row under another id as if it had happened twice."""
    [row] = [row for row in stored(database, audit_events) if row["seq"] == seq]
    copy = {name: value for name, value in row.items() if value is not None and name not in {"seq", "chain"}}
    database.run(database.prepare(audit_events.insert().values(**{**copy, "id": "0" * 26})))


TAMPERING: list[tuple[Callable[[Database], object], int]] = [
    (lambda database: change(database, 3, reason="harmless"), 3),
    (lambda database: change(database, 3, outcome="done", account_id="somebody-else"), 3),
    (lambda database: change(database, 1, at_us=5), 1),
    (lambda database: change(database, 6, detail='{"x":1}'), 6),
    (lambda database: change(database, 2, sealed=b"\0" * 40), 2),
    (lambda database: change(database, 2, mac=b"\0" * 32), 2),
    (lambda database: change(database, 4, chain=b"\0" * 32), 4),
    (lambda database: change(database, 4, chain=null()), 4),
    (lambda database: change(database, 4, seq=null()), 4),
    (lambda database: change(database, 5, at_us=-(2**62)), 5),
    (lambda database: remove(database, 1), 1),
    (lambda database: remove(database, 3), 3),
    (lambda database: renumber_without(database, 3), 3),
    (lambda database: swap(database, 2, 5), 2),
    (lambda database: double(database, 2), 7),
]


@pytest.mark.parametrize("number", range(len(TAMPERING)))
def test_verification_names_the_first_row_that_was_tampered_with(
    database: Database, audit: AuditLog, number: int
) -> None:
    write(audit, 6)
    audit.sequence()
    tamper, position = TAMPERING[number]
    assert audit.verify().fault is None
    tamper(database)
    fault = audit.verify().fault
    assert fault is not None
    assert fault.position == position


@pytest.mark.parametrize("column", ["mac", "chain", "sealed", "id"])
def test_value_of_another_type_is_a_fault_and_not_a_crash(sqlite_database: SqliteDatabase, column: str) -> None:
    """SQLite keeps any type in any column."""
    log = make_audit(sqlite_database)
    write(log, 3)
    log.sequence()
    sqlite_database.run(Prepared(f"UPDATE audit_events SET {column} = 7 WHERE seq = 2", {}))  # noqa: S608 - a literal
    fault = log.verify().fault
    assert fault is not None
    assert fault.position == 2


def test_cut_off_tail_is_found_by_a_checkpoint_only(database: Database, audit: AuditLog) -> None:
    write(audit, 6)
    audit.sequence()
    checkpoint = audit.head()
    remove(database, 6)
    assert audit.verify().fault is None
    fault = audit.verify(checkpoint).fault
    assert fault is not None
    assert fault.position == 6


def test_cut_off_tail_that_grew_again_is_found_by_a_checkpoint(database: Database, audit: AuditLog) -> None:
    write(audit, 6)
    audit.sequence()
    checkpoint = audit.head()
    remove(database, 6)
    write(audit, 3)
    audit.sequence()
    assert audit.verify().fault is None
    assert audit.verify(checkpoint).fault is not None


def test_checkpoint_that_was_changed_is_no_witness(audit: AuditLog) -> None:
    write(audit, 2)
    audit.sequence()
    checkpoint = audit.head()
    write(audit, 2)
    audit.sequence()
    assert audit.verify(checkpoint).fault is None
    assert audit.verify({**checkpoint, "head": "00" * 32}).fault is not None
    assert audit.verify({**checkpoint, "mac": "00" * 32}).fault is not None


@pytest.mark.parametrize("size", [0, 1])
def test_checkpoint_whose_size_was_lowered_is_no_witness(audit: AuditLog, size: int) -> None:
    write(audit, 2)
    audit.sequence()
    assert audit.verify({**audit.head(), "size": size}).fault is not None


def test_log_of_another_key_does_not_verify(database: Database, audit: AuditLog, clock: FrozenClock) -> None:
    write(audit)
    other = AuditLog(SqlAuditStore(database), clock, AUDIT_KEY[::-1] + b"x", SEALER.seal, SEALER.open)
    assert other.verify().fault is not None


def test_private_part_of_another_row_does_not_open(database: Database, audit: AuditLog) -> None:
    """The ciphertext is bound to its row, so an address cannot be moved to another person's sign-in."""
    audit.write(AuditEvent(Event.SIGN_IN, private={"address": "192.0.2.1"}))
    audit.write(AuditEvent(Event.SIGN_IN, private={"address": "192.0.2.2"}))
    audit.sequence()
    sealed = [row["sealed"] for row in sorted(stored(database, audit_events), key=lambda row: row["seq"])]
    change(database, 1, sealed=sealed[1])
    with pytest.raises(SealBroken):
        audit.search(AuditQuery())
