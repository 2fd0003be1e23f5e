"""Signed heads of the audit log: the log's own keys, and a head from time to time that anybody can keep and compare.

Only this module signs heads, and only one that holds every head it signed before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event
from idp.ports.audit_heads import AuditHeadStore, StoredHead, StoredKey
from idp.services.audit import AuditLog
from idp.services.audit_tree import AuditTree
from keys.log_heads import Head, read_head, sign_head
from keys.log_keys import ML_DSA, LogSigner, LogVerifier, has_ml_dsa, read_keys
from policies import merkle

_OWN: Final = ("ES256", ML_DSA)
_FRESH: Final = 7 * 86400
_HOUR: Final = 3600


class AuditHeads:
    """Signs and serves the heads of one log; ``origin`` names the log, it is the issuer."""

    def __init__(
        self,
        origin: str,
        tree: AuditTree,
        store: AuditHeadStore,
        log: AuditLog,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the tree, the store, the log and the two halves of the sealing of private keys."""
        self.origin = origin
        self.tree = tree
        self._store = store
        self._log = log
        self._clock = clock
        self._seal = seal
        self._unseal = unseal

    def publish(self) -> int:
        """Sign a head over what has been entered since the last one; returns 1, or 0 when there is nothing new.

        Raises ``DomainError``, and signs nothing, when the tree no longer holds the last head: somebody has rewritten it.
        """
        size, last = self.tree.size(), self.newest()
        if last is not None and size < last.size:
            raise DomainError(f"the audit log has {size} leaves, but its last signed head says {last.size}: it was cut")
        if size == (last.size if last else 0):
            return 0
        nodes = self.tree.nodes()
        root = merkle.root(size, nodes)
        if last is not None:
            proof = merkle.consistency_proof(last.size, size, nodes)
            if not merkle.is_consistent(last.size, size, last.root, root, proof):
                raise DomainError(
                    f"the audit log no longer holds its signed head of size {last.size}: it was rewritten"
                )
        now = self._clock.now()
        head = sign_head(self.origin, size, root, now, self._signers())
        return int(self._store.add_head(StoredHead(size, now, orjson.dumps(head.document()).decode())))

    def newest(self) -> Head | None:
        """Return the newest head with the signatures of its witnesses, None before the first."""
        return self.of_size(None)

    def of_size(self, size: int | None) -> Head | None:
        """Return the head of this size, None where there is none."""
        stored = self._store.head(size)
        return None if stored is None else as_read(stored)

    def between(self, after: int, end: int) -> list[Head]:
        """Return the heads with more than ``after`` and at most ``end`` leaves, in order."""
        found: list[Head] = []
        while page := self._store.heads(found[-1].size if found else after, 100):
            found.extend(as_read(one) for one in page if one.size <= end)
            if page[-1].size >= end:
                break
        return found

    def jwks(self) -> dict[str, Any]:
        """Return the public keys of the log, retired ones as well: old heads need them."""
        stored = self._store.all_keys()
        return {"keys": [{**orjson.loads(key.document), "kid": key.kid, "use": "sig"} for key in stored]}

    def verifiers(self) -> Mapping[str, LogVerifier]:
        """Return the public keys of the log by id."""
        document = self.jwks()
        return read_keys(document) if document["keys"] else {}

    def rotate(self, *, reason: str, actor: str = "operator:local") -> list[str]:
        """Put a new key in the place of each that signs; returns their ids."""
        self.ensure_keys()
        return [self._new_key(alg, reason, actor, is_first=False).kid for alg in _algorithms()]

    def ensure_keys(self) -> int:
        """Make the keys that are missing, so that they can be handed out before the first head; returns how many there are."""
        return len(self._signers())

    def tidy(self) -> int:
        """Of heads older than a week keep one an hour, and all that a witness signed."""
        return self._store.thin_heads(self._clock.now() - _FRESH, _HOUR)

    def _signers(self) -> list[LogSigner]:
        live = {key.alg: key for key in self._store.all_keys() if key.retired_at is None and key.sealed is not None}
        return [
            self._open(live[alg]) if alg in live else self._new_key(alg, "first", "system", is_first=True)
            for alg in _algorithms()
        ]

    def _open(self, key: StoredKey) -> LogSigner:
        return LogSigner.from_der(key.alg, self._unseal(key.sealed or b"", _place(key.kid, key.alg)))

    def _new_key(self, alg: str, reason: str, actor: str, *, is_first: bool) -> LogSigner:
        signer = LogSigner.generate(alg)
        sealed = self._seal(signer.to_der(), _place(signer.kid, alg))
        document = orjson.dumps(dict(signer.public_jwk)).decode()
        key = StoredKey(signer.kid, alg, document, sealed, self._clock.now())
        event = AuditEvent(Event.AUDIT_KEY, reason=reason, actor=actor, target=f"key:{signer.kid}", detail={"alg": alg})
        if self._store.add_key(key, self._log.record(event), is_first=is_first):
            return signer
        live = [one for one in self._store.all_keys() if one.alg == alg and one.retired_at is None]
        if not live:
            raise DomainError("the keys of the audit log changed meanwhile: try again")
        return self._open(live[0])


def as_read(stored: StoredHead) -> Head:
    """Return a stored head with its witnesses' signatures among the others."""
    document = orjson.loads(stored.document)
    document["signatures"] += [orjson.loads(one) for one in stored.cosignatures]
    return read_head(document)


def _algorithms() -> tuple[str, ...]:
    return tuple(alg for alg in _OWN if alg != ML_DSA or has_ml_dsa())


def _place(kid: str, alg: str) -> bytes:
    return f"audit-keys/{alg}/{kid}".encode()
