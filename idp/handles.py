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
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_ID = re.compile(r"[0-9a-z]{26}")
_CASE_BYTES = 5
_CAPITALS = tuple(pair.upper() for pair in _PAIRS)


def new_id() -> str:
    """Return a new 26-character id whose order is the order of creation (a UUID version 7 in Crockford's base 32).

    Ids in time order keep B-tree inserts at the right edge: a million stored grants then cost what ten thousand do. Below the
    millisecond, 12 bits of time order the rows that one request makes (RFC 9562 section 6.2, method 3).
    """
    moment, rest = divmod(time.time_ns(), 1_000_000)
    low = int.from_bytes(os.urandom(8), "big") >> 2
    # The 128 bits in three parts, written out: a third faster than one long number in a loop, and every request makes several ids.
    middle = 0x7 << 16 | (rest << 12) // 1_000_000 << 4 | 0x2 << 2 | low >> 60
    pairs = _PAIRS
    return (
        f"{pairs[moment >> 40]}{pairs[moment >> 30 & 1023]}{pairs[moment >> 20 & 1023]}{pairs[moment >> 10 & 1023]}"
        f"{pairs[moment & 1023]}{pairs[middle >> 10]}{pairs[middle & 1023]}"
        f"{pairs[low >> 50 & 1023]}{pairs[low >> 40 & 1023]}{pairs[low >> 30 & 1023]}{pairs[low >> 20 & 1023]}"
        f"{pairs[low >> 10 & 1023]}{pairs[low & 1023]}"
    )


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
    pairs = _CAPITALS
    return f"{pairs[value >> 30]}{pairs[value >> 20 & 1023]}{pairs[value >> 10 & 1023]}{pairs[value & 1023]}"
