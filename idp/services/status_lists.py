"""Token Status List (draft-ietf-oauth-status-list): a verifier without a connection to us reads from one list which tokens were revoked.

Only clients that registered ``token_status_list`` get a place for their access tokens; nobody else pays for it. A place is a keyed permutation of a
ticket: two tokens of one person stand anywhere, and who reads the list learns nothing of order or kinship. What is revoked is read from what
revocation writes, when the list is made.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.clock import Clock
from idp.ports.status_lists import ListedToken, StatusListStore
from keys import base64url
from keys.ring import KeyRing
from keys.signer import STATUS_LIST
from policies import scatter

_DAY: Final = 86400
_LIFETIMES: Final = 10
"""``exp`` after so many ``ttl``: a verifier that cannot fetch a new list for a while may go on with the old one, and not for ever."""


@dataclass(frozen=True, slots=True)
class SignedList:
    """A list as it is published: the JWT, and until when (epoch seconds) this process answers with it."""

    jwt: bytes
    fresh_until: int


class StatusListService:
    """Gives places, and makes the lists."""

    def __init__(
        self,
        store: StatusListStore,
        clock: Clock,
        key: bytes,
        issuer: str,
        marks: Callable[[], Mapping[str, int]],
        *,
        ttl: int,
    ) -> None:
        """Take the store, the clock, the key of the permutation, the issuer, the clients' not-before marks, and ``ttl`` in seconds."""
        self._store = store
        self._clock = clock
        self._key = key
        self._issuer = issuer
        self._marks = marks
        self.ttl = ttl
        self._made: dict[str, SignedList] = {}

    def reference(self, token: ListedToken) -> dict[str, Any]:
        """Return the ``status`` claim of a token that is about to be issued (section 6.1)."""
        list_id, ticket = self._store.allot(token, scatter.SIZE, token.issued_at - _DAY)
        return {"status_list": {"idx": scatter.place(self._key, list_id, ticket), "uri": self.uri(list_id)}}

    def uri(self, list_id: str) -> str:
        """Return where a list is published."""
        return f"{self._issuer}/status/{list_id}"

    def published(self, list_id: str, ring: Callable[[], KeyRing]) -> SignedList | None:
        """Return a list, at most ``ttl`` seconds old; None for one that does not exist."""
        now = self._clock.now()
        made = self._made.get(list_id)
        if made is not None and now < made.fresh_until:
            return made
        if not self._store.exists(list_id):
            return None
        self._made = {name: one for name, one in self._made.items() if now < one.fresh_until}
        made = self._made[list_id] = SignedList(self._signed(list_id, now, ring()).encode(), now + self.ttl)
        return made

    def uris(self) -> list[str]:
        """Return where all lists are published (section 9)."""
        return [self.uri(list_id) for list_id in self._store.lists()]

    def _signed(self, list_id: str, now: int, ring: KeyRing) -> str:
        bits = bytearray(scatter.SIZE // 8)
        for ticket in self._store.revoked(list_id, self._marks()):
            index = scatter.place(self._key, list_id, ticket)
            bits[index // 8] |= 1 << index % 8
        compressed = zlib.compress(bytes(bits), level=9)
        claims = {
            "iss": self._issuer,
            "sub": self.uri(list_id),
            "iat": now,
            "exp": now + _LIFETIMES * self.ttl,
            "ttl": self.ttl,
            "status_list": {"bits": 1, "lst": base64url.encode_text(compressed)},
        }
        return ring.signer().sign(claims, STATUS_LIST)
