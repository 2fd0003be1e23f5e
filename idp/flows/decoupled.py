"""Requests that wait for a person at another device (RFC 8628, CIBA): sealed in the ephemeral store, found by a digest, answered once.

The client polls with a secret of 256 bits of which only the digest is a key here. What the answer is worth is spent elsewhere: the grant's insert
claims it, so that of parallel polls one gets tokens, whatever this store forgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict
from idp.flows.pending import request_of, written
from idp.model.authorization import AuthorizationRequest
from idp.model.decoupled import DecoupledRequest
from idp.ports.ephemeral import TransactionStore
from idp.services.other_releases import legible

APPROVED: Final = "approved"
DENIED: Final = "denied"
SLOWER: Final = 5
"""Seconds by which the interval grows at each poll that came too soon (RFC 8628 section 3.5)."""
_MEMORY: Final = 900
"""Seconds for which an expired request is remembered, so that its client is told that it expired."""
_COLLECT: Final = 60
"""Seconds that a client has at least to collect an answer given at the last moment."""
_TRIES: Final = 16


class Poll(StrEnum):
    """What a poll finds."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    EXPIRED = "expired"
    DENIED = "denied"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class _Held:
    request: DecoupledRequest
    raw: bytes


class DecoupledRequests:
    """Opens requests, answers them for the person, and tells the client that polls."""

    def __init__(
        self,
        store: TransactionStore,
        clock: Clock,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the store, the clock and the sealing (bytes, AAD)."""
        self._store = store
        self._clock = clock
        self._seal = seal
        self._unseal = unseal

    def open(
        self,
        kind: str,
        request: AuthorizationRequest,
        lifetime: int,
        interval: int,
        *,
        notification_token: str = "",
        **facts: Any,
    ) -> tuple[str, DecoupledRequest]:
        """Store a new request for ``lifetime`` seconds; returns the secret to poll with and what was stored.

        With a ``notification_token`` the secret itself is kept too, sealed: the client wants to be told when there is an answer.
        """
        secret, now = handles.new_secret(), self._clock.now()
        key, ends = handles.digest(secret).hex(), now + lifetime
        notification = (notification_token, secret) if notification_token else ()
        opened = DecoupledRequest(key, kind, request, now, ends, interval, notification=notification, **facts)
        self._store.put(_place(key), self._closed(opened), opened.expires_at + _MEMORY)
        return secret, opened

    def waiting(self, key: str) -> DecoupledRequest | None:
        """Return a request that the person may still answer."""
        held = self._held(key)
        return held.request if held is not None and self._is_open(held.request) else None

    def answer(self, key: str, answer: str, code: str = "") -> DecoupledRequest | None:
        """Answer for the person; of several answers the first counts. None when there is nothing to answer any more."""
        for _ in range(_TRIES):
            held = self._held(key)
            if held is None or not self._is_open(held.request):
                return None
            until = max(held.request.expires_at, self._clock.now() + _COLLECT)
            answered = replace(held.request, answer=answer, code=code, expires_at=until)
            if self._replaced(held, answered):
                return answered
        raise Conflict("the request changes faster than it can be answered")

    def poll(self, secret: str, kind: str, client_id: str) -> tuple[Poll, DecoupledRequest | None]:
        """Tell a client how its request stands. Another client's, or another kind's, is unknown and stays untouched."""
        held = self._held(handles.digest(secret).hex())
        if held is None or held.request.kind != kind or held.request.request.client_id != client_id:
            return Poll.UNKNOWN, None
        found, now = held.request, self._clock.now()
        if now >= found.expires_at:
            return Poll.EXPIRED, found
        if found.answer:
            return Poll.APPROVED if found.answer == APPROVED else Poll.DENIED, found
        is_too_fast = now - found.polled_at < found.interval
        interval = found.interval + SLOWER if is_too_fast else found.interval
        # Whoever lost to another poll polls in parallel, which is too fast in any case.
        is_mine = self._replaced(held, replace(found, polled_at=now, interval=interval))
        return Poll.SLOW_DOWN if is_too_fast or not is_mine else Poll.PENDING, found

    def _is_open(self, request: DecoupledRequest) -> bool:
        return not request.answer and self._clock.now() < request.expires_at

    def _held(self, key: str) -> _Held | None:
        raw = self._store.get(_place(key), self._clock.now())
        if raw is None:
            return None
        document = orjson.loads(self._unseal(raw, _place(key).encode()))
        request = legible(lambda: _restored(document), "decoupled request")
        return _Held(request, raw) if request is not None else None

    def _replaced(self, held: _Held, new: DecoupledRequest) -> bool:
        return self._store.replace(_place(new.key), held.raw, self._closed(new), new.expires_at + _MEMORY)

    def _closed(self, request: DecoupledRequest) -> bytes:
        return self._seal(written(request), _place(request.key).encode())


def _restored(document: dict[str, Any]) -> DecoupledRequest:
    request, notification = request_of(document.pop("request")), tuple(document.pop("notification"))
    return DecoupledRequest(request=request, notification=notification, **document)


def _place(key: str) -> str:
    return f"decoupled:{key}"
