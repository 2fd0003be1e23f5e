"""A resource server that knows the JWKS address and nothing else, on PyJWT."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.support.browser import Browser, Person
from tests.support.provider import Provider
from tests.support.relying_party import RelyingParty, Tokens


@pytest.fixture
def party(provider: Provider, settings: dict[str, Any]) -> RelyingParty:
    client = {**settings, "redirect_uris": [settings["redirect_uri"]], "id_token_signed_response_alg": "ES256"}
    return RelyingParty.of(provider.issuer, client, post_logout_redirect_uri=settings["post_logout_redirect_uri"])


@pytest.fixture
def tokens(party: RelyingParty, browser: Browser, citizen: Person) -> Tokens:
    return party.sign_in(browser, citizen, "openid profile offline_access", prompt="consent", max_age=300)


def _verified(party: RelyingParty, token: str, audience: str) -> dict[str, Any]:
    key = jwt.PyJWKClient(str(party.metadata["jwks_uri"])).get_signing_key_from_jwt(token)
    required = ["exp", "iat", "iss", "aud", "sub"]
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["ES256"], issuer=party.issuer, audience=audience, options={"require": required}
    )
    return claims


def test_access_token_verifies_with_the_jwks_alone(party: RelyingParty, tokens: Tokens) -> None:
    claims = _verified(party, tokens.access_token, party.issuer)

    assert claims["client_id"] == party.client_id
    assert "openid" in claims["scope"].split()
    assert jwt.get_unverified_header(tokens.access_token)["typ"] == "at+jwt"


def test_id_token_verifies_with_the_jwks_alone(party: RelyingParty, tokens: Tokens) -> None:
    claims = _verified(party, str(tokens.id_token), party.client_id)

    assert tokens.claims is not None
    assert claims["sub"] == tokens.claims["sub"]


def test_altered_access_token_does_not_verify(party: RelyingParty, tokens: Tokens) -> None:
    head, body, signature = tokens.access_token.split(".")
    altered = ".".join((head, body, signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]))

    with pytest.raises(jwt.InvalidSignatureError):
        _verified(party, altered, party.issuer)


def test_strict_relying_party_finds_nothing_to_object_to(
    party: RelyingParty, tokens: Tokens, browser: Browser, citizen: Person
) -> None:
    assert party.userinfo(tokens)["name"] == "Công dân mẫu 01"
    refreshed = party.refresh(tokens)
    assert party.introspect(refreshed.access_token)["active"] is True
    assert party.verify_access_token(refreshed.access_token, party.issuer)["client_id"] == party.client_id
    party.client_credentials()
    again = party.sign_in(browser, citizen)
    assert browser.open(party.end_session_url(again, "s")).callback == {"state": "s"}
    party.revoke(str(refreshed.refresh_token))
    assert party.introspect(refreshed.access_token) == {"active": False}
