"""Units of work, one generator each: what is sent, and what a correct answer looks like.

Every answer is checked for status and shape, and what can be compared is compared (state, issuer, nonce, subject), so
that a server cannot be fast by being wrong. Signatures are checked by the tests, not here.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Generator
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import orjson

from bench.load.wire import Answer, BadAnswerError, basic, get, post_form

Flow = Generator[bytes, Answer, Any]

SIGN_IN_SCOPE: Final = "openid profile email"
_CSRF: Final = re.compile(rb'name="csrf_token" value="([^"]+)"')
_MAX_HOPS: Final = 12


@dataclass(frozen=True, slots=True)
class Party:
    """The client as the flows need it: the provider's endpoints, its own credentials, parameters to add."""

    issuer: str
    endpoints: dict[str, str]
    client_id: str
    client_secret: str
    redirect_uri: str
    authorize_extra: dict[str, str] = field(default_factory=dict)
    credentials_extra: dict[str, str] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Return an endpoint by its name in discovery."""
        return self.endpoints[name]

    @property
    def authorization(self) -> str:
        """Return the Authorization header of client_secret_basic."""
        return basic(self.client_id, self.client_secret)

    def authorize_url(self, *, verifier: str, state: str, nonce: str, **extra: str) -> str:
        """Return an authorization URL with PKCE S256."""
        digest = sha256(verifier.encode()).digest()
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": SIGN_IN_SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **self.authorize_extra,
            **extra,
        }
        return f"{self.url('authorization_endpoint')}?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code with what its redemption needs."""

    value: str
    verifier: str
    nonce: str


def read_document(url: str, member: str) -> Flow:
    """Fetch a public document and look for one member."""
    answer = yield get(url)
    if member not in answer.must_be(200).json():
        message = f"no {member}"
        raise BadAnswerError(message)


def client_credentials(party: Party) -> Flow:
    """Get a token for the client itself."""
    fields = {"grant_type": "client_credentials", **party.credentials_extra}
    answer = yield post_form(party.url("token_endpoint"), fields, authorization=party.authorization)
    _token_answer(answer)


def authorize(party: Party, cookie: str) -> Flow:
    """Ask for a code with a live session; return the `Code`."""
    verifier, state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    url = party.authorize_url(verifier=verifier, state=state, nonce=nonce)
    answer = yield get(url, cookie=cookie)
    if answer.status not in {302, 303}:
        answer.must_be(303)
    return _code(party, answer.header("location") or "", verifier, state, nonce)


def _code(party: Party, location: str, verifier: str, state: str, nonce: str) -> Code:
    if not location.startswith(party.redirect_uri):
        message = f"sent to {location[:200]}, not to the client"
        raise BadAnswerError(message)
    got = parse_qs(urlsplit(location).query)
    if got.get("state") != [state] or got.get("iss") != [party.issuer] or len(got.get("code", [])) != 1:
        message = f"wrong parameters in {location[:200]}"
        raise BadAnswerError(message)
    return Code(got["code"][0], verifier, nonce)


def exchange(party: Party, code: Code) -> Flow:
    """Redeem a code; return the token answer with the ID token's claims as `id_claims`."""
    fields = {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": party.redirect_uri,
        "code_verifier": code.verifier,
    }
    answer = yield post_form(party.url("token_endpoint"), fields, authorization=party.authorization)
    tokens = _token_answer(answer)
    claims = _claims(str(tokens.get("id_token", "")))
    if claims.get("nonce") != code.nonce or claims.get("iss") != party.issuer or "sub" not in claims:
        message = f"wrong ID token claims {claims}"
        raise BadAnswerError(message)
    tokens["id_claims"] = claims
    return tokens


def refresh(party: Party, token: str) -> Flow:
    """Rotate a refresh token; return the next one, which must be a different one."""
    fields = {"grant_type": "refresh_token", "refresh_token": token}
    answer = yield post_form(party.url("token_endpoint"), fields, authorization=party.authorization)
    successor = _token_answer(answer).get("refresh_token")
    if not isinstance(successor, str) or successor == token:
        message = "the refresh token was not rotated"
        raise BadAnswerError(message)
    return successor


def userinfo(party: Party, access_token: str, subject: str) -> Flow:
    """Read the claims of a person."""
    answer = yield get(party.url("userinfo_endpoint"), authorization=f"Bearer {access_token}")
    claims = answer.must_be(200).json()
    if claims.get("sub") != subject or "name" not in claims:
        message = f"wrong userinfo {claims}"
        raise BadAnswerError(message)


def introspect(party: Party, access_token: str) -> Flow:
    """Ask whether a token is active; it must be."""
    fields = {"token": access_token}
    answer = yield post_form(party.url("introspection_endpoint"), fields, authorization=party.authorization)
    if answer.must_be(200).json().get("active") is not True:
        message = "a live token is not active"
        raise BadAnswerError(message)


def sign_in(party: Party, cookie: str) -> Flow:
    """Sign in completely with a live session: authorize, token, userinfo."""
    code = yield from authorize(party, cookie)
    tokens = yield from exchange(party, code)
    yield from userinfo(party, str(tokens["access_token"]), str(tokens["id_claims"]["sub"]))


def password_sign_in(party: Party, code: str, password: str) -> Flow:
    """Sign in as a browser without a session does: the page, the form, back with a code."""
    verifier, state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    url = party.authorize_url(verifier=verifier, state=state, nonce=nonce)
    cookies: dict[str, str] = {}
    has_posted = False
    request = get(url)
    for _ in range(_MAX_HOPS):
        answer = yield request
        cookies |= _set_cookies(answer.head)
        if answer.status in {302, 303}:
            url = urljoin(url, answer.header("location") or "")
            if url.startswith(party.redirect_uri):
                _code(party, url, verifier, state, nonce)
                return
            request = get(url, cookie=_cookie(cookies))
            continue
        found = _CSRF.search(answer.must_be(200).body)
        if b'id="login-form"' not in answer.body or found is None or has_posted:
            message = f"no sign-in form where one was expected: {answer.body[:200]!r}"
            raise BadAnswerError(message)
        has_posted = True
        fields = {"csrf_token": unescape(found[1].decode()), "identity_code": code, "password": password}
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        request = post_form(url, fields, cookie=_cookie(cookies), origin=origin)
    message = "too many redirects"
    raise BadAnswerError(message)


def _set_cookies(head: bytes) -> dict[str, str]:
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"set-cookie":
            key, _, content = value.strip().partition(b";")[0].decode("latin-1").partition("=")
            found[key] = content
    return found


def _cookie(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _token_answer(answer: Answer) -> dict[str, Any]:
    tokens = answer.must_be(200).json()
    cache = (answer.header("cache-control") or "").lower()
    if (
        not isinstance(tokens.get("access_token"), str)
        or tokens.get("token_type") != "Bearer"
        or "no-store" not in cache
    ):
        message = f"not a token answer: {list(tokens)} with Cache-Control {cache!r}"
        raise BadAnswerError(message)
    return tokens


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        message = "no ID token"
        raise BadAnswerError(message)
    claims: dict[str, Any] = orjson.loads(urlsafe_b64decode(parts[1] + "=="))
    return claims
