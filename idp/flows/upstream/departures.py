"""Browsers on their way to an upstream and back: a single-use random ``state`` each, bound to browser, transaction and upstream.

Where an upstream echoes no nonce this is what stops login CSRF and injected codes (RFC 9700 sections 4.5 and 4.7): a code counts only with a
``state`` that this very browser was given minutes ago for this very upstream, and that was not used yet. Stored is the digest of the
``state`` as the key of a sealed document, so a reader of the store can make no callback.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import NotFound, Throttled
from idp.model.upstream import Departure
from idp.ports.ephemeral import Counters, TransactionStore
from idp.services.other_releases import legible

LIFETIME: Final = 600
"""Seconds in which the person signs in there."""
PER_ADDRESS: Final = 60
WINDOW: Final = 600
"""Departures from one network address within so many seconds; each is one try at an envelope."""


class Departures:
    """Begins and claims."""

    def __init__(
        self,
        store: TransactionStore,
        counters: Counters,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
        blind: Callable[[str], bytes],
        *,
        throttled: bool,
    ) -> None:
        """Take collaborators; ``blind`` makes the key under which a network address is counted."""
        self._store = store
        self._counters = counters
        self._clock = clock
        self._seal = seal
        self._unseal = unseal
        self._blind = blind
        self._throttled = throttled

    def begin(
        self,
        upstream: str,
        address: str,
        *,
        browser: str,
        transaction: str = "",
        wanted_acr: str = "",
        max_age: int | None = None,
        must_login: bool = False,
        account_id: str = "",
        is_recovery: bool = False,
    ) -> tuple[str, Departure]:
        """Return the ``state`` and the stored departure, of the browser with this digest of its cookie; raises ``Throttled``."""
        now = self._clock.now()
        self._count(address, now)
        state = handles.new_secret()
        departure = Departure(
            upstream=upstream,
            transaction=transaction,
            browser=browser,
            nonce=handles.new_secret(),
            verifier=handles.new_secret(),
            created_at=now,
            expires_at=now + LIFETIME,
            wanted_acr=wanted_acr,
            max_age=max_age,
            must_login=must_login,
            account_id=account_id,
            is_recovery=is_recovery,
        )
        key = _key(state)
        self._store.put(key, self._seal(orjson.dumps(asdict(departure)), key.encode()), departure.expires_at)
        return state, departure

    def claim(self, upstream: str, state: str, browser: str | None) -> Departure:
        """Use a ``state`` up and return its departure; raises ``NotFound``, which tells nothing apart.

        Used up before it is judged: whoever brings it to the wrong upstream or from the wrong browser has spent it.
        """
        key = _key(state)
        raw = self._store.claim(key, self._clock.now()) if state else None
        opened = orjson.loads(self._unseal(raw, key.encode())) if raw is not None else None
        departure = legible(lambda: Departure(**opened), "departure") if opened is not None else None
        if departure is None:
            raise NotFound("no such departure, or it came back before", code="expired_transaction")
        bound = handles.digest(browser).hex() if browser else ""
        if not hmac.compare_digest(departure.browser, bound):
            raise NotFound("the departure belongs to another browser", code="expired_transaction")
        if departure.upstream != upstream:
            raise NotFound("the departure was to another upstream", code="expired_transaction")
        return departure

    def _count(self, address: str, now: int) -> None:
        if not self._throttled:
            return
        key = f"upstream-departures:{self._blind(address).hex()}"
        if self._counters.add(key, now, WINDOW).count > PER_ADDRESS:
            raise Throttled("too many departures to upstreams from one address", retry_after=WINDOW)


def _key(state: str) -> str:
    return f"upstream-state:{handles.digest(state).hex()}"
