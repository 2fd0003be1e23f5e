"""A strict relying party: it believes nothing that it has not checked, and fails with the clause that was broken.

The checks follow OpenID Connect Core 1.0 section 3.1.3.7, RFC 9207 (iss), RFC 6749 section 5.1 (cache headers of token
answers), RFC 9700 and RFC 9068. Production clients are laxer; a provider that satisfies this one satisfies them.
"""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import requests

from tests.support.browser import Browser, Page, Person
from tests.support.rp_checks import (
    ProtocolViolation,
    check_access_token_claims,
    check_id_token_claims,
    check_provider_metadata,
    check_token_answer,
    must,
)
from tests.support.rp_jwks import KeySource

TIMEOUT: Final = 30


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """One request for authorization, with everything its answer is checked against."""

    url: str
    state: str
    nonce: str
    verifier: str
    sent_at: int
    max_age: int | None
    acr_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """A checked token answer; `claims` are those of the ID token, None where there was none."""

    access_token: str
    id_token: str | None
    refresh_token: str | None
    scope: str | None
    expires_in: int
    claims: Mapping[str, Any] | None
    raw: Mapping[str, Any] = field(repr=False)


class OAuthError(Exception):
    """The provider answered with an OAuth error; `error` is its code, `status` the HTTP status."""

    def __init__(self, error: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {error}: {body.get('error_description', '')}")
        self.error = error
        self.status = status
        self.body = body


class RelyingParty:
    """A department system: one client of one provider; `auth_method` is that of the token endpoint."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        redirect_uri: str,
        *,
        auth_method: str = "client_secret_basic",
        id_token_alg: str = "ES256",
        post_logout_redirect_uri: str | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.post_logout_redirect_uri = post_logout_redirect_uri
        self._secret = client_secret
        self._auth_method = auth_method if client_secret else "none"
        self._id_token_alg = id_token_alg
        self._http = requests.Session()
        self._http.trust_env = False
        self.metadata = self._discover()
        self.keys = KeySource(self._http, str(self.metadata["jwks_uri"]))

    @classmethod
    def of(cls, issuer: str, client: Mapping[str, Any], **options: Any) -> RelyingParty:
        """Return the relying party of a client as `Provider.add_client` returns it."""
        return cls(
            issuer,
            client["client_id"],
            client.get("client_secret"),
            client["redirect_uris"][0],
            id_token_alg=client.get("id_token_signed_response_alg", "RS256"),
            **options,
        )

    def authorize_url(
        self, scope: str = "openid", *, max_age: int | None = None, acr_values: Iterable[str] = (), **extra: str
    ) -> AuthorizationRequest:
        """Make an authorization request with PKCE S256, a state and a nonce of its own."""
        verifier, state, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **extra,
        }
        if max_age is not None:
            parameters["max_age"] = str(max_age)
        if acr_values:
            parameters["acr_values"] = " ".join(acr_values)
        url = f"{self.metadata['authorization_endpoint']}?{urlencode(parameters)}"
        return AuthorizationRequest(url, state, nonce, verifier, int(time.time()), max_age, tuple(acr_values))

    def read_callback(self, request: AuthorizationRequest, page: Page) -> str:
        """Return the code out of a callback; raises `OAuthError` for an error answer, `ProtocolViolation` for a wrong one."""
        must(page.callback is not None, "the browser was not sent to the callback")
        parameters = page.callback or {}
        must(page.url.startswith(self.redirect_uri), f"sent to {page.url[:80]}")
        must(parameters.get("state") == request.state, "RFC 6749 section 4.1.2: state")
        must(parameters.get("iss") == self.issuer, "RFC 9207 section 2: iss")
        if "error" in parameters:
            raise OAuthError(parameters["error"], 0, parameters)
        must(set(parameters) <= {"code", "state", "iss", "session_state"}, f"unasked parameters {sorted(parameters)}")
        return parameters["code"]

    def sign_in(self, browser: Browser, person: Person, scope: str = "openid", **options: Any) -> Tokens:
        """Sign a person in from the request to the checked tokens."""
        request = self.authorize_url(scope, **options)
        browser.stops.append(self.redirect_uri)
        code = self.read_callback(request, browser.walk(request.url, person))
        return self.redeem(request, code)

    def redeem(self, request: AuthorizationRequest, code: str) -> Tokens:
        """Exchange a code and check the answer; raises `OAuthError`."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": request.verifier,
        }
        return self._tokens(fields, request)

    def refresh(self, tokens: Tokens, **extra: str) -> Tokens:
        """Refresh; a new ID token must speak of the same sign-in (OpenID Connect Core section 12.2)."""
        must(tokens.refresh_token is not None, "no refresh token to use")
        fresh = self._tokens({"grant_type": "refresh_token", "refresh_token": str(tokens.refresh_token), **extra}, None)
        if fresh.claims is not None and tokens.claims is not None:
            for name in ("iss", "sub", "aud", "auth_time"):
                must(fresh.claims.get(name) == tokens.claims.get(name), f"OpenID Connect Core section 12.2: {name}")
            must(fresh.claims["iat"] >= tokens.claims["iat"], "OpenID Connect Core section 12.2: iat")
        return fresh

    def client_credentials(self, **extra: str) -> Tokens:
        """Get a token for the client itself; there must be neither an ID token nor a refresh token."""
        tokens = self._tokens({"grant_type": "client_credentials", **extra}, None)
        must(tokens.refresh_token is None, "RFC 6749 section 4.4.3: no refresh token")
        must(tokens.id_token is None, "client_credentials has no end-user, so no ID token")
        return tokens

    def userinfo(self, tokens: Tokens) -> dict[str, Any]:
        """Return the claims of userinfo; `sub` must be that of the ID token (OpenID Connect Core section 5.3.2)."""
        answer = self._http.get(
            str(self.metadata["userinfo_endpoint"]),
            headers={"Authorization": f"Bearer {tokens.access_token}"}, timeout=TIMEOUT,
        )  # fmt: skip
        self._raise_for_bearer(answer)
        kind = answer.headers["Content-Type"].partition(";")[0]
        if kind == "application/jwt":
            claims = self.keys.verify(answer.text, None)
            must(claims.get("iss") == self.issuer, "OpenID Connect Core section 5.3.2: iss of signed userinfo")
            must(
                self.client_id in _listed(claims.get("aud")),
                "OpenID Connect Core section 5.3.2: aud of signed userinfo",
            )
        else:
            must(kind == "application/json", f"userinfo as {kind}")
            claims = answer.json()
        if tokens.claims is not None:
            must(claims.get("sub") == tokens.claims["sub"], "OpenID Connect Core section 5.3.2: sub")
        return claims

    def introspect(self, token: str, **extra: str) -> dict[str, Any]:
        """Return an introspection answer (RFC 7662); an inactive token must say nothing more."""
        answer = self._post("introspection_endpoint", {"token": token, **extra})
        body = _answer(answer)
        must(isinstance(body.get("active"), bool), "RFC 7662 section 2.2: active")
        must(body["active"] or set(body) == {"active"}, "RFC 7662 section 2.2: an inactive token has no more members")
        return body

    def revoke(self, token: str, **extra: str) -> None:
        """Revoke a token (RFC 7009)."""
        answer = self._post("revocation_endpoint", {"token": token, **extra})
        if answer.status_code != requests.codes.ok:
            _answer(answer)

    def end_session_url(self, tokens: Tokens, state: str | None = None) -> str:
        """Return the address for RP-initiated logout."""
        parameters = {"client_id": self.client_id, "id_token_hint": tokens.id_token or ""}
        if self.post_logout_redirect_uri:
            parameters["post_logout_redirect_uri"] = self.post_logout_redirect_uri
        if state:
            parameters["state"] = state
        return f"{self.metadata['end_session_endpoint']}?{urlencode(parameters)}"

    def verify_access_token(self, token: str, audience: str | None = None) -> dict[str, Any]:
        """Verify an access token as a resource server does: offline, with the JWKS alone (RFC 9068 section 4)."""
        claims = self.keys.verify(token, None, kind="at+jwt")
        check_access_token_claims(claims, issuer=self.issuer, audience=audience)
        return claims

    def verify_id_token(
        self, token: str, request: AuthorizationRequest | None, access_token: str | None
    ) -> dict[str, Any]:
        """Verify an ID token; nonce, max_age and acr are checked when the request is given."""
        claims = self.keys.verify(token, self._id_token_alg)
        check_id_token_claims(
            claims,
            issuer=self.issuer,
            client_id=self.client_id,
            alg=self._id_token_alg,
            nonce=request.nonce if request else None,
            max_age=request.max_age if request else None,
            acr_values=request.acr_values if request else (),
            access_token=access_token,
        )
        return claims

    def _discover(self) -> dict[str, Any]:
        answer = self._http.get(f"{self.issuer}/.well-known/openid-configuration", timeout=TIMEOUT)
        must(answer.status_code == requests.codes.ok, f"discovery answers {answer.status_code}")
        metadata: dict[str, Any] = answer.json()
        check_provider_metadata(metadata, self.issuer)
        return metadata

    def _tokens(self, fields: dict[str, str], request: AuthorizationRequest | None) -> Tokens:
        answer = self._post("token_endpoint", fields)
        body = _answer(answer)
        check_token_answer(body, answer.headers)
        id_token = body.get("id_token")
        if request is not None:
            must(id_token is not None, "OpenID Connect Core section 3.1.3.3: id_token")
        claims = self.verify_id_token(id_token, request, body["access_token"]) if id_token else None
        return Tokens(
            access_token=body["access_token"],
            id_token=id_token,
            refresh_token=body.get("refresh_token"),
            scope=body.get("scope"),
            expires_in=body["expires_in"],
            claims=claims,
            raw=body,
        )

    def _post(self, endpoint: str, fields: dict[str, str]) -> requests.Response:
        headers = {"Accept": "application/json"}
        auth = None
        if self._auth_method == "client_secret_basic":
            # RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
            auth = (quote_plus(self.client_id), quote_plus(self._secret or ""))
        else:
            fields = {**fields, "client_id": self.client_id}
            if self._auth_method == "client_secret_post":
                fields["client_secret"] = self._secret or ""
        url = str(self.metadata[endpoint])
        return self._http.post(url, data=fields, headers=headers, auth=auth, allow_redirects=False, timeout=TIMEOUT)

    def _raise_for_bearer(self, answer: requests.Response) -> None:
        if answer.status_code == requests.codes.ok:
            return
        challenge = answer.headers.get("WWW-Authenticate", "")
        must(challenge.lower().startswith("bearer"), "RFC 6750 section 3: WWW-Authenticate")
        error = challenge.partition('error="')[2].partition('"')[0] or "unauthorized"
        raise OAuthError(error, answer.status_code, {"challenge": challenge})


def _answer(answer: requests.Response) -> dict[str, Any]:
    """Return a JSON object; raise `OAuthError` for an error answer of RFC 6749 section 5.2."""
    must(answer.headers.get("Content-Type", "").startswith("application/json"), f"{answer.status_code}, not JSON")
    body: dict[str, Any] = answer.json()
    if answer.status_code != requests.codes.ok:
        must("error" in body, "RFC 6749 section 5.2: error")
        if answer.status_code == requests.codes.unauthorized:
            must("WWW-Authenticate" in answer.headers, "RFC 6749 section 5.2: WWW-Authenticate")
        raise OAuthError(body["error"], answer.status_code, body)
    return body


def _listed(audience: Any) -> list[str]:
    return [audience] if isinstance(audience, str) else list(audience or [])


__all__ = ["AuthorizationRequest", "OAuthError", "ProtocolViolation", "RelyingParty", "Tokens"]
