"""Opaque identifiers and machine secrets.

An *id* names a row and may appear in a log. A *secret* proves something and never does: it is stored as its digest. Machine
secrets carry 256 bits of randomness, so one round of SHA-256 is enough; a password hash is for what people choose.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SHIFTS = tuple(range(120, -1, -10))
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_ID = re.compile(r"[0-9a-z]{26}")
_CASE_BYTES = 5


def new_id() -> str:
    """Return a new 26-character id whose order is the order of creation (a UUID version 7 in Crockford's base 32).

    Ids in time order keep B-tree inserts at the right edge: a million stored grants then cost what ten thousand do. Below the
    millisecond, 12 bits of time order the rows that one request makes (RFC 9562 section 6.2, method 3).
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | (rest << 12) // 1_000_000 << 64
    value |= 0x2 << 62 | int.from_bytes(os.urandom(8), "big") >> 2
    return "".join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])


def is_id(value: object) -> bool:
    """Tell whether something from outside has the form of an id; what has not names nothing, and need not be looked for."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def new_secret() -> str:
    """Return a new secret of 256 bits as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is stored in place of a machine secret: its SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_case_code() -> str:
    """Return a code that joins an error page, its log line and its audit record: short enough to read over a telephone."""
    value = int.from_bytes(os.urandom(_CASE_BYTES), "big")
    return "".join([_PAIRS[value >> shift & 1023] for shift in (30, 20, 10, 0)]).upper()
