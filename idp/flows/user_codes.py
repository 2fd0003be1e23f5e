"""User codes of the device grant (RFC 8628 sections 5.1 and 6.1): short enough to type, slow enough to guess."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import Final

from idp.clock import Clock
from idp.flows.throttling import SignInThrottle
from idp.ports.ephemeral import TransactionStore
from policies import throttle

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word appears, and nothing that looks like a digit (RFC 8628 section 6.1)."""
LENGTH: Final = 8
"""34.6 bits: with ten thousand live codes, a guess hits one of them once in 2.5 million."""
LIMITS: Final = throttle.Limits(
    person=throttle.Lane(free=5000, first_delay=1, longest_delay=1),
    address=throttle.Lane(free=60, first_delay=5, longest_delay=300),
    network=throttle.Lane(free=600, first_delay=5, longest_delay=60),
    pair=throttle.Lane(free=60, first_delay=5, longest_delay=300),
)
"""Tries an hour: from everywhere together (``person``), from one address, which may be a one-stop office, and from its network; never cleared."""
_HALF: Final = LENGTH // 2
_LONGEST: Final = 64


class UserCodes:
    """Makes user codes and finds what they stand for; the store knows keyed digests only."""

    def __init__(
        self,
        store: TransactionStore,
        clock: Clock,
        blind: Callable[[str, str], bytes],
        guard: SignInThrottle,
        choose: Callable[[str], str] = secrets.choice,
    ) -> None:
        """Take the store, the clock, a keyed digest (purpose, text), the throttle of guesses, and the choice of a letter."""
        self._store = store
        self._clock = clock
        self._blind = blind
        self._guard = guard
        self._choose = choose

    def new(self) -> str:
        """Return a free code as people type it, ``WDJB-MJHT``."""
        while True:
            code = "".join(self._choose(ALPHABET) for _ in range(LENGTH))
            if self._store.get(self._place(code), self._clock.now()) is None:
                return f"{code[:_HALF]}-{code[_HALF:]}"

    def link(self, code: str, key: str, expires_at: int) -> None:
        """Let the code stand for the request ``key`` until ``expires_at``."""
        self._store.put(self._place(normalised(code)), key.encode(), expires_at)

    def find(self, typed: str, address: str) -> str | None:
        """Return the key behind what somebody typed; every try counts before it is looked at. Raises ``Throttled``."""
        self._guard.begin("user-code", address)
        code = normalised(typed)
        if len(code) != LENGTH:
            return None
        key = self._store.get(self._place(code), self._clock.now())
        return key.decode() if key is not None else None

    def _place(self, code: str) -> str:
        return f"user-code:{self._blind('user-code', code).hex()}"


def normalised(typed: str) -> str:
    """Return the letters of what was typed: any case, any dashes or spaces, full-width letters too (RFC 8628 section 6.1)."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", typed[:_LONGEST]).upper() if letter in ALPHABET)
