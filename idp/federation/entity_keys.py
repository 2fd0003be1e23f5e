"""The keys of our own entities: the live ring with the life-cycle of ``keys``, and what was used before (section 8.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from idp.clock import Clock
from keys.model import KeyState, SigningKey
from keys.ring import KeyRing, LiveRing
from keys.service import KeyService

ALG: Final = "ES256"


class EntityKeys:
    """Signs for the province and its units, which one operator runs: they share one ring (decision 0013)."""

    def __init__(self, service: KeyService, ring: LiveRing, clock: Clock) -> None:
        """Take the key service over the federation's own table, its ring and the clock."""
        self._service = service
        self._ring = ring
        self._clock = clock
        self._looked_at = 0

    @property
    def ring(self) -> KeyRing:
        """Return the ring, at most a second old: a revocation counts at once. The first look of a deployment makes the first keys."""
        now = self._clock.now()
        if now - self._looked_at < 1:
            return self._ring.current
        ring = self._ring.refresh()
        if ALG not in ring.signers:
            self._service.tick(now)
            ring = self._ring.refresh()
        self._looked_at = now
        return ring

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return the claims as a signed JWT of an explicit type; raises ``keys.errors.NoActiveKey``."""
        return self.ring.signer(ALG).sign(claims, typ)

    def jwks(self) -> dict[str, Any]:
        """Return the published keys."""
        found: dict[str, Any] = orjson.loads(self.ring.jwks.body)
        return found

    def historical(self) -> list[dict[str, Any]]:
        """Return keys that count no more, each with its end, and why where it was revoked (section 8.7.2)."""
        _version, keys = self._service.load()
        return [_past(key) for key in keys if key.state in {KeyState.REMOVED, KeyState.REVOKED}]


def _past(key: SigningKey) -> dict[str, Any]:
    ended = key.revoked_at or key.removed_at or key.retired_at or key.created_at
    jwk = {**key.public_jwk, "use": key.use, "alg": key.alg, "kid": key.kid, "iat": key.created_at, "exp": ended}
    if key.revoked_at is not None:
        jwk["revoked"] = {"revoked_at": key.revoked_at, "reason": "compromised"}
    return jwk
