"""JWTs with the MAC of a shared secret: ``client_secret_jwt`` alone (RFC 7518 section 3.2, OpenID Connect Core section 9).

Apart from ``algorithms`` on purpose: no table knows both a MAC and a signature, so that no public key can ever be taken for a secret
(RFC 8725 section 2.1).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Any, Final

from keys.compact import parse
from keys.errors import AlgorithmRefused, SignatureInvalid, TypeRefused
from keys.verifier import Expectation, check_claims

ALG: Final = "HS256"
"""The only one: our secrets of 43 characters are longer than its 256 bits, not than those of HS384 (RFC 7518 section 3.2)."""


def verify_shared(token: str, secrets: Iterable[bytes], expected: Expectation, now: int) -> Mapping[str, Any]:
    """Return the claims of a JWT whose MAC is by one of the secrets, all of which are tried; raises a ``TokenError``.

    Of ``expected`` the list of algorithms does not count: it names signatures.
    """
    parsed = parse(token)
    if parsed.alg != ALG:
        raise AlgorithmRefused("the algorithm is not on the allow-list")
    if parsed.typ not in expected.typs:
        raise TypeRefused("the explicit type is not the expected one")
    fits = False
    for secret in secrets:
        fits |= hmac.compare_digest(hmac.digest(secret, parsed.signed, "sha256"), parsed.signature)
    if not fits:
        raise SignatureInvalid("the MAC does not fit")
    check_claims(parsed.unverified_claims, expected, now)
    return parsed.unverified_claims
