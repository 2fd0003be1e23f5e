"""A strict relying party: what a careful department's system does, with PyJWT, over HTTP alone.

It believes nothing that it has not checked: state, issuer, signature by ``kid`` and ``alg``, ``typ``, ``aud``, ``azp``,
``nonce``, ``at_hash``, times. Whatever it refuses is an ``AssertionError`` that says which check failed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

import jwt
import requests

_SKEW: Final = 5
_HASHES: Final = {"ES256": hashlib.sha256, "RS256": hashlib.sha256, "PS256": hashlib.sha256, "EdDSA": hashlib.sha512}
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One authorization request and what the answer has to fit."""

    url: str
    parameters: Mapping[str, str]
    verifier: str

    @property
    def state(self) -> str:
        """Return the state sent."""
        return self.parameters["state"]

    @property
    def nonce(self) -> str | None:
        """Return the nonce sent, if any."""
        return self.parameters.get("nonce")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A checked token response; ``claims`` are those of the ID token."""

    response: Mapping[str, Any]
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def access(self) -> str:
        """Return the access token."""
        return str(self.response["access_token"])

    @property
    def refresh(self) -> str:
        """Return the refresh token."""
        return str(self.response["refresh_token"])

    @property
    def id_token(self) -> str:
        """Return the ID token."""
        return str(self.response["id_token"])

    @property
    def sub(self) -> str:
        """Return the subject."""
        return str(self.claims["sub"])


class RelyingParty:
    """One registered client: its metadata with ``client_id`` and ``client_secret``."""

    def __init__(self, issuer: str, client: Mapping[str, Any]) -> None:
        self.issuer = issuer
        self.client = client
        self.http = requests.Session()
        self.http.trust_env = False
        self.discovery: dict[str, Any] = self.http.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
        assert self.discovery["issuer"] == issuer, "discovery names another issuer"

    @property
    def client_id(self) -> str:
        """Return our id."""
        return str(self.client["client_id"])

    @property
    def redirect_uri(self) -> str:
        """Return the first registered redirect URI."""
        return str(self.client["redirect_uris"][0])

    def begin(self, **changes: str | None) -> Attempt:
        """Return a code+PKCE request; ``changes`` replace parameters, None takes one out."""
        verifier = secrets.token_urlsafe(48)
        defaults: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
        }
        parameters = {name: value for name, value in {**defaults, **changes}.items() if value is not None}
        return Attempt(f"{self.discovery['authorization_endpoint']}?{urlencode(parameters)}", parameters, verifier)

    def code_of(self, attempt: Attempt, callback: Mapping[str, str]) -> str:
        """Return the code of a callback that fits the attempt (RFC 6749 section 4.1.2, RFC 9207 section 2.4)."""
        assert "error" not in callback, f"refused: {callback}"
        assert callback.get("state") == attempt.parameters.get("state"), "the state is not ours"
        assert callback.get("iss") == self.issuer, "another issuer answered"
        return callback["code"]

    def error_of(self, attempt: Attempt, callback: Mapping[str, str] | None) -> str:
        """Return the error of a callback that fits the attempt and carries no code."""
        assert callback is not None, "the error was not sent to the callback"
        assert "code" not in callback, "an error came with a code"
        assert callback.get("state") == attempt.parameters.get("state"), "the state is not ours"
        assert callback.get("iss") == self.issuer, "another issuer answered"
        return callback["error"]

    def post(self, endpoint: str, **parameters: str | None) -> requests.Response:
        """POST to an endpoint of discovery (``token``, ``introspection``, ``revocation``) with our credential."""
        data = {name: value for name, value in parameters.items() if value is not None}
        method = self.client.get("token_endpoint_auth_method", "client_secret_basic")
        headers = {}
        if method == "client_secret_basic":
            headers["Authorization"] = basic(self.client_id, str(self.client["client_secret"]))
        else:
            data["client_id"] = self.client_id
            if method == "client_secret_post":
                data["client_secret"] = str(self.client["client_secret"])
        return self.http.post(self.discovery[f"{endpoint}_endpoint"], data=data, headers=headers, timeout=30)

    def redemption(self, attempt: Attempt, code: str, /, **changes: str | None) -> requests.Response:
        """Present a code; ``changes`` replace parameters."""
        defaults: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.parameters["redirect_uri"],
            "code_verifier": attempt.verifier if "code_challenge" in attempt.parameters else None,
        }
        return self.post("token", **{**defaults, **changes})

    def redeem(self, attempt: Attempt, callback: Mapping[str, str] | None) -> Tokens:
        """Exchange the callback's code for tokens and check everything about them."""
        assert callback is not None, "no callback"
        answer = self.redemption(attempt, self.code_of(attempt, callback))
        assert answer.status_code == requests.codes.ok, answer.text
        return self.checked(answer, attempt.nonce)

    def refresh(self, tokens: Tokens) -> Tokens:
        """Rotate; the new ID token must be of the same person and sign-in (OpenID Connect Core section 12.2)."""
        answer = self.post("token", grant_type="refresh_token", refresh_token=tokens.refresh)
        assert answer.status_code == requests.codes.ok, answer.text
        fresh = self.checked(answer, None)
        for name in ("iss", "sub", "aud", "auth_time"):
            assert fresh.claims[name] == tokens.claims[name], name
        return fresh

    def checked(self, answer: requests.Response, nonce: str | None) -> Tokens:
        """Check a token response (RFC 6749 section 5.1) and both tokens in it."""
        assert answer.headers["Cache-Control"] == "no-store", "a token response may be cached"
        assert answer.headers["Content-Type"].startswith("application/json")
        response = answer.json()
        assert response["token_type"].lower() == "bearer"
        assert response["expires_in"] > 0
        self.access_claims(response["access_token"])
        claims = self.id_claims(response["id_token"], response["access_token"], nonce) if "id_token" in response else {}
        return Tokens(response, claims)

    def id_claims(self, token: str, access_token: str, nonce: str | None) -> dict[str, Any]:
        """Return the claims of an ID token after OpenID Connect Core section 3.1.3.7."""
        alg = self.client.get("id_token_signed_response_alg", "RS256")
        claims = self.verified(token, alg, {"jwt"})
        assert claims["nonce"] == nonce if nonce is not None else "nonce" not in claims, "nonce"
        assert claims["auth_time"] <= claims["iat"] + _SKEW, "auth_time lies in the future"
        digest = _HASHES[alg](access_token.encode()).digest()
        assert claims["at_hash"] == _encoded(digest[: len(digest) // 2]), "at_hash"
        return claims

    def access_claims(self, token: str) -> dict[str, Any]:
        """Return the claims of an access token after RFC 9068 section 4."""
        claims = self.verified(token, "ES256", {"at+jwt"}, audience=self.issuer)
        assert claims["client_id"] == self.client_id, "another client's token"
        assert claims["jti"]
        return claims

    def logout_claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a logout token after OpenID Connect Back-Channel Logout section 2.6."""
        claims = self.verified(token, self.client.get("id_token_signed_response_alg", "RS256"), {"logout+jwt"})
        assert "nonce" not in claims, "a logout token with a nonce"
        assert claims["events"] == {LOGOUT_EVENT: {}}
        assert claims.get("sub") or claims.get("sid")
        assert claims["jti"]
        return claims

    def verified(self, token: str, alg: str, typs: set[str], audience: str | None = None) -> dict[str, Any]:
        """Verify signature by ``kid``, ``alg``, ``typ``, issuer, audience, ``azp`` and times."""
        header = jwt.get_unverified_header(token)
        assert header["alg"] == alg, f"alg {header['alg']} is not {alg}"
        assert str(header.get("typ", "jwt")).lower() in typs, f"typ {header.get('typ')}"
        key = self.key(header["kid"], alg)
        audience = audience or self.client_id
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[alg], audience=audience, issuer=self.issuer, leeway=_SKEW,
            options={"require": ["iss", "aud", "iat"]},
        )  # fmt: skip
        assert claims["aud"] in (audience, [audience]), "an audience that we do not know"
        assert claims.get("azp", self.client_id) == self.client_id, "azp"
        assert claims["iat"] <= time.time() + _SKEW, "issued in the future"
        return claims

    def key(self, kid: str, alg: str) -> Any:
        """Return the published key of this id; it must be for this algorithm and for signatures."""
        keys = self.http.get(self.discovery["jwks_uri"], timeout=30).json()["keys"]
        found = [key for key in keys if key["kid"] == kid]
        assert len(found) == 1, f"kid {kid} is published {len(found)} times"
        assert found[0].get("use", "sig") == "sig"
        assert found[0].get("alg", alg) == alg
        return jwt.PyJWK(found[0], algorithm=alg).key

    def userinfo(self, tokens: Tokens | str) -> requests.Response:
        """GET userinfo."""
        token = tokens if isinstance(tokens, str) else tokens.access
        headers = {"Authorization": f"Bearer {token}"}
        return self.http.get(self.discovery["userinfo_endpoint"], headers=headers, timeout=30)

    def introspect(self, token: str) -> dict[str, Any]:
        """Return what introspection says of a token."""
        answer = self.post("introspection", token=token)
        assert answer.status_code == requests.codes.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def is_alive(self, tokens: Tokens) -> bool:
        """Tell whether the access token works, by userinfo and introspection alike."""
        by_userinfo = bool(self.userinfo(tokens).status_code == requests.codes.ok)
        by_introspection = bool(self.introspect(tokens.access)["active"])
        assert by_userinfo == by_introspection, (by_userinfo, by_introspection)
        return by_userinfo

    def logout_url(self, **parameters: str) -> str:
        """Return an RP-initiated logout request."""
        return f"{self.discovery['end_session_endpoint']}?{urlencode(parameters)}"


def s256(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def basic(client_id: str, secret: str) -> str:
    """Return a Basic credential; both halves are form-urlencoded first (RFC 6749 section 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
