"""Pushed authorization requests (RFC 9126): parameters that a client left here before it sends the browser.

Sealed in the ephemeral store under the digest of their reference, so that a reader of the store has neither. The reference opens a request as
often as the page is loaded; it is used up when the client gets its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from idp import handles
from idp.clock import Clock
from idp.ports.ephemeral import TransactionStore
from idp.services.other_releases import legible

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
_LONGEST: Final = len(PREFIX) + 64


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request as it was pushed: its key in the store, the client that pushed it, the parameters that count, and when it came."""

    key: str
    client_id: str
    parameters: Mapping[str, str]
    pushed_at: int


class PushedRequests:
    """Keeps, opens and finally uses up pushed requests."""

    def __init__(
        self,
        store: TransactionStore,
        clock: Clock,
        lifetime: int,
        transaction: int,
        seal: Callable[[bytes, bytes], bytes],
        unseal: Callable[[bytes, bytes], bytes],
    ) -> None:
        """Take the store, the clock, the lifetimes in seconds of a reference and of what a browser starts with it, and the sealing."""
        self._store = store
        self._clock = clock
        self.lifetime = lifetime
        self._transaction = transaction
        self._seal = seal
        self._unseal = unseal

    def keep(self, client_id: str, parameters: Mapping[str, str]) -> str:
        """Store a request and return its ``request_uri``: 256 random bits, so that nobody guesses it (RFC 9126 section 7.1)."""
        reference = handles.new_secret()
        key, now = _key(reference), self._clock.now()
        expires_at = now + self.lifetime
        document = orjson.dumps([client_id, expires_at, dict(parameters), now])
        # Kept beyond its lifetime: whoever opened it in time may take as long as a transaction to finish.
        self._store.put(key, self._seal(document, key.encode()), expires_at + self._transaction)
        return PREFIX + reference

    def open(self, request_uri: str, client_id: str) -> Pushed | None:
        """Return a live request of this client's (RFC 9126 section 2.2: bound to it); None for all else, which tells nothing apart."""
        if not request_uri.startswith(PREFIX) or len(request_uri) > _LONGEST:
            return None
        key = _key(request_uri[len(PREFIX) :])
        raw = self._store.get(key, self._clock.now())
        if raw is None:
            return None
        document = orjson.loads(self._unseal(raw, key.encode()))
        found = legible(lambda: _restored(key, *document), "pushed request")
        if found is None or found[0].client_id != client_id or self._clock.now() >= found[1]:
            return None
        return found[0]

    def use_up(self, key: str) -> bool:
        """Use a request up; True for one caller only, who may then answer. A request that was not pushed has the key ""."""
        return not key or self._store.claim(key, self._clock.now()) is not None


def _restored(
    key: str, owner: str, expires_at: int, parameters: Mapping[str, str], pushed_at: int
) -> tuple[Pushed, int]:
    """Return a pushed request with the end of its reference's life; a document of more or fewer parts is refused by the call."""
    return Pushed(key, owner, parameters, pushed_at), expires_at


def _key(reference: str) -> str:
    return f"par:{handles.digest(reference).hex()}"
