"""Initial access tokens over SQLite and PostgreSQL: bounded uses, of parallel last uses one wins."""

from __future__ import annotations

from clients.terms import Terms
from idp.model.audit import AuditEvent, Event
from idp.model.initial_token import InitialToken
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.initial_tokens import SqlInitialTokenStore
from tests.support.stores import in_parallel

TERMS = Terms("sandbox", "48", "consent", {"vi": "Thử"}, frozenset({"openid"}))


def added(database: Database, audit: AuditLog, uses: int = 1, ends: int = 100) -> tuple[SqlInitialTokenStore, str]:
    store = SqlInitialTokenStore(database)
    token = InitialToken("t1", TERMS, uses, 0, ends)
    store.add(token, b"digest", audit.record(AuditEvent(Event.INITIAL_TOKEN_ISSUE)))
    return store, token.id


def test_token_comes_back_whole_by_its_digest_only(database: Database, audit: AuditLog) -> None:
    store, _ = added(database, audit, uses=3)
    found = store.find(b"digest", 99)
    assert found is not None
    assert (found.terms, found.uses_left, found.expires_at) == (TERMS, 3, 100)
    assert store.find(b"other", 99) is None
    assert store.all() == [found]


def test_token_is_not_found_once_it_ended_was_used_or_revoked(database: Database, audit: AuditLog) -> None:
    store, token_id = added(database, audit)
    assert store.find(b"digest", 100) is None
    assert not store.use(token_id, 100)
    assert store.use(token_id, 99)
    assert store.find(b"digest", 99) is None
    record = audit.record(AuditEvent(Event.INITIAL_TOKEN_REVOKE))
    assert store.revoke(token_id, 50, record)
    assert not store.revoke(token_id, 51, audit.record(AuditEvent(Event.INITIAL_TOKEN_REVOKE)))


def test_of_many_uses_at_once_as_many_succeed_as_are_left(database: Database, audit: AuditLog) -> None:
    store, token_id = added(database, audit, uses=3)
    assert sum(in_parallel(database, 8, lambda _number: store.use(token_id, 1))) == 3
