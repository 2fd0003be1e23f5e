"""Time-based one-time codes (RFC 6238): SHA-1, 30 seconds, 6 digits, one step either way.

A step is used once, whoever is faster.
"""

from __future__ import annotations

import base64
import os
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP: Final = 30
DIGITS: Final = 6
_WINDOW: Final = (0, -1, 1)
_SEED_BYTES: Final = 20


def new_seed() -> bytes:
    """Return a new seed of 160 bits (RFC 4226 section 4, R6)."""
    return os.urandom(_SEED_BYTES)


def code_at(seed: bytes, step: int) -> str:
    """Return the code of a time step."""
    return HOTP(seed, DIGITS, SHA1()).generate(step).decode()  # noqa: S303 - what RFC 6238 and every authenticator app use


def matching_step(seed: bytes, code: str, now: int, last_step: int) -> int | None:
    """Return the time step that ``code`` fits, later than the last one used (RFC 6238 section 5.2), or None."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    current = now // STEP
    found: int | None = None
    for offset in _WINDOW:
        step = current + offset
        fits = constant_time.bytes_eq(code_at(seed, step).encode(), code.encode())
        if fits and step > last_step and found is None:
            found = step
    return found


def provisioning_uri(seed: bytes, label: str, issuer: str) -> str:
    """Return the ``otpauth`` address that authenticator apps read."""
    name = quote(f"{issuer}:{label}", safe="")
    return f"otpauth://totp/{name}?secret={base32(seed)}&issuer={quote(issuer, safe='')}&digits={DIGITS}&period={STEP}"


def base32(seed: bytes) -> str:
    """Return the seed as people type it."""
    return base64.b32encode(seed).decode().rstrip("=")
