"""Subordinates and trust marks over SQLite and PostgreSQL; the federation's keys beside the token keys."""

from __future__ import annotations

from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.federation import IssuedMark, Subordinate
from idp.services.audit import AuditLog
from idp.storage.database import Database
from idp.storage.federation import SqlFederationStore
from idp.storage.keys import SqlKeyRepository
from idp.storage.tables import audit_events, federation_keys
from keys.plan import KeyPolicy
from keys.service import KeyService
from tests.support.keys import make_sealer, quick_generator
from tests.support.stores import in_parallel, stored

LEAF = "https://motcua.example.vn"
MEMBER = Subordinate("20194", LEAF, {"keys": [{"kid": "k"}]}, ("openid_relying_party",), 5, {"a": {"b": 1}})


def record(audit: AuditLog, event: Event = Event.SUBORDINATE_PUT) -> AuditRecord:
    return audit.record(AuditEvent(event))


def test_a_subordinate_comes_back_whole_is_replaced_and_dropped_once(database: Database, audit: AuditLog) -> None:
    store = SqlFederationStore(database)
    store.put(MEMBER, record(audit))
    assert store.subordinate("20194", LEAF) == MEMBER
    assert store.subordinate("", LEAF) is None
    changed = Subordinate("20194", LEAF, {"keys": []}, ("openid_provider",), 9, {}, {"x": {}}, {"max_path_length": 1})
    store.put(changed, record(audit))
    (found,) = store.subordinates("20194")
    assert (found.jwks, found.constraints, found.created_at) == ({"keys": []}, {"max_path_length": 1}, 5)
    assert store.drop("20194", LEAF, record(audit, Event.SUBORDINATE_REMOVE))
    assert not store.drop("20194", LEAF, record(audit, Event.SUBORDINATE_REMOVE))
    assert store.subordinates("20194") == []
    assert len(stored(database, audit_events, event="subordinate:remove")) == 1


def test_marks_are_found_by_type_and_subject_newest_first_and_revoked_once(database: Database, audit: AuditLog) -> None:
    store = SqlFederationStore(database)
    first, second = IssuedMark("m1", "t", LEAF, 1, 100), IssuedMark("m2", "t", "https://b.vn", 2, 100)
    for mark in (first, second):
        store.issue(mark, record(audit, Event.TRUST_MARK_ISSUE))
    assert store.marks() == store.marks("t") == [second, first]
    assert store.marks(None, LEAF) == store.marks("t", LEAF) == [first]
    assert store.marks("other") == []
    revoked = in_parallel(database, 4, lambda _: store.revoke("m1", 50, record(audit, Event.TRUST_MARK_REVOKE)))
    assert sum(revoked) == 1
    assert store.mark("m1") == IssuedMark("m1", "t", LEAF, 1, 100, 50)
    assert store.mark("m3") is None
    assert len(stored(database, audit_events, event="trust-mark:revoke")) == 1


def test_the_federations_keys_and_the_token_keys_know_nothing_of_each_other(
    database: Database, audit: AuditLog
) -> None:
    policy = KeyPolicy(algorithms=("ES256",))
    tokens = KeyService(SqlKeyRepository(database, audit.record), make_sealer(), policy, quick_generator())
    repository = SqlKeyRepository(database, audit.record, federation_keys, "federation_keys")
    entities = KeyService(repository, make_sealer(), policy, quick_generator())
    entities.tick(10)
    assert tokens.load() == (0, ())
    tokens.tick(10)
    version, keys = entities.load()
    assert (version, len(keys)) == (1, 2)
    assert {key.kid for key in keys}.isdisjoint(key.kid for key in tokens.load()[1])
