"""The signing keys for answers that touch no database, at most a second old."""

from __future__ import annotations

from typing import Final

from idp.clock import Clock
from keys.ring import KeyRing, LiveRing

RING_AGE: Final = 1
"""Seconds for which a process may answer with the keys it holds, where no statement brings their version along."""

PROPAGATION: Final = RING_AGE + 1
"""Seconds after a change until no process answers with older keys: those, and one in which the change is being committed."""


class YoungRing:
    """Asks the database once a second, however many ask for the ring."""

    def __init__(self, ring: LiveRing, clock: Clock) -> None:
        """Take the ring of the process."""
        self._ring = ring
        self._clock = clock
        self._asked = 0
        self._is_loaded = False

    def __call__(self) -> KeyRing:
        """Return the ring; raises ``StorageUnavailable`` if it is due and cannot be read."""
        now = self._clock.now()
        if now - self._asked < RING_AGE:
            return self._ring.current
        self._asked = now
        ring = self._ring.refresh()
        self._is_loaded = True
        return ring

    def known(self) -> KeyRing | None:
        """Return the ring if it is young enough, else None; never asks the database, so no fiber is needed."""
        is_young = self._is_loaded and self._clock.now() - self._asked < RING_AGE
        return self._ring.current if is_young else None
