"""A request that is repeated with its ``Idempotency-Key`` is answered as before, and nothing is done twice.

The key is claimed before anything is done. Of a request whose process died in between nobody knows the outcome: its key stays claimed, and the
caller is told to look.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp.clock import Clock
from idp.errors import Conflict, InvalidInput
from idp.ports.idempotency import AnswerStore
from idp.services.vault import Seal

LIFETIME: Final = 86400
_LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Attempt:
    """A first request under a key; it is finished or forgotten."""

    key: str


class Idempotency:
    """Claims keys and keeps answers."""

    def __init__(self, store: AnswerStore, clock: Clock, seal: Seal) -> None:
        """Take the store, the clock, and what seals answers: a secret may be in one."""
        self._store = store
        self._clock = clock
        self._seal = seal

    def begin(self, caller: str, key: str, request: bytes) -> Attempt | bytes:
        """Claim a key for a request, or return the answer that it had.

        ``request`` is all that the answer depends on. Raises ``InvalidInput`` for a malformed key or one that was used for another
        request (code ``idempotency_mismatch``), ``Conflict`` while the first one is not over (``idempotency_pending``).
        """
        if not 1 <= len(key) <= _LONGEST or not key.isascii() or not key.isprintable():
            raise InvalidInput(f"must be 1 to {_LONGEST} characters of ASCII", field="Idempotency-Key")
        place = hashlib.sha256(f"{caller}\0{key}".encode()).hexdigest()
        now, fingerprint = self._clock.now(), hashlib.sha256(request).digest()
        kept = self._store.begin(place, fingerprint, now, now + LIFETIME)
        if kept is None:
            return Attempt(place)
        if not hmac.compare_digest(kept.fingerprint, fingerprint):
            reason = "was used for another request, or with other rights"
            raise InvalidInput(reason, field="Idempotency-Key", code="idempotency_mismatch")
        if kept.answer is None:
            raise Conflict(
                "the first request with this key is not over, or its outcome is unknown", code="idempotency_pending"
            )
        return self._seal.unseal(kept.answer, place.encode())

    def carry_out(self, attempt: Attempt, act: Callable[[], tuple[bytes, bool]]) -> bytes:
        """Do the act and keep its answer; the act says whether anything was done, for only that must not be done again.

        Where it raises, nobody knows, and the key stays claimed.
        """
        answer, is_done = act()
        if is_done:
            self._store.finish(attempt.key, self._seal.seal(answer, attempt.key.encode()))
        else:
            self._store.forget(attempt.key)
        return answer
