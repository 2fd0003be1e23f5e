"""Pending transactions: what a browser started and has not finished, sealed in the ephemeral store.

An id alone opens nothing: the browser-binding cookie must fit too, so a link that carries somebody else's transaction is dead
(the attack: sign-in CSRF, and luring a person into an attacker's request).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from idp import handles
from idp.clock import Clock
from idp.errors import Conflict, NotFound
from idp.model.authorization import AuthorizationRequest, PendingRequest
from idp.model.decoupled import DecoupledRequest
from idp.ports.ephemeral import TransactionStore
from idp.services.other_releases import legible

_TUPLES = ("scope", "acr_values", "essential_acr", "ui_locales", "resources")


@dataclass(frozen=True, slots=True)
class Held:
    """A pending request with the stored bytes it was read from, for compare-and-swap."""

    pending: PendingRequest
    raw: bytes


class PendingRequests:
    """Creates, reads, changes and finally claims pending transactions."""

    def __init__(
        self,
        store: TransactionStore,
        clock: Clock,
        lifetime: int,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the store, the clock, the lifetime in seconds, and the sealing (bytes, AAD)."""
        self._store = store
        self._clock = clock
        self._lifetime = lifetime
        self._seal = seal
        self._unseal = unseal

    def create(
        self, request: AuthorizationRequest | None, browser: str, return_to: str = "", **more: Any
    ) -> PendingRequest:
        """Store a new transaction for the browser whose binding cookie is ``browser``; ``more`` are fields of ``PendingRequest``."""
        now, bound = self._clock.now(), handles.digest(browser).hex()
        pending = PendingRequest(handles.new_id(), request, bound, now, now + self._lifetime, return_to, **more)
        self._store.put(pending.id, self._closed(pending), pending.expires_at)
        return pending

    def get(self, pending_id: str, browser: str | None) -> Held:
        """Return the live transaction of this browser; raises ``NotFound`` for all else, which tells nothing apart."""
        raw = self._store.get(pending_id, self._clock.now())
        if raw is None or not browser:
            raise NotFound("no such pending request in this browser", code="expired_transaction")
        document = orjson.loads(self._unseal(raw, pending_id.encode()))
        pending = legible(lambda: _restored(document), "pending request")
        if pending is None:
            raise NotFound("the pending request is of another release", code="expired_transaction")
        if not hmac.compare_digest(pending.browser, handles.digest(browser).hex()):
            raise NotFound("the pending request belongs to another browser", code="expired_transaction")
        return Held(pending, raw)

    def change(self, held: Held, **changes: Any) -> Held:
        """Store the transaction with ``changes``; raises ``Conflict`` when another tab of the browser was faster."""
        pending = replace(held.pending, **changes)
        raw = self._closed(pending)
        if not self._store.replace(pending.id, held.raw, raw, pending.expires_at):
            raise Conflict("the pending request was changed by another request", code="expired_transaction")
        return Held(pending, raw)

    def claim(self, pending_id: str) -> bool:
        """Use the transaction up; True for one caller only, who may then answer."""
        return self._store.claim(pending_id, self._clock.now()) is not None

    def _closed(self, pending: PendingRequest) -> bytes:
        return self._seal(written(pending), pending.id.encode())


def written(waiting: PendingRequest | DecoupledRequest) -> bytes:
    """Return what waits as JSON; ``request_of`` reads the authorization request in it back."""
    return orjson.dumps(waiting, default=_listed)


def _listed(prompt: object) -> list[str]:
    """Return the one kind of value that JSON does not have in the order in which it is always written."""
    if not isinstance(prompt, frozenset):
        message = f"{type(prompt).__name__} is no part of a pending request"
        raise TypeError(message)
    return sorted(prompt)


def _restored(document: dict[str, Any]) -> PendingRequest:
    request = document.pop("request")
    return PendingRequest(request=request_of(request) if request is not None else None, **document)


def request_of(document: dict[str, Any]) -> AuthorizationRequest:
    """Return the request of a document, as ``written`` leaves it."""
    values = document | {name: tuple(document[name]) for name in _TUPLES if name in document}
    return AuthorizationRequest(**{**values, "prompt": frozenset(values["prompt"])})
