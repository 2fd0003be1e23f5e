"""Passwords: argon2id behind a bounded semaphore, the same work for unknown accounts, and upgrades of hashes that came from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable
from threading import BoundedSemaphore, Lock
from typing import Final, TypeVar

import bcrypt
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from idp.errors import Busy, InvalidInput

T = TypeVar("T")

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
_SHORTEST: Final = 8
_LONGEST: Final = 256
_PBKDF2: Final = re.compile(r"pbkdf2_sha256\$([1-9][0-9]{3,7})\$([A-Za-z0-9+/=._-]{8,64})\$([A-Za-z0-9+/=]{40,64})")
_BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")
_ARGON2ID: Final = re.compile(r"\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}")
_MAX_MEMORY_KIB: Final = 262_144
_MAX_PASSES: Final = 16
_COMMON: Final = frozenset(
    {"12345678", "123456789", "1234567890", "87654321", "password", "matkhau123", "iloveyou", "qwertyuiop", "abcd1234", "abc12345"}
    | {"11111111", "00000000", "88888888", "66668888", "khongbiet", "anhyeuem", "emyeuanh", "vietnam123", "matkhau@123", "admin@123"}
)


class Passwords:
    """Hashes and verifies. ``slots`` hashes run at once; ``queue`` more may wait; the rest are told to come back (``Busy``)."""

    def __init__(self, slots: int, queue: int) -> None:
        """Take both bounds. The queue is shorter than the server's threads, so that hashing never starves other endpoints."""
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._slots = BoundedSemaphore(slots)
        self._places = BoundedSemaphore(slots + queue)
        self._dummy = ""
        self._lock = Lock()

    def hash(self, raw: str) -> str:
        """Return the argon2id hash of a password; raises ``Busy``."""
        return self._bounded(lambda: self._hasher.hash(prepared(raw)))

    def verify(self, stored: str | None, raw: str) -> bool:
        """Verify; for None a dummy of the same cost is verified, so that unknown accounts take as long. Raises ``Busy``."""
        known = stored if stored is not None else self._dummy_hash()
        matches = self._bounded(lambda: self._matches(known, raw))
        return matches and stored is not None

    def needs_upgrade(self, stored: str) -> bool:
        """Tell whether a hash is of another kind or cost than ours."""
        try:
            return not stored.startswith("$argon2id$") or self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    def _matches(self, stored: str, raw: str) -> bool:
        if len(raw) > _LONGEST:
            raw = ""
        if stored.startswith("$2"):
            # bcrypt reads 72 bytes; the imported hash was made of the unprepared password.
            return bcrypt.checkpw(raw.encode()[:72], stored.encode())
        if stored.startswith("pbkdf2_sha256$"):
            return _matches_pbkdf2(stored, raw)
        try:
            return self._hasher.verify(stored, prepared(raw))
        except (VerificationError, InvalidHashError):
            return False

    def _bounded(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Busy("too many passwords are being verified", retry_after=2)
        try:
            with self._slots:
                return work()
        finally:
            self._places.release()

    def _dummy_hash(self) -> str:
        with self._lock:
            if not self._dummy:
                self._dummy = self._hasher.hash("no account has this password")
        return self._dummy


def prepared(raw: str) -> bytes:
    """Return a password's bytes after OpaqueString preparation (RFC 8265 section 4.2): NFC, every space an ASCII one."""
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in raw)
    return unicodedata.normalize("NFC", spaced).encode("utf-8", "surrogatepass")


def check_new(raw: str, forbidden: tuple[str, ...] = ()) -> None:
    """Raise ``InvalidInput`` when a new password breaks a rule: length, common, or containing one of ``forbidden`` (codes, birth date)."""
    if not _SHORTEST <= len(raw) <= _LONGEST:
        raise InvalidInput(f"must have {_SHORTEST} to {_LONGEST} characters", field="password", code="password_length")
    if any(unicodedata.category(character) == "Cc" for character in raw):
        raise InvalidInput("must not hold control characters", field="password", code="password_characters")
    low = raw.casefold()
    if low in _COMMON or len(set(low)) < 4:  # noqa: PLR2004 - three distinct characters are a keyboard habit
        raise InvalidInput("is too common", field="password", code="password_common")
    if any(part and part.casefold() in low for part in forbidden):
        raise InvalidInput("must not contain an identity code", field="password", code="password_contains_code")


def check_hash(stored: str) -> str:
    """Return a hash that came from elsewhere if we can verify it within our bounds of cost; raises ``InvalidInput``."""
    argon = _ARGON2ID.fullmatch(stored)
    if argon is not None:
        memory, passes, lanes = (int(part) for part in argon.groups())
        if 8 <= memory <= _MAX_MEMORY_KIB and 1 <= passes <= _MAX_PASSES and 1 <= lanes <= _MAX_PASSES:  # noqa: PLR2004 - argon2's least
            return stored
    elif _BCRYPT.fullmatch(stored) or _PBKDF2.fullmatch(stored):
        return stored
    raise InvalidInput("must be an argon2id, bcrypt or pbkdf2_sha256 hash of bounded cost", field="password_hash")


def _matches_pbkdf2(stored: str, raw: str) -> bool:
    found = _PBKDF2.fullmatch(stored)
    if found is None:
        return False
    rounds, salt, wanted = found.groups()
    made = hashlib.pbkdf2_hmac("sha256", raw.encode(), salt.encode(), int(rounds))
    return hmac.compare_digest(base64.b64encode(made).decode(), wanted)
