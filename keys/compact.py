"""Takes a compact JWS apart, strictly, without trusting any of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keys import base64url
from keys.errors import HeaderRefused, TokenMalformed
from keys.strict_json import read_object

MAX_TOKEN_CHARS = 8192
"""More than this is not read: our largest token is a fraction of it, and a parser should not work for strangers."""
_REFUSED = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip"})
"""Members by which a sender would name its own key or change how the rest is read (RFC 8725 sections 3.10 and 3.12)."""


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """A well-formed compact JWS. Nothing in it is true yet."""

    alg: str
    kid: str | None
    typ: str
    unverified_payload: bytes
    unverified_claims: dict[str, Any]
    signed: bytes
    signature: bytes
    unverified_jwk: dict[str, Any] | None = None


def parse(token: str, max_chars: int = MAX_TOKEN_CHARS, *, with_jwk: bool = False) -> UnverifiedToken:
    """Return the parts of ``token``; raises ``TokenMalformed``, ``HeaderRefused``.

    ``typ`` is lower-case and without ``application/`` (RFC 7515 section 4.1.9); empty when the header has none.
    ``with_jwk`` is for DPoP proofs alone, whose header has to carry the key (RFC 9449 section 4.2).
    """
    if len(token) > max_chars:
        raise TokenMalformed(f"longer than {max_chars} characters")
    try:
        # Unpacking refuses any number of segments but three.
        segments = token.encode("ascii").split(b".")
        head, payload, signature = (base64url.decode(segment) for segment in segments)
        header, claims = read_object(head), read_object(payload)
    except ValueError as cause:
        raise TokenMalformed("not a compact JWS of JSON objects") from cause
    jwk = header.pop("jwk", None) if with_jwk else None
    if refused := sorted(_REFUSED & header.keys()):
        raise HeaderRefused(f"the header has {', '.join(refused)}")
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "")
    if with_jwk and not isinstance(jwk, dict):
        raise TokenMalformed("the header has no jwk")
    if not isinstance(alg, str) or not isinstance(typ, str) or not (kid is None or isinstance(kid, str)):
        raise TokenMalformed("alg, kid and typ are strings")
    media_type = typ.lower().removeprefix("application/")
    return UnverifiedToken(alg, kid, media_type, payload, claims, b".".join(segments[:2]), signature, jwk)
