"""Keys and tokens of the simulators that sign: ID tokens, and logout tokens for tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Response, jsonify

from examples.upstream_simulators.provider import Grant, Simulator

_ALG = "RS256"


@dataclass
class SigningSimulator(Simulator):
    """Signs ID tokens, and spoils them on demand.

    Faults: ``wrong_iss``, ``wrong_aud``, ``second_aud``, ``wrong_azp``, ``expired``, ``wrong_nonce``, ``no_nonce``, ``wrong_at_hash``,
    ``alg_none``, ``alg_hmac``, ``strange_key``, ``no_id_token``, ``no_auth_time``, ``stale_id_token``, ``id_token_other_sub``.
    """

    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))

    @property
    def issuer(self) -> str:
        """Return the issuer."""
        return self.base

    def jwks(self) -> Response:
        """Return the public keys."""
        document = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return jsonify(keys=[{**document, "kid": "simulator-1", "use": "sig", "alg": _ALG}])

    def claims(self, grant: Grant, access_token: str) -> dict[str, Any]:
        """Return the claims of an ID token, spoiled as the faults say."""
        now, client = int(self.clock()), self.client_id
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": "https://other.example.vn" if self.has("wrong_iss") else self.issuer,
            "aud": "somebody-else" if self.has("wrong_aud") else client,
            "sub": "somebody-else" if self.has("id_token_other_sub") else self.fields(grant)["sub"],
            "exp": now - 3600 if self.has("expired") else now + 300,
            "iat": now - 7200 if self.has("stale_id_token") else now,
            "auth_time": grant.auth_time,
            "sid": grant.sid,
            "acr": f"level-{grant.level}",
            "nonce": "another" if self.has("wrong_nonce") else grant.parameters.get("nonce", ""),
            "at_hash": "AAAA" if self.has("wrong_at_hash") else base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        if self.has("second_aud"):
            claims |= {"aud": [client, "somebody-else"], "azp": client}
        if self.has("wrong_azp"):
            claims["azp"] = "somebody-else"
        for fault, name in (("no_nonce", "nonce"), ("no_auth_time", "auth_time")):
            if self.has(fault):
                del claims[name]
        return claims

    def signed(self, claims: dict[str, Any], typ: str = "JWT") -> str:
        """Return a token over claims."""
        headers = {"kid": "simulator-1", "typ": typ}
        if self.has("alg_none"):
            return jwt.encode(claims, "", "none", headers)
        if self.has("alg_hmac"):
            return _confused(claims, headers, self.key.public_key())
        key = generate_private_key(65537, 2048) if self.has("strange_key") else self.key
        return jwt.encode(claims, key, _ALG, headers)

    def logout_token(self, subject: str = "", sid: str = "", **changes: Any) -> str:
        """Return a logout token (OpenID Connect Back-Channel Logout section 2.4)."""
        now = int(self.clock())
        named = {name: value for name, value in (("sub", subject), ("sid", sid)) if value}
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(12),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **named,
            **changes,
        }
        return self.signed({name: value for name, value in claims.items() if value is not None}, "logout+jwt")

    def token_answer(self, grant: Grant, document: dict[str, Any]) -> Response:
        """Return the token response with its ID token."""
        if not self.has("no_id_token"):
            document["id_token"] = self.signed(self.claims(grant, document["access_token"]))
        return jsonify(document)


def _confused(claims: dict[str, Any], headers: dict[str, Any], public: RSAPublicKey) -> str:
    """Return a token of the confusion of algorithms: an HMAC with the public key as its secret; libraries refuse to make one."""
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in ({**headers, "alg": "HS256"}, claims)
    ]
    mac = hmac.digest(secret, b".".join(parts), hashlib.sha256)
    return b".".join((*parts, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()
