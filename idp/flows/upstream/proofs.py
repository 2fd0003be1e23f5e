"""Arrivals that wait for the proof of a local account (the mapping state), sealed, one a transaction, for a few minutes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import orjson

from idp.clock import Clock
from idp.errors import NotFound
from idp.model.upstream import Assertion
from idp.ports.ephemeral import TransactionStore
from idp.services.other_releases import legible
from policies.upstreams.levels import Assessed
from policies.upstreams.mapping import Mapped

LIFETIME: Final = 600


class WaitingProofs:
    """Keeps, reads and claims."""

    def __init__(
        self,
        store: TransactionStore,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the store, the clock and the sealing."""
        self._store = store
        self._clock = clock
        self._seal = seal
        self._unseal = unseal

    def keep(self, transaction: str, assertion: Assertion) -> None:
        """Store an arrival under its transaction, whose browser binding guards it."""
        key = _key(transaction)
        sealed = self._seal(orjson.dumps(asdict(assertion)), key.encode())
        self._store.put(key, sealed, self._clock.now() + LIFETIME)

    def read(self, transaction: str, upstream: str) -> Assertion:
        """Return the arrival that waits; raises ``NotFound``."""
        return self._opened(transaction, upstream, self._store.get(_key(transaction), self._clock.now()))

    def claim(self, transaction: str, upstream: str) -> Assertion:
        """Return the arrival to one caller and forget it; raises ``NotFound`` to every other."""
        return self._opened(transaction, upstream, self._store.claim(_key(transaction), self._clock.now()))

    def _opened(self, transaction: str, upstream: str, raw: bytes | None) -> Assertion:
        if raw is None:
            raise NotFound("no arrival waits for a proof in this transaction", code="expired_transaction")
        document = orjson.loads(self._unseal(raw, _key(transaction).encode()))
        assertion = legible(lambda: _restored(document), "arrival")
        if assertion is None or assertion.upstream != upstream:
            raise NotFound("the arrival came from another upstream", code="expired_transaction")
        return assertion


def _key(transaction: str) -> str:
    return f"upstream-proof:{transaction}"


def _restored(document: dict[str, Any]) -> Assertion:
    mapped, assessed = document.pop("mapped"), document.pop("assessed")
    return Assertion(
        mapped=Mapped(**{**mapped, "unread": tuple(mapped["unread"])}),
        assessed=Assessed(**{**assessed, "amr": tuple(assessed["amr"])}),
        **document,
    )
