"""Passwords.

Argon2id behind a bounded semaphore, the same work for unknown accounts, and upgrades of hashes that came from
elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Lock
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from idp.authn import legacy_hashes as legacy
from idp.authn.dictionary import Dictionary
from idp.errors import Busy, InvalidInput
from idp.fibers import Fibers
from policies import passwords as policy

T = TypeVar("T")

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
SHORTEST: Final = 8
_LONGEST: Final = 256
_FEWEST_DIFFERENT: Final = 4
"""Three distinct characters are a keyboard habit."""


class Passwords:
    """Hashes and verifies.

    ``slots`` hashes run at once; ``queue`` more may wait; the rest are told to come back (``Busy``).
    """

    def __init__(self, slots: int, queue: int, fibers: Fibers | None = None) -> None:
        """Take both bounds, and the fibers that pause while a hash is made: other endpoints go on meanwhile."""
        self._fibers = fibers or Fibers()
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        # Threads of their own: the 19 MiB that each hash needs then stay with them, and no other work waits behind a hash.
        self._hashers = ThreadPoolExecutor(slots, thread_name_prefix="argon2")
        self._places = BoundedSemaphore(slots + queue)
        self._dummy = ""
        self._lock = Lock()
        self.taken = 0
        """Hashes that run or wait at the moment."""
        self.refused = 0
        """How often somebody was told to come back."""

    def hash(self, raw: str) -> str:
        """Return the argon2id hash of a password; raises ``Busy``."""
        return self._bounded(lambda: self._hasher.hash(prepared(raw)))

    def verify(self, stored: str | None, raw: str) -> bool:
        """Verify; for None a dummy of the same cost is verified, so that unknown accounts take as long.

        Raises ``Busy``.
        """
        known = stored if stored is not None else self._dummy_hash()
        matches = self._bounded(lambda: self._matches(known, raw))
        return matches and stored is not None

    def needs_upgrade(self, stored: str) -> bool:
        """Tell whether a hash is of another kind or cost than ours."""
        try:
            return legacy.is_legacy(stored) or self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    def _matches(self, stored: str, raw: str) -> bool:
        # What is too long to be anybody's still costs the same as what is not.
        matches = self._compare(stored, raw if len(raw) <= _LONGEST else "")
        return matches and len(raw) <= _LONGEST

    def _compare(self, stored: str, raw: str) -> bool:
        if legacy.is_legacy(stored):
            return legacy.matches(stored, raw)
        try:
            return self._hasher.verify(stored, prepared(raw))
        except (VerificationError, InvalidHashError):
            return False

    def _bounded(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            self.refused += 1
            raise Busy("too many passwords are being verified", retry_after=2)
        self.taken += 1
        try:
            return self._fibers.elsewhere(work, self._hashers)
        finally:
            self.taken -= 1
            self._places.release()

    def _dummy_hash(self) -> str:
        with self._lock:
            if not self._dummy:
                self._dummy = self._hasher.hash("no account has this password")
        return self._dummy


def prepared(raw: str) -> bytes:
    """Return a password's bytes after OpaqueString preparation (RFC 8265 section 4.2).

    NFC, every space an ASCII one.
    """
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in raw)
    return unicodedata.normalize("NFC", spaced).encode("utf-8", "surrogatepass")


def check_new(raw: str, personal: policy.Personal | None = None, dictionary: Dictionary | None = None) -> None:
    """Raise ``InvalidInput`` when a new password breaks a rule: length, what everybody knows of the person, what is common anywhere."""
    if not SHORTEST <= len(raw) <= _LONGEST:
        raise InvalidInput(f"must have {SHORTEST} to {_LONGEST} characters", field="password", code="password_length")
    if any(unicodedata.category(character) == "Cc" for character in raw):
        raise InvalidInput("must not hold control characters", field="password", code="password_characters")
    if personal is not None and policy.is_personal(raw, personal):
        reason = "must not contain an identity code, the birth date or the name"
        raise InvalidInput(reason, field="password", code="password_contains_code")
    is_listed = dictionary is not None and dictionary.has_any(policy.spellings(raw))
    if is_listed or policy.is_common(raw) or len(set(raw.casefold())) < _FEWEST_DIFFERENT:
        raise InvalidInput("is too common", field="password", code="password_common")
