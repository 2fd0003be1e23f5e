"""Links, roles and comparisons over SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.errors import Conflict
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.accounts import AccountRow, NewAccount
from idp.ports.officials import AssignmentRow, LinkRow, Run
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.officials import SqlOfficialStore
from idp.storage.roles import SqlRoleStore
from idp.storage.tables import accounts, audit_events, directory_links, role_assignments
from tests.support.clock import START
from tests.support.stores import add_account, in_parallel, stored

LINK = LinkRow("qoffice", "l1", "a1", "20194", "2025-07-01", START)
ROLE = AssignmentRow(
    "r1", "a1", "mot-cua", "20194", "2025-07-01", START, None, "directory:qoffice", "directory:qoffice", START
)


def account(account_id: str) -> NewAccount:
    row = AccountRow(account_id, "official", "active", None, None, 1, None, 0, None, b"sealed", START, START)
    return NewAccount(row, ())


def record(audit: AuditLog, event: Event = Event.OFFICIAL_ADMIT) -> AuditRecord:
    return audit.record(AuditEvent(event))


def test_an_account_and_its_link_come_together_or_not_at_all(database: Database, audit: AuditLog) -> None:
    store = SqlOfficialStore(database)

    def admit(number: int) -> bool:
        try:
            store.admit(account(f"a{number}"), replace(LINK, account_id=f"a{number}"), record(audit))
        except Conflict:
            return False
        return True

    assert sum(in_parallel(database, 4, admit)) == 1
    (kept,) = stored(database, accounts)
    found = store.by_link("qoffice", "l1")
    assert found is not None
    assert found.account_id == kept["id"]
    assert len(stored(database, audit_events, event="official:admit")) == 1
    assert store.by_link("qoffice", "l2") is None
    assert store.by_link("khac", "l1") is None


def test_a_link_moves_ends_and_comes_back_once_each(database: Database, audit: AuditLog) -> None:
    store = SqlOfficialStore(database)
    store.admit(account("a1"), LINK, record(audit))
    store.add(replace(LINK, directory="khac"), record(audit))
    assert [row.directory for row in store.of_account("a1")] == ["khac", "qoffice"]
    office = ("20341", "2025-07-01")
    assert store.move("qoffice", "l1", office, record(audit))
    assert not store.move("qoffice", "l1", office, record(audit))
    assert sum(in_parallel(database, 4, lambda _: store.end("qoffice", "l1", START, "gone", record(audit)))) == 1
    assert [row.directory for row in store.of_account("a1")] == ["khac"]
    (row,) = store.of_directory("qoffice")
    assert (row.unit_code, row.ended_at, row.end_reason) == ("20341", START, "gone")
    assert store.revive("qoffice", "l1", record(audit))
    assert not store.revive("qoffice", "l1", record(audit))
    assert store.by_link("qoffice", "l1") == replace(LINK, unit_code="20341")


def test_roles_begin_and_end_in_one_transaction_or_not_at_all(database: Database, audit: AuditLog) -> None:
    add_account(database, "a1")
    store = SqlRoleStore(database)
    assert store.change([ROLE], [], START, "sign_in", [record(audit, Event.ROLE_BEGIN)])
    assert store.held("a1") == [ROLE]
    other = replace(ROLE, id="r2", role="van-thu")
    # The same assignment twice, and the end of one that is none: nothing at all is written.
    assert not store.change([other, replace(ROLE, id="r3")], [], START, "x", [record(audit, Event.ROLE_BEGIN)])
    assert not store.change([other], ["r9"], START, "x", [record(audit, Event.ROLE_BEGIN)])
    assert store.held("a1") == [ROLE]
    assert len(stored(database, audit_events, event="role:begin")) == 1
    assert store.change([other], ["r1"], START + 5, "moved", [record(audit, Event.ROLE_END)])
    assert store.held("a1") == [other]
    assert store.by_unit() == [("20194", "2025-07-01", 1)]
    (ended,) = stored(database, role_assignments, id="r1")
    assert (ended["ended_at"], ended["end_reason"]) == (START + 5, "moved")
    assert store.change([replace(ROLE, id="r4")], [], START, "back", []), "what has ended may begin anew"


def test_of_parallel_beginnings_of_one_role_one_is_stored(database: Database, audit: AuditLog) -> None:
    add_account(database, "a1")
    store = SqlRoleStore(database)
    begun = in_parallel(database, 6, lambda n: store.change([replace(ROLE, id=f"r{n}")], [], START, "x", []))
    assert sum(begun) == 1
    assert len(stored(database, role_assignments)) == 1


def test_of_many_processes_one_runs_a_days_comparison_and_what_was_out_of_reach_is_tried_again(
    database: Database, audit: AuditLog
) -> None:
    store = SqlOfficialStore(database)
    assert store.last_run("qoffice") is None
    assert sum(in_parallel(database, 6, lambda _: store.claim_run("qoffice", "2026-01-02", START))) == 1
    assert not store.claim_run("qoffice", "2026-01-01", START)
    run = Run("qoffice", "2026-01-02", START, START + 9, "go", {"known": 3, "gone": 1})
    store.finish_run(run, record(audit, Event.DIRECTORY_COMPARE))
    assert store.last_run("qoffice") == run
    assert not store.claim_run("qoffice", "2026-01-02", START + 5000)
    store.finish_run(replace(run, outcome="unavailable"), record(audit, Event.DIRECTORY_COMPARE))
    assert not store.claim_run("qoffice", "2026-01-02", START + 60)
    assert sum(in_parallel(database, 4, lambda _: store.claim_run("qoffice", "2026-01-02", START + 900))) == 1
    assert store.claim_run("qoffice", "2026-01-03", START + 901)
    assert store.claim_run("khac", "2026-01-02", START)
    # One that never ended, as its process was killed.
    assert not store.claim_run("khac", "2026-01-02", START + 3600)
    assert store.claim_run("khac", "2026-01-02", START + 4 * 3600)


@pytest.mark.parametrize("table", [directory_links, role_assignments])
def test_no_name_of_a_person_has_a_column(table: object) -> None:
    names = {column.name for column in table.columns}  # type: ignore[attr-defined]
    assert not names & {"dn", "name", "username", "uid", "email", "password"}
