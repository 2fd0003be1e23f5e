"""The mint of JSON Web Tokens: claims in, compact JWS out, at little more than the price of the signature.

The header never changes while a key lives, so it is encoded once for each ``typ``; per token remain orjson, one
base64url and the signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from keys import base64url
from keys.algorithms import ALGORITHMS, PrivateKey
from keys.base64url import encode

ACCESS_TOKEN = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1
ID_TOKEN = "JWT"  # noqa: S105 - OpenID Connect Core gives no explicit type; RFC 7519 section 5.1
INTROSPECTION = "token-introspection+jwt"  # RFC 9701 section 5
STATUS_LIST = "statuslist+jwt"  # draft-ietf-oauth-status-list section 5.1
SERVER_METADATA = "oauth-authorization-server+jwt"  # our own explicit type (RFC 8725 section 3.11)
DRILL = "drill+jwt"
"""Our own explicit type of what drills of the emergency sign: worth nothing anywhere."""
SECURITY_EVENT = "secevent+jwt"
"""RFC 8417 section 2.3."""
LOGOUT_TOKEN = "logout+jwt"  # noqa: S105 - OpenID Connect Back-Channel Logout section 2.4


class Signer:
    """Signs with one key. Holds the private key in memory; ``keys.ring`` makes it and lets go of it."""

    __slots__ = ("_headers", "_sign", "alg", "kid")

    def __init__(self, kid: str, alg: str, private: PrivateKey) -> None:
        """Take the key; raises ``TypeError`` when it does not fit ``alg``."""
        self.kid = kid
        self.alg = alg
        self._sign = ALGORITHMS[alg].signer(private)
        self._headers: dict[str, bytes] = {typ: self._header(typ) for typ in (ACCESS_TOKEN, ID_TOKEN, LOGOUT_TOKEN)}

    def __repr__(self) -> str:
        """Show the key id, never the key."""
        return f"Signer(kid={self.kid!r}, alg={self.alg!r})"

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Return ``claims`` as a signed compact JWT of the explicit type ``typ`` (RFC 7519, RFC 8725 section 3.11)."""
        return self.sign_payload(orjson.dumps(claims), typ)

    def sign_payload(self, payload: bytes, typ: str) -> str:
        """Return ready JSON as a signed compact JWT. ``typ`` comes from a fixed vocabulary, never from a request."""
        header = self._headers.get(typ)
        if header is None:
            header = self._headers[typ] = self._header(typ)
        signed = header + encode(payload)
        return (signed + b"." + encode(self._sign(signed))).decode("ascii")

    def _header(self, typ: str) -> bytes:
        header = {"alg": self.alg, "kid": self.kid, "typ": typ}
        return base64url.encode(orjson.dumps(header)) + b"."
