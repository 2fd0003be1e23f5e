"""Signed heads over real databases: who signs them, what is refused, and which of them stay."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import text

from idp.errors import DomainError
from idp.model.audit import AuditEvent, AuditRecord, Event
from idp.ports.audit_heads import StoredHead, StoredKey
from idp.services.audit import AuditLog
from idp.services.audit_heads import AuditHeads, as_read
from idp.storage.audit_heads import SqlAuditHeadStore
from idp.storage.database import Database
from idp.storage.tables import audit_cosignatures, audit_events, audit_heads, audit_keys
from keys.log_heads import COSIGNATURE, HEAD, HeadRefused, cosign, signers_of, verify_head
from keys.log_keys import LogSigner, read_keys
from tests.support.clock import FrozenClock
from tests.support.stores import SEALER, in_parallel, make_audit, make_audit_tree, reopened, stored

ORIGIN = "https://id.example.vn"


@pytest.fixture
def heads(database: Database, audit: AuditLog, clock: FrozenClock) -> AuditHeads:
    """Return the heads of the test's log."""
    return made(database, audit, clock)


def made(database: Database, audit: AuditLog, clock: FrozenClock) -> AuditHeads:
    store = SqlAuditHeadStore(database)
    return AuditHeads(ORIGIN, make_audit_tree(database), store, audit, clock, SEALER.seal, SEALER.open)


def grow(heads: AuditHeads, audit: AuditLog, records: int = 1) -> int:
    """Write records, enter them and sign a head if there is anything new."""
    for _ in range(records):
        audit.write(AuditEvent(Event.REQUEST))
    heads.tree.sequence()
    return heads.publish()


def test_head_is_signed_by_both_keys_of_the_log(heads: AuditHeads, audit: AuditLog, database: Database) -> None:
    assert (grow(heads, audit, 3), heads.publish()) == (1, 0)
    head = heads.newest()
    assert head is not None
    assert (head.origin, head.size, head.root) == (ORIGIN, 3, heads.tree.root(3))
    keys = heads.verifiers()
    assert sorted(key.alg for key in keys.values()) == ["ES256", "ML-DSA-65"]
    verify_head(head, keys)
    assert signers_of(head, keys, HEAD) == set(keys)
    assert [row["detail"] for row in stored(database, audit_events, event="audit:key")]
    assert all(b"PRIVATE" not in row["sealed"] and len(row["sealed"]) > 54 for row in stored(database, audit_keys))


def test_empty_log_has_no_head(heads: AuditHeads) -> None:
    assert (heads.publish(), heads.newest(), heads.of_size(0)) == (0, None, None)


def test_every_head_can_be_found_again(heads: AuditHeads, audit: AuditLog) -> None:
    sizes = []
    for _ in range(4):
        grow(heads, audit)
        newest = heads.newest()
        assert newest is not None
        sizes.append(newest.size)
    assert [head.size for head in heads.between(0, 1 << 40)] == sizes
    assert [head.size for head in heads.between(sizes[0], sizes[2])] == sizes[1:3]
    found = heads.of_size(sizes[1])
    assert found is not None
    assert found.root == heads.tree.root(sizes[1])


def test_rewritten_log_gets_no_head(heads: AuditHeads, audit: AuditLog, database: Database) -> None:
    grow(heads, audit, 3)
    for statement in (
        "UPDATE audit_tree SET size = 0",
        "DELETE FROM audit_tiles",
        "UPDATE audit_events SET commitment = mac WHERE seq = 2",
    ):
        database.run(database.prepare(text(statement)))
    with pytest.raises(DomainError, match="cut"):
        heads.publish()
    with pytest.raises(DomainError, match="rewritten"):
        grow(heads, audit)
    assert len(stored(database, audit_heads)) == 1


def test_processes_that_sign_at_once_share_one_pair_of_keys(database: Database, clock: FrozenClock) -> None:
    make_audit(database).write(AuditEvent(Event.REQUEST))
    make_audit_tree(database).sequence()

    def act(_number: int) -> int:
        with reopened(database) as mine:
            return made(mine, make_audit(mine), clock).publish()

    assert sum(in_parallel(None, 4, act)) == 1
    assert len(stored(database, audit_keys)) == 2
    assert len(stored(database, audit_events, event="audit:key")) == 2


def test_rotated_keys_sign_and_the_old_ones_stay_published(
    heads: AuditHeads, audit: AuditLog, database: Database, clock: FrozenClock
) -> None:
    grow(heads, audit)
    old = heads.newest()
    assert old is not None
    clock.advance(5)
    fresh = heads.rotate(reason="drill")
    grow(heads, audit)
    new, keys = heads.newest(), heads.verifiers()
    assert new is not None
    assert (signers_of(new, keys, HEAD), len(keys)) == (set(fresh), 4)
    verify_head(old, keys)
    rows = {row["kid"]: row for row in stored(database, audit_keys)}
    assert all((rows[kid]["sealed"] is None) == (kid not in fresh) for kid in rows)
    assert {row["reason"] for row in stored(database, audit_events, event="audit:key")} == {"first", "drill"}


def test_signature_of_a_witness_travels_with_the_head(heads: AuditHeads, audit: AuditLog, database: Database) -> None:
    grow(heads, audit)
    head, witness, store = heads.newest(), LogSigner.generate("EdDSA"), SqlAuditHeadStore(database)
    assert head is not None
    signed = orjson.dumps(cosign(head, witness, 7)).decode()
    assert store.add_cosignature(witness.kid, head.size, 7, signed)
    assert not store.add_cosignature(witness.kid, head.size, 8, signed)
    assert store.cosigned() == {witness.kid: head.size}
    both = heads.newest()
    assert both is not None
    keys = read_keys({"keys": [witness.public_jwk]})
    assert signers_of(both, keys, COSIGNATURE) == {witness.kid}
    verify_head(both, heads.verifiers())
    with pytest.raises(HeadRefused, match="no signature of the log"):
        verify_head(both, keys)


def head_at(size: int, moment: int) -> StoredHead:
    return StoredHead(size, moment, "{}")


def test_old_heads_are_thinned_but_for_the_first_of_an_hour_and_what_a_witness_signed(database: Database) -> None:
    store = SqlAuditHeadStore(database)
    for size, moment in ((1, 3600), (2, 3660), (3, 7199), (4, 7200), (5, 7300), (6, 9000)):
        assert store.add_head(head_at(size, moment))
    store.add_cosignature("k", 3, 0, "{}")
    assert store.thin_heads(8000, 3600) == 2
    assert sorted(row["size"] for row in stored(database, audit_heads)) == [1, 3, 4, 6]
    assert len(stored(database, audit_cosignatures)) == 1


def test_second_live_key_of_an_algorithm_is_refused(database: Database, audit: AuditLog) -> None:
    store = SqlAuditHeadStore(database)

    def record() -> AuditRecord:
        return audit.record(AuditEvent(Event.AUDIT_KEY))

    assert store.add_key(StoredKey("a", "ES256", "{}", b"a", 1), record(), is_first=True)
    assert not store.add_key(StoredKey("b", "ES256", "{}", b"b", 2), record(), is_first=True)
    assert store.add_key(StoredKey("c", "ES256", "{}", b"c", 3), record(), is_first=False)
    assert [(key.kid, key.sealed, key.retired_at) for key in store.all_keys()] == [("a", None, 3), ("c", b"c", None)]
    assert len(stored(database, audit_events)) == 2


def test_head_read_back_is_the_head_that_was_signed(heads: AuditHeads, audit: AuditLog, database: Database) -> None:
    grow(heads, audit)
    kept = SqlAuditHeadStore(database).head()
    assert kept is not None
    assert as_read(kept) == heads.newest()
