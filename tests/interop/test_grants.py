"""The device grant, CIBA and token exchange with client libraries that nobody here wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.node_party import run
from tests.support.browser import Browser, Person
from tests.support.provider import Provider

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DESK, LAND = "https://desk.example.vn/api", "https://land.example.vn/api"


@pytest.fixture(scope="module")
def parties(provider: Provider) -> dict[str, Any]:
    """Register a device, a counter, and three systems in a row."""

    def added(**metadata: Any) -> dict[str, Any]:
        shared = {"redirect_uris": [], "scope": "openid profile email"}
        client = provider.add_client(**{**shared, **metadata})
        return {name: client.get(name) for name in ("client_id", "client_secret")}

    kiosk: dict[str, Any] = {"grant_types": [DEVICE]}
    portal = added(**kiosk, allowed_resources=[DESK])
    rules = {LAND: {"subjects": [portal["client_id"]], "scope": "openid profile"}}
    desk = added(grant_types=[EXCHANGE], resource_identifiers=[DESK], allowed_resources=[LAND], token_exchange=rules)
    return {
        "device": added(**kiosk, token_endpoint_auth_method="none"),
        "counter": added(grant_types=[CIBA], backchannel_token_delivery_mode="poll"),
        "portal": portal,
        "desk": {**desk, "resource": DESK},
        "land": {**added(grant_types=["client_credentials"], resource_identifiers=[LAND]), "resource": LAND},
    }


@pytest.mark.spec("RFC 8628", "3.4")
@pytest.mark.spec("CIBA Core", "10.1")
@pytest.mark.spec("RFC 8693", "2.2.1")
@pytest.mark.parametrize("script", ["grants_openid_client.mjs", "grants_oauth4webapi.mjs"])
def test_a_device_a_counter_and_a_chain_of_systems_get_their_tokens(
    provider: Provider, parties: dict[str, Any], browser: Browser, citizen: Person, script: str
) -> None:
    settings = {"issuer": provider.issuer, "scope": "openid profile", "code": citizen.code, **parties}
    result = run(script, settings, browser, citizen)
    assert result.get("early", "authorization_pending") == "authorization_pending"
    assert result["device"]["aud"] == parties["device"]["client_id"]
    assert result["counter"]["aud"] == parties["counter"]["client_id"]
    assert result["device"]["sub"] != result["counter"]["sub"]
    assert result["seen"]["active"] is True
    assert result["seen"]["aud"] == LAND
    assert result["seen"]["act"] == {"sub": parties["desk"]["client_id"]}
