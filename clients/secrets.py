"""Client secrets: 256 random bits, kept as SHA-256, at most two at a time so that a department can change over without a gap."""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from typing import Final

from clients.errors import MetadataError, RegistrationRefused
from clients.model import Secret

MINIMUM_LENGTH: Final = 32
_NOBODY: Final = hashlib.sha256(b"nobody").digest()


def new_secret() -> str:
    """Return a new secret of 43 characters."""
    return random.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is stored: one round is enough for 256 random bits; a password hash would only slow the token endpoint."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def check_given(secret: str) -> str:
    """Return a secret that an operator brings along; raises ``RegistrationRefused`` for one that could be guessed."""
    if len(secret) < MINIMUM_LENGTH or len(set(secret)) < 8 or not secret.isascii() or not secret.isprintable():  # noqa: PLR2004 - a sanity bound
        raise RegistrationRefused(
            [MetadataError("client_secret", "weak_secret", f"must be at least {MINIMUM_LENGTH} random ASCII characters")]
        )
    return secret


def is_valid(kept: tuple[Secret, ...], presented: str, now: int) -> bool:
    """Tell whether ``presented`` is one of the live secrets; the same work whether there is one, two or none."""
    offered, found = digest(presented), False
    for secret in (kept or (Secret(_NOBODY, 0, 0),)):
        alive = secret.expires_at is None or now < secret.expires_at
        found |= hmac.compare_digest(secret.digest, offered) and alive
    return found


def rotated(kept: tuple[Secret, ...], secret: str, now: int, overlap: int) -> tuple[Secret, ...]:
    """Return the secrets after a change: the new one, and the newest old one for ``overlap`` seconds more."""
    newest = max(kept, key=lambda one: one.created_at, default=None)
    fresh = Secret(digest(secret), now)
    if newest is None or overlap <= 0:
        return (fresh,)
    return (fresh, Secret(newest.digest, newest.created_at, now + overlap))
