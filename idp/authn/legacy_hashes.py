"""Password hashes that came from elsewhere.

Which are taken, and how bcrypt and PBKDF2 are verified until the first sign-in replaces them.

Taken are argon2id (PHC string), bcrypt (``$2a$``, ``$2b$``, ``$2y$``) and PBKDF2-HMAC-SHA-256 or -512 in the forms of
Django (``pbkdf2_sha256$rounds$salt$base64``) and passlib (``$pbkdf2-sha256$rounds$salt$base64``). Costs are bounded: an
imported hash must not turn each sign-in of its account into seconds of work.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

import bcrypt

from idp.errors import InvalidInput

_ARGON2ID: Final = re.compile(
    r"\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,2}),p=([0-9]{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)
_BCRYPT: Final = re.compile(r"\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")
_DJANGO: Final = re.compile(r"pbkdf2_(sha256)\$([1-9][0-9]{3,6})\$([!-#%-~]{4,128})\$([A-Za-z0-9+/]{43}=)")
_PASSLIB: Final = re.compile(
    r"\$pbkdf2-(sha256|sha512)\$([1-9][0-9]{3,6})\$([A-Za-z0-9./]{6,128})\$([A-Za-z0-9./]{43}|[A-Za-z0-9./]{86})"
)
_MEMORY_KIB: Final = (8, 262_144)
_MOST_PASSES: Final = 16
_MOST_LANES: Final = 16
_MOST_ROUNDS: Final = 2_000_000
_BCRYPT_BYTES: Final = 72
"""bcrypt reads no more than this."""


def check_hash(stored: str) -> str:
    """Return a hash that came from elsewhere if we can verify it within our bounds of cost; raises ``InvalidInput``."""
    argon, pbkdf2 = _ARGON2ID.fullmatch(stored), _DJANGO.fullmatch(stored) or _PASSLIB.fullmatch(stored)
    if argon is not None:
        memory, passes, lanes = map(int, argon.groups())
        bounded = (
            _MEMORY_KIB[0] * lanes <= memory <= _MEMORY_KIB[1]
            and 1 <= passes <= _MOST_PASSES
            and 1 <= lanes <= _MOST_LANES
        )
    elif pbkdf2 is not None:
        bounded = int(pbkdf2[2]) <= _MOST_ROUNDS
    else:
        bounded = _BCRYPT.fullmatch(stored) is not None
    if not bounded:
        reason = "must be an argon2id, bcrypt or PBKDF2 hash of bounded cost: see docs/import.md"
        raise InvalidInput(reason, field="password_hash", code="unknown_hash")
    return stored


def is_legacy(stored: str) -> bool:
    """Tell whether a stored hash is not argon2id."""
    return not stored.startswith("$argon2id$")


def matches(stored: str, raw: str) -> bool:
    """Verify a password against a bcrypt or PBKDF2 hash.

    The hash was made of the password as it was typed, so nothing is prepared.
    """
    data = raw.encode("utf-8", "surrogatepass")
    if stored.startswith("$2"):
        try:
            return bcrypt.checkpw(data[:_BCRYPT_BYTES], stored.encode())
        except ValueError:
            return False
    django, passlib = _DJANGO.fullmatch(stored), _PASSLIB.fullmatch(stored)
    try:
        if django is not None:
            return _pbkdf2(django[1], data, django[3].encode(), django[2], base64.b64decode(django[4]))
        if passlib is not None:
            return _pbkdf2(passlib[1], data, _adapted(passlib[3]), passlib[2], _adapted(passlib[4]))
    except binascii.Error:
        return False
    return False


def _pbkdf2(name: str, data: bytes, salt: bytes, rounds: str, wanted: bytes) -> bool:
    return hmac.compare_digest(hashlib.pbkdf2_hmac(name, data, salt, int(rounds)), wanted)


def _adapted(text: str) -> bytes:
    """Decode passlib's base64: a full stop for the plus sign, no padding."""
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4))
