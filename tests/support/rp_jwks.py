"""Signature checks with a provider's published JWKS and nothing else."""

from __future__ import annotations

from typing import Any, Final

import jwt
import requests
from jwt.exceptions import InvalidTokenError
from jwt.types import Options

from tests.support.rp_checks import must

ALGORITHMS: Final = frozenset({"ES256", "RS256", "PS256", "EdDSA"})
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySource:
    """The keys behind a `jwks_uri`, fetched when first needed and once more for a `kid` that is not there."""

    def __init__(self, http: requests.Session, url: str) -> None:
        self._http = http
        self._url = url
        self._keys: dict[str, dict[str, Any]] = {}

    def fetch(self) -> dict[str, dict[str, Any]]:
        """Fetch the set and return its keys by `kid`; no private part may be in it."""
        answer = self._http.get(self._url, timeout=30)
        must(answer.status_code == requests.codes.ok, f"jwks_uri answers {answer.status_code}")
        keys = answer.json()["keys"]
        for key in keys:
            must(not _PRIVATE_MEMBERS & set(key), "RFC 7517 section 9.2: a private key in the JWKS")
            must(isinstance(key.get("kid"), str), "a key without kid cannot be rotated")
            must(key.get("use") in {"sig", "enc"}, "RFC 7517 section 4.2: use")
            must(key["use"] == "enc" or key.get("alg") in ALGORITHMS, "RFC 7517 section 4.4: alg")
        must(len({key["kid"] for key in keys}) == len(keys), "OpenID Connect Core section 10.1: kid is unique")
        # What requests are encrypted to verifies nothing.
        self._keys = {key["kid"]: key for key in keys if key["use"] == "sig"}
        return self._keys

    def verify(self, token: str, alg: str | None, *, kind: str | None = None) -> dict[str, Any]:
        """Return the claims of a JWS whose signature holds; `alg` and `typ` must be the expected ones where given."""
        must(token.count(".") == 2, "RFC 7515 section 7.1: not a compact JWS")
        header = jwt.get_unverified_header(token)
        must(header.get("alg") in ALGORITHMS, f"alg {header.get('alg')}")
        must(alg is None or header["alg"] == alg, f"alg {header['alg']}, not {alg}")
        if kind is not None:
            named = str(header.get("typ", "")).lower().removeprefix("application/")
            must(named == kind, f"typ {header.get('typ')}, not {kind}")
        must(not set(header) & {"jku", "x5u", "jwk", "x5c"}, "RFC 8725 section 3.10: a key reference in the header")
        kid = header.get("kid")
        if kid not in self._keys:
            self.fetch()
        must(kid in self._keys, f"OpenID Connect Core section 10.1: kid {kid} is not in the JWKS")
        key = self._keys[str(kid)]
        must(key["alg"] == header["alg"], "RFC 8725 section 3.1: the key is for another algorithm")
        # Claims have checks of their own, with their clauses; here only the signature is in question.
        nothing: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        nothing |= {"verify_iss": False, "verify_sub": False, "verify_jti": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key), algorithms=[header["alg"]], options=nothing)
        except InvalidTokenError as error:
            must(holds=False, clause=f"RFC 7515 section 5.2: {error}")
            raise
        return claims
