"""Audit records of many fibers, which a shared commit inserts together, and what they read of the registries in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, select, update

from idp.errors import Conflict
from idp.model.audit import AuditEvent, Event
from idp.services.audit import AuditLog
from idp.storage.audit import record_params, record_statement
from idp.storage.database import Database
from idp.storage.tables import audit_events, registry_versions
from tests.support.fibers import together
from tests.support.stores import stored


def recording(database: Database, audit: AuditLog, record: Any = None) -> Callable[[], Any]:
    """Return a work that reads the version of the clients and records, as a client's own token does."""
    version = select(registry_versions.c.version).where(registry_versions.c.name == "clients").scalar_subquery()
    claim, statement = database.prepare(select(version)), record_statement(database)
    made = record or audit.record(AuditEvent(Event.TOKEN_CLIENT, case_code="AAAA", detail={"scope": "x"}))
    return lambda: database.claim_and_record(claim, {}, statement, record_params(made))


def raising(database: Database) -> Callable[[], Any]:
    """Return a work that raises the version of the clients."""
    columns = registry_versions.c
    statement = database.prepare(
        update(registry_versions).where(columns.name == "clients").values(version=columns.version + bindparam("more"))
    )
    return lambda: database.run(statement, {"more": 1})


def test_every_record_of_a_shared_commit_is_there_once(database: Database, audit: AuditLog) -> None:
    outcomes = together(database.fibers, *(recording(database, audit) for _ in range(100)))
    assert {type(outcome) for outcome in outcomes} == {tuple}
    rows = stored(database, audit_events)
    assert len({row["id"] for row in rows}) == len(rows) == 100
    assert all(audit.is_ours(row) for row in rows)


def test_record_that_is_there_already_fails_alone(database: Database, audit: AuditLog) -> None:
    taken = audit.write(AuditEvent(Event.TOKEN_CLIENT))
    works = [recording(database, audit, taken if number % 5 == 0 else None) for number in range(20)]
    outcomes = together(database.fibers, *works)
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [number % 5 == 0 for number in range(20)]
    assert len(stored(database, audit_events)) == 1 + 16


def test_version_that_rides_along_is_never_older_than_what_was_committed_before(
    database: Database, audit: AuditLog
) -> None:
    database.run(database.prepare(registry_versions.insert().values(name="clients", version=7)))

    def work() -> tuple[int, int]:
        (before,) = recording(database, audit)()
        raising(database)()
        (after,) = recording(database, audit)()
        return before, after

    outcomes = together(database.fibers, *[work] * 24)
    assert all(before < after for before, after in outcomes)
    assert max(after for _, after in outcomes) == min(before for before, _ in outcomes) + 24
