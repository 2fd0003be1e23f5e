"""DPoP proofs as signed objects (RFC 9449 section 4.2): a JWT that carries the key it was signed with.

The one place where the sender names its own key: the key proves nothing but that the same sender was there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from keys.algorithms import ALGORITHMS
from keys.compact import parse
from keys.errors import AlgorithmRefused, HeaderRefused, InvalidJwk, SignatureInvalid, TypeRefused
from keys.jwks import export_public, import_key, thumbprint

ALGS: Final = ("ES256", "PS256", "EdDSA")
"""No RSASSA-PKCS1-v1_5: such keys are made anew for this purpose, and FAPI 2.0 forbids it."""
TYPE: Final = "dpop+jwt"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose signature fits its own key: the key's thumbprint (RFC 7638), and claims that nobody has looked at yet."""

    jkt: str
    claims: Mapping[str, Any]


def read_proof(token: str) -> Proof:
    """Return a proof; raises a ``TokenError`` that says what is wrong with it."""
    parsed = parse(token, with_jwk=True)
    if parsed.typ != TYPE:
        raise TypeRefused("the explicit type is not the expected one")
    if parsed.alg not in ALGS:
        raise AlgorithmRefused("the algorithm is not on the allow-list")
    try:
        key = import_key(parsed.unverified_jwk or {})
    except InvalidJwk as cause:
        raise HeaderRefused(cause.reason, code=f"token_{cause.code}") from cause
    if parsed.alg not in key.algs:
        raise AlgorithmRefused("the key is not for this algorithm")
    if not ALGORITHMS[parsed.alg].verify(parsed.signed, key.public, parsed.signature):
        raise SignatureInvalid("the signature does not fit")
    return Proof(thumbprint(export_public(key.public)), parsed.unverified_claims)
