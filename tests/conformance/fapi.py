"""A client of the FAPI plans: it pushes, proves itself by an assertion or a certificate, and holds a key or a certificate."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import jwt
import requests

from keys import base64url
from tests.support.assertions import TYPE, by_proxy, certificate
from tests.support.browser import Browser, Page, Person
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.rp import s256
from tests.support.world import World

CALLBACK: Final = "https://suite.example.vn/test/a/alias/callback"
QUERY: Final = "?dummy1=lorem&dummy2=ipsum"
LEFT_OUT: Final = object()
"""A claim or a member of a header with this value is left out."""


def settled(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims without those that are left out; a ``timedelta`` becomes the moment so far from now."""
    kept = {name: value for name, value in claims.items() if value is not LEFT_OUT}
    now = int(time.time())
    return {n: now + int(v.total_seconds()) if isinstance(v, timedelta) else v for n, v in kept.items()}


@dataclass(frozen=True, slots=True)
class Manner:
    """One row of the plans: how the client authenticates, what binds its tokens, and whether requests and answers are signed."""

    auth: str = "private_key_jwt"
    bound_by: str = "dpop"
    is_signed: bool = False

    @property
    def name(self) -> str:
        """Return what a test is called by."""
        return "-".join([self.auth, self.bound_by, *(["signed"] if self.is_signed else [])])


@dataclass
class Bank:
    """One client with its keys, a browser and a person; whatever a module sends wrong it passes as a change."""

    world: World
    person: Person
    manner: Manner
    redirect_uri: str = CALLBACK
    key: ClientKey = field(default_factory=lambda: new_key(secrets.token_hex(4), "PS256"))
    possession: ClientKey = field(default_factory=lambda: new_key(None))
    client: Mapping[str, Any] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def __post_init__(self) -> None:
        """Make the certificate."""
        self.subject = f"bank-{secrets.token_hex(5)}"
        self.certificate = certificate(self.possession, name=self.subject, at=int(time.time()))
        self.browser = Browser(self.redirect_uri.partition("?")[0])

    def registration(self) -> dict[str, Any]:
        """Return what an operator registers."""
        by_certificate = {
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": f"CN={self.subject},C=VN",
        }
        return {
            "redirect_uris": [self.redirect_uri],
            "profile": "fapi2-message-signing" if self.manner.is_signed else "fapi2",
            "jwks": key_set(self.key),
            "scope": "openid profile email phone address offline_access ssf.read",
            **({"token_endpoint_auth_method": self.manner.auth} if self.manner.auth == "private_key_jwt" else by_certificate),
            "tls_client_certificate_bound_access_tokens": self.manner.bound_by == "mtls",
            "dpop_bound_access_tokens": self.manner.bound_by == "dpop",
        }  # fmt: skip

    @property
    def issuer(self) -> str:
        """Return the issuer."""
        return self.world.issuer

    @property
    def client_id(self) -> str:
        """Return our id."""
        return str(self.client["client_id"])

    def assertion(self, key: ClientKey | None = None, **changes: Any) -> str:
        """Return a client assertion to the issuer."""
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": now, "exp": now + 60,
            "jti": secrets.token_hex(12), **changes,
        }  # fmt: skip
        return (key or self.key).sign(settled(claims))

    def proven(self, form: Mapping[str, str], assertion: str | None = None) -> dict[str, str]:
        """Return a form with our credential: an assertion, or our id beside the certificate."""
        if self.manner.auth == "private_key_jwt":
            return {**form, "client_assertion_type": TYPE, "client_assertion": assertion or self.assertion()}
        return {**form, "client_id": self.client_id}

    def shown(self) -> dict[str, str]:
        """Return the certificate as the proxy hands it on, where we have one."""
        if "mtls" not in (self.manner.auth, self.manner.bound_by):
            return {}
        return {"Client-Cert": by_proxy(self.certificate)["HTTP_CLIENT_CERT"]}

    def proof(
        self, url: str, method: str = "POST", *, token: str = "", key: ClientKey | None = None, **changes: Any
    ) -> str:
        """Return a DPoP proof; ``header`` among the changes replaces members of the header."""
        header = {"typ": "dpop+jwt", "kid": None, "jwk": (key or self.possession).bare, **changes.pop("header", {})}
        claims = {"jti": secrets.token_hex(12), "htm": method, "htu": url, "iat": int(time.time())}
        if token:
            claims["ath"] = base64url.encode_text(hashlib.sha256(token.encode()).digest())
        claims |= changes
        return (key or self.possession).sign(
            settled(claims), **{n: None if v is LEFT_OUT else v for n, v in header.items()}
        )

    def request(self, **changes: Any) -> dict[str, Any]:
        """Return the parameters of a request."""
        base = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect_uri, "scope": "openid email",
            "state": secrets.token_urlsafe(16), "nonce": secrets.token_urlsafe(16),
            "code_challenge": s256(self.verifier), "code_challenge_method": "S256",
            **({"response_mode": "jwt"} if self.manner.is_signed else {}), **changes,
        }  # fmt: skip
        return {name: value for name, value in base.items() if value is not LEFT_OUT}

    def request_object(self, asked: Mapping[str, Any], key: ClientKey | None = None, **changes: Any) -> str:
        """Return a signed request; ``header`` among the changes replaces members of the header."""
        header, now = changes.pop("header", {}), int(time.time())
        own = {"iss": self.client_id, "aud": self.issuer, "nbf": now, "exp": now + 300, **asked, **changes}
        return (key or self.key).sign(settled(own), **header)

    def push(self, asked: Mapping[str, Any], *, assertion: str | None = None, **options: Any) -> requests.Response:
        """Push a request, signed where that is our manner, or the object ``token``."""
        form: Mapping[str, Any] = asked
        if self.manner.is_signed and not options.pop("unsigned", False):
            form = {"request": options.pop("token", None) or self.request_object(asked), "client_id": self.client_id}
        form = {**self.proven(form, assertion), **options.pop("beside", {})}
        headers = {**self.shown(), **options.pop("headers", {})}
        return requests.post(f"{self.issuer}/par", data=form, headers=headers, timeout=30)

    def address(self, pushed: requests.Response, **extra: str) -> str:
        """Return where the browser is sent after a request was pushed."""
        assert pushed.status_code == requests.codes.created, pushed.text
        assert pushed.headers["Content-Type"] == "application/json"
        body = pushed.json()
        assert 0 < body["expires_in"] <= 600
        query = {"client_id": self.client_id, "request_uri": body["request_uri"], **extra}
        return f"{self.issuer}/authorize?{urlencode(query)}"

    def arrived(self, page: Page, asked: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the answer that came to us, taken out of its JWT where answers are signed, after state and issuer were checked."""
        assert page.callback is not None, (page.status, page.text_of("error-code"))
        # What the registered address brings of its own is no part of the answer.
        answer: Mapping[str, str] = {n: v for n, v in page.callback.items() if not n.startswith("dummy")}
        if self.manner.is_signed:
            assert set(answer) == {"response"}
            header = jwt.get_unverified_header(answer["response"])
            assert header["alg"] in {"PS256", "ES256", "EdDSA"}
            answer = self.verified(answer["response"], self.client_id)
            assert answer["exp"] <= time.time() + 600  # type: ignore[operator]
        assert answer.get("state") == asked.get("state")
        assert answer["iss"] == self.issuer
        return answer

    def verified(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of a JWT of the provider's."""
        header = jwt.get_unverified_header(token)
        assert header["alg"] in {"PS256", "ES256", "EdDSA"}
        [key] = [
            one for one in requests.get(f"{self.issuer}/jwks", timeout=30).json()["keys"] if one["kid"] == header["kid"]
        ]
        public = jwt.PyJWK(key, algorithm=header["alg"]).key
        claims: dict[str, Any] = jwt.decode(
            token, public, [header["alg"]], audience=audience, issuer=self.issuer, options={"require": ["exp"]}
        )
        return claims

    def signed_in(self, asked: Mapping[str, Any], url: str) -> Mapping[str, str]:
        """Send the browser off; the person agrees to everything."""
        return self.arrived(self.browser.walk(url, self.person), asked)

    def code(self, **changes: Any) -> str:
        """Push, sign in, return the code."""
        asked = self.request(**changes)
        return self.signed_in(asked, self.address(self.push(asked)))["code"]

    def token(self, form: Mapping[str, str], *, bound: bool = True, **options: Any) -> requests.Response:
        """Ask the token endpoint; ``bound`` false leaves out what binds the tokens."""
        headers = self.shown()
        if self.manner.bound_by == "dpop" and bound:
            headers["DPoP"] = options.get("dpop") or self.proof(f"{self.issuer}/token")
        elif not bound and self.manner.bound_by == "mtls":
            headers = {}
        data = options.get("proven") or self.proven(form, options.get("assertion"))
        return requests.post(f"{self.issuer}/token", data=data, headers=headers, timeout=30)

    def redemption(self, code: str, **changes: Any) -> dict[str, str]:
        """Return the form that redeems a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return {name: value for name, value in {**form, **changes}.items() if value is not LEFT_OUT}

    def redeemed(self, code: str) -> dict[str, Any]:
        """Redeem a code and check the answer."""
        return self.checked(self.token(self.redemption(code)))

    def checked(self, answer: requests.Response) -> dict[str, Any]:
        """Check a token answer and its ID token."""
        assert answer.status_code == requests.codes.ok, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        body: dict[str, Any] = answer.json()
        assert body["token_type"] == ("DPoP" if self.manner.bound_by == "dpop" else "Bearer")
        assert body["expires_in"] > 0
        body["claims"] = self.verified(body["id_token"], self.client_id)
        return body

    def resource(self, token: str, scheme: str = "", **options: Any) -> requests.Response:
        """Call userinfo; ``dpop`` replaces the proof, "" leaves it out."""
        url = f"{self.issuer}/userinfo"
        headers = {**self.shown(), **options.get("headers", {})}
        if self.manner.bound_by == "dpop":
            dpop = options.get("dpop", self.proof(url, "GET", token=token))
            headers |= {"DPoP": dpop} if dpop else {}
        kind = scheme or ("DPoP" if self.manner.bound_by == "dpop" else "Bearer")
        return requests.get(url, headers={**headers, "Authorization": f"{kind} {token}"}, timeout=30)


def error(answer: requests.Response) -> str:
    """Return the error of an answer that has one, by the book (RFC 6749 section 5.2)."""
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert answer.status_code in (400, 401), answer.status_code
    assert answer.status_code == requests.codes.bad_request or body["error"] in {"invalid_client", "invalid_token"}
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in body.get("error_description", ""))
    return str(body["error"])
