"""Challenges of ceremonies in the browser: made without a write, tied to one browser's transaction, good for one answer.

A challenge is its moment, 16 random bytes and a MAC over both and over what it is bound to. Only an answer that holds costs a write: the mark
that the challenge was used, which one of many callers gets.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Final

from idp.clock import Clock
from idp.ports.ephemeral import SingleUse, Use

_MOMENT: Final = 8
_RANDOM: Final = 16
_MAC: Final = 32
_LENGTH: Final = _MOMENT + _RANDOM + _MAC


class Challenges:
    """Makes, recognises and spends challenges."""

    def __init__(self, key: bytes, marks: SingleUse, clock: Clock, lifetime: int) -> None:
        """Take a secret key, the store of marks, the clock and the lifetime in seconds."""
        self._key = key
        self._marks = marks
        self._clock = clock
        self._lifetime = lifetime

    def make(self, purpose: str, bound_to: str) -> bytes:
        """Return a new challenge."""
        head = self._clock.now().to_bytes(_MOMENT, "big") + os.urandom(_RANDOM)
        return head + self._mac(head, purpose, bound_to)

    def is_ours(self, challenge: bytes, purpose: str, bound_to: str) -> bool:
        """Tell whether a challenge was made here, for this purpose and transaction, and not too long ago."""
        if len(challenge) != _LENGTH:
            return False
        head, mac = challenge[:-_MAC], challenge[-_MAC:]
        age = self._clock.now() - int.from_bytes(head[:_MOMENT], "big")
        return hmac.compare_digest(mac, self._mac(head, purpose, bound_to)) and 0 <= age <= self._lifetime

    def spend(self, challenge: bytes) -> bool:
        """Use one of ours up: True to one caller; a store that has lost its memory since it was made says no."""
        made_at = int.from_bytes(challenge[:_MOMENT], "big")
        key = f"challenge:{hashlib.sha256(challenge).hexdigest()}"
        use = self._marks.claim_issued(key, self._clock.now(), made_at, made_at + self._lifetime + 1)
        return use is Use.FIRST

    def _mac(self, head: bytes, purpose: str, bound_to: str) -> bytes:
        return hmac.digest(self._key, head + f"{purpose}\0{bound_to}".encode("utf-8", "surrogatepass"), hashlib.sha256)
