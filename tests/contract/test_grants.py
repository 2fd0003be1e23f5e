"""Grants over real databases: what is single-use is claimed by one statement, with its audit record or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp import handles
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.model.grant import Grant
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.grants import SqlGrantStore
from idp.storage.tables import accounts, audit_events, consents, grants, registry_versions, revoked_tokens, sessions
from tests.support.clock import START
from tests.support.stores import add_account, in_parallel, insert, stored

LATER = START + 3600


@pytest.fixture
def store(database: Database) -> SqlGrantStore:
    """Return the store; ``an`` has a session, and both registries a version."""
    return make_store(database)


def make_store(database: Database) -> SqlGrantStore:
    """Return a store over a database in which ``an`` has a session, and both registries a version."""
    add_account(database, "an")
    add_session(database, "s1")
    insert(database, registry_versions, name="clients", version=7)
    insert(database, registry_versions, name="keys", version=3)
    return SqlGrantStore(database)


def add_session(database: Database, session_id: str, **values: object) -> None:
    """Insert a live session of ``an``."""
    moments = {"created_at": START, "last_seen_at": START, "auth_time": START, "expires_at": LATER}
    fixed: dict[str, object] = {
        "account_id": "an",
        "acr": "x",
        "amr": "pwd",
        "origin": b"",
        "digest": session_id.encode(),
    }
    insert(database, sessions, **{"id": session_id, **fixed, **moments, **values})


def grant(**changes: Any) -> Grant:
    """Return a new grant of ``an`` for ``portal``."""
    made = Grant(
        id=handles.new_id(),
        account_id="an",
        client_id="portal",
        session_id="s1",
        sub="sub",
        scope="openid",
        claims=5,
        auth_time=START,
        acr="urn:x",
        amr=("pwd", "otp"),
        created_at=START,
        expires_at=LATER,
        offline=False,
        generation=1,
        rotated_at=START,
        grace_used=False,
    )
    return replace(made, **changes)


def record(audit: AuditLog, event: Event = Event.TOKEN_CODE) -> AuditRecord:
    """Return a record to go with an act."""
    return audit.record(AuditEvent(event, client_id="portal"))


def count(database: Database) -> int:
    """Return how many audit records there are."""
    return len(stored(database, audit_events))


def update(database: Database, table: Any, **values: object) -> None:
    """Set columns of every row."""
    database.run(database.prepare(table.update().values(**values)))


def test_redeemed_grant_reads_back_as_it_was(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    done = store.redeem(made, record(audit))
    assert done is not None
    assert (done.versions.clients, done.versions.keys) == (7, 3)
    assert store.get(made.id) == made
    assert store.get("nothing") is None
    assert count(database) == 1


def test_second_redemption_changes_and_records_nothing(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    made = grant()
    store.redeem(made, record(audit))
    assert store.redeem(replace(made, sub="thief"), record(audit)) is None
    assert store.get(made.id) == made
    assert count(database) == 1


@pytest.mark.parametrize("changes", [{"session_id": "none"}, {"account_id": "none"}])
def test_nothing_is_redeemed_without_session_and_account(
    store: SqlGrantStore, audit: AuditLog, database: Database, changes: dict[str, str]
) -> None:
    assert store.redeem(grant(**changes), record(audit)) is None
    assert count(database) == 0


def test_ended_session_redeems_nothing(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    update(database, sessions, ended_at=START)
    assert store.redeem(grant(), record(audit)) is None
    assert stored(database, grants) == []


@pytest.mark.parametrize(
    ("claims", "issued_at", "is_redeemed"), [(5, 4, False), (5, 5, False), (1, 4, True), (9, 4, True), (5, 6, True)]
)
def test_a_code_from_before_a_narrower_consent_releases_nothing_that_was_declined_since(
    store: SqlGrantStore, audit: AuditLog, database: Database, claims: int, issued_at: int, is_redeemed: bool
) -> None:
    agreed = {"account_id": "an", "client_id": "portal", "kind": "consent", "scope": "openid", "text_version": "v1"}
    past = {"given_at": START, "ended_at": START + 5, "end_reason": "superseded"}
    insert(database, consents, id="old", **agreed, claims=5, declined=0, **past)
    insert(database, consents, id="new", **agreed, claims=9, declined=12, given_at=START + 5)
    done = store.redeem(grant(claims=claims), record(audit), issued_at=START + issued_at)
    assert (done is not None) is is_redeemed


def test_rotation_compares_and_swaps(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    store.redeem(made, record(audit))
    done = store.rotate(made.id, "portal", 1, START + 9, record(audit))
    assert done is not None
    assert done.grant == replace(made, generation=2, rotated_at=START + 9)
    assert (done.versions.clients, done.versions.keys) == (7, 3)
    assert store.rotate(made.id, "portal", 1, START + 9, record(audit)) is None
    assert count(database) == 2


@pytest.mark.parametrize(
    ("wrong", "at"),
    [({"client_id": "other"}, START), ({"generation": 2}, START), ({}, LATER), ({"grant_id": "x"}, START)],
)
def test_rotation_wants_the_right_client_generation_and_time(
    store: SqlGrantStore, audit: AuditLog, wrong: dict[str, Any], at: int
) -> None:
    made = grant()
    store.redeem(made, record(audit))
    asked = {"grant_id": made.id, "client_id": "portal", "generation": 1, **wrong}
    assert store.rotate(**asked, now=at, record=record(audit)) is None


@pytest.mark.parametrize("ended", [{"ended_at": START}, {"expires_at": START + 5}])
def test_rotation_needs_the_session_unless_offline(
    store: SqlGrantStore, audit: AuditLog, database: Database, ended: dict[str, int]
) -> None:
    bound, offline = grant(), grant(offline=True)
    for one in (bound, offline):
        store.redeem(one, record(audit))
    update(database, sessions, **ended)
    assert store.rotate(bound.id, "portal", 1, START + 5, record(audit)) is None
    assert store.rotate(offline.id, "portal", 1, START + 5, record(audit)) is not None


def test_grace_is_used_once_and_in_time(store: SqlGrantStore, audit: AuditLog) -> None:
    made = grant()
    store.redeem(made, record(audit))
    store.rotate(made.id, "portal", 1, START + 10, record(audit))
    assert store.use_grace(made.id, "portal", 2, START + 11, START + 40, record(audit)) is None
    assert store.use_grace(made.id, "portal", 1, START + 10, START + 20, record(audit)) is None
    first = store.use_grace(made.id, "portal", 2, START + 10, START + 20, record(audit))
    assert first is not None
    assert first.grant.generation == 2
    assert store.use_grace(made.id, "portal", 2, START + 10, START + 20, record(audit)) is None
    store.rotate(made.id, "portal", 2, START + 30, record(audit))
    assert store.use_grace(made.id, "portal", 3, START + 30, START + 30, record(audit)) is not None


def test_revocation_counts_once_and_stays(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    store.redeem(made, record(audit))
    assert store.revoke(made.id, START + 1, "client", record(audit)) is True
    assert store.revoke(made.id, START + 2, "replay", record(audit)) is False
    assert store.revoke("nothing", START, "client", record(audit)) is False
    found = store.get(made.id)
    assert found is not None
    assert (found.revoked_at, found.revoke_reason) == (START + 1, "client")
    assert store.rotate(made.id, "portal", 1, START + 3, record(audit)) is None
    assert count(database) == 2


def test_state_tells_everything_that_ends_a_token(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    store.redeem(made, record(audit))
    state = store.token_state(made.id, "jti", with_code=False)
    assert state is not None
    assert state.is_live
    assert (state.account_id, state.claims, state.scope, state.identity_level) == ("an", 5, "openid", 2)
    assert (state.versions.clients, state.versions.keys) == (7, 3)
    assert store.token_state("nothing", "jti", with_code=False) is None
    store.revoke_token("jti", "portal", START, LATER, record(audit))
    store.revoke_token("jti", "portal", START, LATER, record(audit))
    assert is_live(store, made, "jti") is False
    assert is_live(store, made, "another") is True
    assert store.is_token_revoked("jti")[0] is True
    assert store.is_token_revoked("another")[0] is False
    assert len(stored(database, revoked_tokens)) == 1


def test_end_of_the_session_ends_bound_tokens_only(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    bound, offline = grant(), grant(offline=True)
    for one in (bound, offline):
        store.redeem(one, record(audit))
    update(database, sessions, ended_at=START)
    assert is_live(store, bound) is False
    assert is_live(store, offline) is True


@pytest.mark.parametrize("state", ["locked", "closed", "merged"])
def test_account_that_is_not_active_has_no_live_token(
    store: SqlGrantStore, audit: AuditLog, database: Database, state: str
) -> None:
    add_account(database, "binh", state=state)
    add_session(database, "s2", account_id="binh")
    made = grant(account_id="binh", session_id="s2")
    assert store.redeem(made, record(audit)) is None
    own = grant()
    store.redeem(own, record(audit))
    update(database, grants, account_id="binh")
    assert is_live(store, own) is False
    assert store.rotate(own.id, "portal", 1, START, record(audit)) is None


def test_record_of_its_own_brings_the_versions(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    versions = store.record(record(audit, Event.TOKEN_CLIENT))
    assert (versions.clients, versions.keys) == (7, 3)
    assert count(database) == 1


def test_versions_are_zero_before_there_are_any(audit: AuditLog, database: Database) -> None:
    versions = SqlGrantStore(database).record(record(audit))
    assert (versions.clients, versions.keys) == (0, 0)
    assert count(database) == 1


def test_of_parallel_redemptions_one_wins(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    results = in_parallel(database, 8, lambda _: store.redeem(made, record(audit)))
    assert len([one for one in results if one is not None]) == 1
    assert count(database) == 1


def test_of_parallel_rotations_one_wins(store: SqlGrantStore, audit: AuditLog, database: Database) -> None:
    made = grant()
    store.redeem(made, record(audit))
    results = in_parallel(database, 8, lambda _: store.rotate(made.id, "portal", 1, START, record(audit)))
    assert len([one for one in results if one is not None]) == 1
    graces = in_parallel(database, 8, lambda _: store.use_grace(made.id, "portal", 2, START, START, record(audit)))
    assert len([one for one in graces if one is not None]) == 1
    assert count(database) == 3


def is_live(store: SqlGrantStore, one: Grant, jti: str = "jti") -> bool:
    """Tell whether a token of a grant is alive."""
    state = store.token_state(one.id, jti, with_code=False)
    return state is not None and state.is_live


def test_grant_of_an_absent_person_needs_an_active_account_and_no_session(
    store: SqlGrantStore, audit: AuditLog, database: Database
) -> None:
    absent = grant(session_id="", offline=True, generation=0)
    assert store.redeem(absent, record(audit)) is None, "unless it is said, a session must stand behind a grant"
    assert store.redeem(absent, record(audit), needs_session=False) is not None
    assert store.redeem(absent, record(audit), needs_session=False) is None
    state = store.token_state(absent.id, "jti", with_code=False)
    assert state is not None
    assert state.is_live
    update(database, accounts, state="locked")
    assert store.redeem(replace(absent, id=handles.new_id()), record(audit), needs_session=False) is None
