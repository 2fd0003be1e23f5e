"""Grants of administration and approvals over SQLite and PostgreSQL: with their audit records, once, and only while they rest on something."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.errors import Conflict, DomainError, Refused
from idp.model.approval import Approval
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.administration import GrantQuery, Revocation
from idp.services.audit import AuditLog
from idp.storage.administration import SqlAdminStore
from idp.storage.approvals import SqlApprovalStore
from idp.storage.database import Database
from idp.storage.tables import audit_events
from policies.delegation import TOP, AdminGrant, Role
from policies.units import UnitKey
from tests.support.stores import in_parallel, stored

UNIT = UnitKey("79.1", "2025-07-01")


def grant(name: str = "g1", **changes: Any) -> AdminGrant:
    made = AdminGrant(name, "account:a", Role.SUPPORT, UNIT, 10, 100, "operator:local", 10, "", "lý do")
    return replace(made, **changes)


def record(audit: AuditLog, event: Event = Event.ADMIN_GRANT) -> AuditRecord:
    return audit.record(AuditEvent(event))


def revoked(store: SqlAdminStore, audit: AuditLog, *names: str, needs: tuple[str, ...] = ()) -> int:
    which = [Revocation(name, record(audit, Event.ADMIN_REVOKE)) for name in names]
    return store.revoke(which, needs, now=50, by="operator:local", reason="hết việc")


def test_grant_comes_back_whole_with_its_record(database: Database, audit: AuditLog) -> None:
    store = SqlAdminStore(database)
    made = grant()
    store.add(made, (), record(audit))
    assert store.get("g1") == made
    assert store.of_principal("account:a") == (made,)
    assert store.of_principal("account:b") == ()
    assert store.search(GrantQuery(role="support")) == [made]
    assert len(stored(database, audit_events, event="admin:grant")) == 1


def test_revoked_grant_is_gone_from_its_principal_and_stays_in_the_history(database: Database, audit: AuditLog) -> None:
    store = SqlAdminStore(database)
    store.add(grant(), (), record(audit))
    assert revoked(store, audit, "g1") == 1
    assert revoked(store, audit, "g1") == 0
    assert store.of_principal("account:a") == ()
    assert store.search(GrantQuery()) == []
    assert [one.revoked_at for one in store.everything()] == [50]
    assert len(stored(database, audit_events, event="admin:revoke")) == 1


def test_same_role_over_the_same_unit_is_there_once_until_it_ran_out(database: Database, audit: AuditLog) -> None:
    store = SqlAdminStore(database)
    store.add(grant(), (), record(audit))
    with pytest.raises(Conflict):
        store.add(grant("g2", granted_at=20), (), record(audit))
    store.add(grant("g3", unit=replace_day(UNIT)), (), record(audit))
    store.add(grant("g4", granted_at=100, begins=100, ends=None), (), record(audit))
    assert [one.id for one in store.of_principal("account:a")] == ["g3", "g4"]


def replace_day(unit: UnitKey) -> UnitKey:
    return UnitKey(unit.code, "2030-01-01")


@pytest.mark.parametrize("state", ["revoked", "ended", "later"])
def test_nothing_is_written_where_the_right_behind_it_is_gone(database: Database, audit: AuditLog, state: str) -> None:
    store = SqlAdminStore(database)
    own = {"ended": {"ends": 20}, "later": {"begins": 60}}.get(state, {})
    store.add(grant("root", principal="account:boss", unit=TOP, **own), (), record(audit))
    if state == "revoked":
        revoked(store, audit, "root")
    with pytest.raises(Refused) as refused:
        store.add(grant(granted_at=50), ("root",), record(audit))
    assert refused.value.code == "right_lost"
    assert store.of_principal("account:a") == ()
    store.add(grant("mine"), (), record(audit))
    with pytest.raises(Refused):
        revoked(store, audit, "mine", needs=("root",))
    assert store.of_principal("account:a") != ()


def test_granting_while_the_granter_is_demoted_leaves_no_grant_by_nobody(database: Database, audit: AuditLog) -> None:
    """Whichever comes first: a grant that was made rested on a right that stood at that moment."""
    store = SqlAdminStore(database)
    store.add(grant("root", principal="account:boss", unit=TOP), (), record(audit))

    def act(number: int) -> bool:
        if number == 0:
            return revoked(SqlAdminStore(database), audit, "root") == 1
        try:
            wanted = grant(f"g{number}", principal=f"account:{number}", granted_at=50)
            SqlAdminStore(database).add(wanted, ("root",), record(audit))
        except DomainError:
            return False
        return True

    done = in_parallel(database, 6, act)
    assert done[0]
    with pytest.raises(Refused):
        store.add(grant("late", granted_at=50), ("root",), record(audit))
    assert len(store.everything()) == 1 + sum(done[1:])


def approval(**changes: Any) -> Approval:
    made = Approval("p1", "key:revoke", "key:revoke", "key:k", {"kid": "k"}, "account:a", "lộ khóa", 10, 100)
    return replace(made, **changes)


def test_approval_comes_back_whole(database: Database, audit: AuditLog) -> None:
    store = SqlApprovalStore(database)
    store.add(approval(), record(audit, Event.APPROVAL_REQUEST))
    store.add(approval(id="p2"), record(audit, Event.APPROVAL_REQUEST))
    assert store.get("p1") == approval()
    assert store.get("other") is None
    assert [one.id for one in store.search(("pending",), "", 10)] == ["p2", "p1"]
    assert [one.id for one in store.search(("pending",), "p2", 10)] == ["p1"]


def test_what_somebody_asked_waits_until_it_is_decided_or_runs_out(database: Database, audit: AuditLog) -> None:
    store = SqlApprovalStore(database)
    store.add(approval(), record(audit, Event.APPROVAL_REQUEST))
    asked = ("key:revoke", "key:k", "account:a")
    assert store.pending(*asked, 99) == [approval()]
    assert store.pending(*asked, 100) == []
    for other in (("key:retire", *asked[1:]), (asked[0], "key:l", asked[2]), (*asked[:2], "account:b")):
        assert store.pending(*other, 50) == []
    store.decide("p1", "rejected", "account:b", 50, record(audit, Event.APPROVAL_REJECT))
    assert store.pending(*asked, 60) == []


def test_of_many_decisions_at_once_one_counts(database: Database, audit: AuditLog) -> None:
    SqlApprovalStore(database).add(approval(), record(audit, Event.APPROVAL_REQUEST))

    def act(number: int) -> bool:
        state = "approved" if number % 2 else "rejected"
        made = record(audit, Event.APPROVAL_APPROVE)
        return SqlApprovalStore(database).decide("p1", state, f"account:{number}", 50, made)

    assert sum(in_parallel(database, 8, act)) == 1
    assert len(stored(database, audit_events, event="approval:approve")) == 1


def test_late_decision_counts_for_nothing_and_only_what_was_claimed_is_settled(
    database: Database, audit: AuditLog
) -> None:
    store = SqlApprovalStore(database)
    store.add(approval(), record(audit, Event.APPROVAL_REQUEST))
    assert not store.settle("p1", "done", "", record(audit, Event.APPROVAL_SETTLE))
    assert not store.decide("p1", "approved", "account:b", 100, record(audit, Event.APPROVAL_APPROVE))
    assert store.decide("p1", "approved", "account:b", 99, record(audit, Event.APPROVAL_APPROVE))
    assert store.settle("p1", "failed", "conflict", record(audit, Event.APPROVAL_SETTLE))
    found = store.get("p1")
    assert found is not None
    assert (found.state, found.decided_by, found.decided_at, found.outcome) == ("failed", "account:b", 99, "conflict")
