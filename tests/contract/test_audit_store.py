"""The audit log over real databases: what is written, and what a search finds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.audit import AuditQuery
from idp.services.audit import AuditLog
from idp.storage.audit import SqlAuditStore, _filtered
from idp.storage.database import Database
from idp.storage.tables import audit_events
from keys.errors import SealBroken
from tests.support.clock import FrozenClock
from tests.support.stores import stored

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
    assert found["seq"] == 1


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


def test_records_are_numbered_as_they_come(database: Database, audit: AuditLog) -> None:
    ids = write(audit, 3)
    rows = SqlAuditStore(database).after(0, 10)
    assert [(row["seq"], row["id"]) for row in rows] == list(zip((1, 2, 3), ids, strict=True))
    assert [row["seq"] for row in SqlAuditStore(database).after(1, 1)] == [2]


def test_private_part_of_another_row_does_not_open(database: Database, audit: AuditLog) -> None:
    """The ciphertext is bound to its row, so an address cannot be moved to another person's sign-in."""
    audit.write(AuditEvent(Event.SIGN_IN, private={"address": "192.0.2.1"}))
    audit.write(AuditEvent(Event.SIGN_IN, private={"address": "192.0.2.2"}))
    sealed = [row["sealed"] for row in sorted(stored(database, audit_events), key=lambda row: row["seq"])]
    values = audit_events.update().where(audit_events.c.seq == 1).values(sealed=sealed[1])
    database.run(database.prepare(values))
    with pytest.raises(SealBroken):
        audit.search(AuditQuery())


def test_seldom_event_is_found_by_its_index_among_many_tokens(database: Database, audit: AuditLog) -> None:
    audit.write(AuditEvent(Event.KEY_REVOKE, actor="operator:local", target="key:a"))
    for _ in range(3):
        audit.write(AuditEvent(Event.TOKEN_CLIENT, actor="client:a", client_id="a"))
    seldom = AuditQuery(events=(str(Event.KEY_REVOKE),), limit=10)
    both = AuditQuery(events=(str(Event.KEY_REVOKE), str(Event.TOKEN_CLIENT)), limit=10)
    assert [row["event"] for row in audit.search(seldom)] == ["key:revoke"]
    assert len(audit.search(both)) == 4
    if database.name == "sqlite":  # PostgreSQL chooses by size, and this log is small.
        asked = database.prepare(_filtered(seldom))
        plan = database.rows(replace(asked, sql=f"EXPLAIN QUERY PLAN {asked.sql}"))
        assert "ix_audit_events_event" in str(plan)


@pytest.mark.parametrize("name", ["actor", "target"])
def test_who_acted_and_on_what_is_found_by_an_index_of_the_seldom_events(
    database: Database, audit: AuditLog, name: str
) -> None:
    audit.write(AuditEvent(Event.KEY_REVOKE, actor="client:a", target="client:a"))
    audit.write(AuditEvent(Event.TOKEN_CLIENT, actor="client:a", client_id="a", target="client:a"))
    audit.write(AuditEvent(Event.KEY_REVOKE, actor="client:b", target="client:b"))
    alone = AuditQuery(actor="client:a") if name == "actor" else AuditQuery(target="client:a")
    assert [row["event"] for row in audit.search(alone)] == ["key:revoke"]
    assert [row["event"] for row in audit.search(replace(alone, client_id="a"))] == ["token:client_credentials"]
    assert len(audit.search(replace(alone, events=(str(Event.TOKEN_CLIENT), str(Event.KEY_REVOKE))))) == 2
    if database.name == "sqlite":
        asked = database.prepare(_filtered(alone))
        plan = database.rows(replace(asked, sql=f"EXPLAIN QUERY PLAN {asked.sql}"))
        assert f"ix_audit_events_{name}" in str(plan)
