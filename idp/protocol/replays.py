"""What may be presented once: client assertions, DPoP proofs, request objects, by their ``jti``.

A mark outlives what it marks. If the store of marks has lost its memory, whatever was made before that is refused: it may have been used.
"""

from __future__ import annotations

import hashlib

from idp.clock import Clock
from idp.ports.ephemeral import SingleUse, Use


class Replayed(Exception):
    """It was used before, or may have been; ``reason`` is ``jti_used`` or ``jti_forgotten``."""

    def __init__(self, reason: str) -> None:
        """Keep the reason id."""
        super().__init__(reason)
        self.reason = reason


class Replays:
    """Marks what was used."""

    def __init__(self, store: SingleUse, clock: Clock) -> None:
        """Take the store of marks and the clock."""
        self._store = store
        self._clock = clock

    def claim(self, kind: str, owner: str, jti: str, issued_at: int, expires_at: int) -> None:
        """Mark the ``jti`` of an owner (a client, a key) as used until ``expires_at``, for one caller only.

        Raises ``Replayed`` to every other one, and ``StorageUnavailable`` when nobody can tell.
        """
        key = hashlib.sha256(f"{kind}\0{owner}\0{jti}".encode("utf-8", "surrogatepass")).hexdigest()
        use = self._store.claim_issued(key, self._clock.now(), issued_at, expires_at)
        if use is not Use.FIRST:
            raise Replayed("jti_used" if use is Use.AGAIN else "jti_forgotten")
