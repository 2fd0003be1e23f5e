"""Client secrets: 256 random bits, kept as SHA-256; at most two live, so that a change-over has no gap."""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from clients.errors import MetadataError, RegistrationRefused
from clients.model import READABLE_SECRET_METHOD, SECRET_METHODS, Secret

Seal = Callable[[bytes, bytes], bytes]
MINIMUM_LENGTH: Final = 32
"""Of a secret that an operator brings along, in characters: 128 bits if it is written in hexadecimal."""
MAXIMUM_LENGTH: Final = 512
DEFAULT_OVERLAP: Final = 7 * 86400
MAXIMUM_OVERLAP: Final = 90 * 86400
_LEAST_VARIETY: Final = 8
_NOBODY: Final = Secret(random.token_bytes(32), 0, 0)
"""Compared with where there is no secret; nothing has this digest."""


def new_secret() -> str:
    """Return a new secret of 256 bits as 43 characters of base64url."""
    return random.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Return what is stored: one round is enough for 256 random bits; a password hash would only slow the endpoint."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def is_needed(method: str) -> bool:
    """Tell whether a client with this ``token_endpoint_auth_method`` is told a secret."""
    return method in SECRET_METHODS


def first(method: str, own: str | None) -> str | None:
    """Return the secret of a new client: the operator's own, a made one, or None where its method needs none.

    Raises ``RegistrationRefused`` for an own one that the method cannot use.
    """
    if is_needed(method):
        return own or new_secret()
    if own is not None:
        raise RegistrationRefused([public_fault(f"must be left out where token_endpoint_auth_method is {method}")])
    return None


def public_fault(detail: str) -> MetadataError:
    """Return the fault of a secret where there can be none."""
    return MetadataError("client_secret", "public_client", detail)


def kept_as(secret: str, method: str, client_id: str, now: int, seal: Seal | None) -> Secret:
    """Return a secret as it is kept: its digest, and sealed where its client makes MACs with it.

    ``seal`` takes the plaintext and the client id. Raises ``RuntimeError`` where it is needed and None.
    """
    sealed = None
    if method == READABLE_SECRET_METHOD:
        if seal is None:
            message = "a registry without sealing was asked to keep a readable secret"
            raise RuntimeError(message)
        sealed = seal(secret.encode(), client_id.encode())
    return Secret(digest(secret), now, sealed=sealed)


def kept_after(kept: tuple[Secret, ...], method: str) -> tuple[Secret, ...]:
    """Return the secrets of a client whose method becomes ``method``: none that it cannot use, none readable without need."""
    if method not in SECRET_METHODS:
        return ()
    if method == READABLE_SECRET_METHOD:
        return tuple(one for one in kept if one.sealed is not None)
    return tuple(replace(one, sealed=None) for one in kept)


def fault(secret: object) -> MetadataError | None:
    """Return what is wrong with a secret that an operator gave; None for one that is hard to guess.

    RFC 6749 section 10.10; the characters are those of RFC 6749 appendix A.2.
    """
    if not isinstance(secret, str):
        return MetadataError("client_secret", "not_text", "must be a text")
    fits = MINIMUM_LENGTH <= len(secret) <= MAXIMUM_LENGTH and secret.isascii() and secret.isprintable()
    if fits and len(set(secret)) >= _LEAST_VARIETY:
        return None
    return MetadataError(
        "client_secret", "weak_secret", f"must be {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} random ASCII characters"
    )


def is_valid(kept: tuple[Secret, ...], presented: str, now: int) -> bool:
    """Tell whether ``presented`` is one of the live secrets at ``now`` (epoch seconds).

    Compared in constant time and without stopping at the first hit. Without any secret a comparison is made all the
    same: give ``()`` for an unknown client and its answer takes as long.
    """
    offered, found = digest(presented), False
    for secret in kept or (_NOBODY,):
        alive = secret.expires_at is None or now < secret.expires_at
        found |= hmac.compare_digest(secret.digest, offered) and alive
    return found


def end_of(kept: tuple[Secret, ...], presented: str) -> int | None:
    """Return until when (epoch seconds) a secret that ``is_valid`` is so, None for one that has no end."""
    offered = digest(presented)
    ends = [one.expires_at for one in kept if hmac.compare_digest(one.digest, offered)]
    bounded = [end for end in ends if end is not None]
    return max(bounded, default=0) if len(bounded) == len(ends) else None


def rotated(kept: tuple[Secret, ...], fresh: Secret, now: int, overlap: int) -> tuple[Secret, ...]:
    """Return the secrets after a change: the new one, and the newest old one for ``overlap`` seconds more.

    Raises ``RegistrationRefused`` for an overlap below 0 or above ``MAXIMUM_OVERLAP``. A second change within the
    overlap ends the oldest secret at once: never are there three.
    """
    if not 0 <= overlap <= MAXIMUM_OVERLAP:
        raise RegistrationRefused(
            [MetadataError("overlap", "not_seconds", f"must be 0 to {MAXIMUM_OVERLAP} seconds: a secret must end")]
        )
    newest = max(kept, key=lambda one: one.created_at, default=None)
    if newest is None or overlap == 0:
        return (fresh,)
    end = now + overlap if newest.expires_at is None else min(newest.expires_at, now + overlap)
    return (fresh, replace(newest, expires_at=end))
