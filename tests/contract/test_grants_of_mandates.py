"""Grants that rest on a mandate: redeemed, refreshed and alive only while it counts; everybody else's are not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.grant import Grant
from idp.model.mandate import Mandate
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.grants import SqlGrantStore
from idp.storage.mandates import SqlMandateStore
from idp.storage.tables import accounts, audit_events, mandates, sessions
from tests.support.clock import START
from tests.support.stores import add_account, in_parallel, insert, stored

LATER = START + 3600


@pytest.fixture
def store(database: Database, audit: AuditLog) -> SqlGrantStore:
    """Return the store; ``an`` acts for ``shop`` in the session ``s1``."""
    for name in ("an", "shop"):
        add_account(database, name)
    moments = {"created_at": START, "last_seen_at": START, "auth_time": START, "expires_at": LATER}
    texts = {"acr": "x", "amr": "pwd", "origin": b"", "digest": b"s1"}
    insert(database, sessions, id="s1", account_id="an", **texts, **moments)
    made = Mandate(
        *("m1", "representative", "shop", "an", ("*",), "", START, LATER, False, 0, "accepted", "x", b"", "y", START)
    )
    assert SqlMandateStore(database).add(made, record(audit))
    return SqlGrantStore(database)


def grant(**changes: Any) -> Grant:
    """Return a new grant that rests on the mandate."""
    numbers: dict[str, Any] = {
        "claims": 5,
        "auth_time": START,
        "created_at": START,
        "expires_at": LATER,
        "rotated_at": START,
    }
    texts: dict[str, Any] = {
        "id": "g1",
        "account_id": "an",
        "client_id": "portal",
        "session_id": "s1",
        "sub": "sub",
        "scope": "openid",
    }
    made = Grant(
        **texts, **numbers, acr="x", amr=("pwd",), offline=True, generation=1, grace_used=False, mandate_id="m1"
    )
    return replace(made, **changes)


def record(audit: AuditLog) -> AuditRecord:
    """Return a record to go with an act."""
    return audit.record(AuditEvent(Event.TOKEN_CODE, client_id="portal"))


def change(database: Database, table: Any, key: str, **values: object) -> None:
    """Change one row."""
    database.run(database.prepare(table.update().where(table.c.id == key).values(**values)))


BREAKS = [
    (mandates, "m1", {"state": "revoked"}),
    (mandates, "m1", {"state": "proposed"}),
    (accounts, "shop", {"state": "locked"}),
]


def test_grant_keeps_its_mandate(store: SqlGrantStore, audit: AuditLog) -> None:
    assert store.redeem(grant(), record(audit)) is not None
    assert store.get("g1") == grant()
    state = store.token_state("g1", "jti", with_code=True)
    assert state is not None
    assert (state.is_live, state.mandate_id, state.account_id) == (True, "m1", "an")


@pytest.mark.parametrize(("table", "key", "values"), [*BREAKS, (mandates, "m1", {"valid_to": START})])
def test_nothing_is_redeemed_or_refreshed_on_a_mandate_that_does_not_count(
    store: SqlGrantStore, audit: AuditLog, database: Database, table: Any, key: str, values: dict[str, object]
) -> None:
    assert store.redeem(grant(), record(audit)) is not None
    change(database, table, key, **values)
    before = len(stored(database, audit_events))
    assert store.redeem(grant(id="g2"), record(audit)) is None
    assert store.redeem(grant(id="g2"), record(audit), needs_session=False) is None
    for act in (store.rotate, store.use):
        assert act("g1", "portal", 1, START + 1, record(audit)) is None
    assert store.use_grace("g1", "portal", 1, START, START + 1, record(audit)) is None
    assert len(stored(database, audit_events)) == before
    assert store.redeem(grant(id="g3", mandate_id=""), record(audit)) is not None
    assert store.rotate("g3", "portal", 1, START + 1, record(audit)) is not None


@pytest.mark.parametrize(("table", "key", "values"), BREAKS)
def test_token_is_dead_as_soon_as_its_mandate_is(
    store: SqlGrantStore, audit: AuditLog, database: Database, table: Any, key: str, values: dict[str, object]
) -> None:
    for made in (grant(), grant(id="g2", mandate_id="")):
        assert store.redeem(made, record(audit)) is not None
    change(database, table, key, **values)
    states = [store.token_state(name, "jti", with_code=False) for name in ("g1", "g2")]
    assert [one.is_live for one in states if one is not None] == [False, True]


def test_mandate_that_is_not_there_is_none_that_counts(store: SqlGrantStore, audit: AuditLog) -> None:
    assert store.redeem(grant(mandate_id="m9"), record(audit)) is None


def test_redemption_that_races_with_the_end_of_its_mandate_leaves_no_live_token(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    ending = SqlMandateStore(database)

    def act(number: int) -> None:
        if number == 3:
            ending.revoke("m1", START + 1, "left", record(audit))
        else:
            store.redeem(grant(id=f"g{number}"), record(audit))

    in_parallel(database, 8, act)
    states = [store.token_state(f"g{number}", "jti", with_code=False) for number in range(8)]
    assert not any(one.is_live for one in states if one is not None)
