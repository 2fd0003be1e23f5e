"""npm openid-client and oauth4webapi complete a FAPI 2.0 Message Signing sign-in: private_key_jwt, JAR in PAR, JARM, DPoP."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from keys import base64url
from tests.interop.node_party import run
from tests.support.browser import Browser, Person
from tests.support.client_keys import new_key
from tests.support.provider import Provider

CALLBACK = "https://bank.example.vn/callback"


@pytest.fixture
def bank(provider: Provider) -> dict[str, Any]:
    """Return what the bank's operator types into its configuration."""
    key = new_key("k1")
    assert isinstance(key.private, EllipticCurvePrivateKey)
    secret = key.private.private_numbers().private_value.to_bytes(32, "big")
    client = provider.add_client(
        redirect_uris=[CALLBACK],
        profile="fapi2-message-signing",
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.jwk]},
    )
    return {
        "issuer": provider.issuer,
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "private_jwk": {**key.bare, "kid": "k1", "d": base64url.encode_text(secret)},
    }


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_openid_client_signs_in_by_the_whole_profile(bank: dict[str, Any], citizen: Person) -> None:
    result = run("openid_client_fapi.mjs", bank, Browser(CALLBACK), citizen)
    assert result["parameters"] == ["client_id", "request_uri"]
    assert result["arrived"] == ["response"]
    assert result["token_type"] == "dpop"
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
    assert result["rotated"] is False
    assert result["introspected"]["active"] is True
    assert "jkt" in result["introspected"]["cnf"]


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_oauth4webapi_signs_in_by_the_whole_profile(bank: dict[str, Any], citizen: Person) -> None:
    result = run("oauth4webapi_fapi.mjs", bank, Browser(CALLBACK), citizen)
    assert (result["token_type"], result["expires_in"]) == ("dpop", 60)
    assert result["userinfo"]["sub"] == result["claims"]["sub"]
