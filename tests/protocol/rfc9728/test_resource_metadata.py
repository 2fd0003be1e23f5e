"""Our own protected resources describe themselves, and their challenges say where."""

from __future__ import annotations

import pytest

from idp.protocol.protected_resources import RESOURCES, WELL_KNOWN, ProtectedResource, metadata_url
from tests.support.token_world import ISSUER, TokenWorld


@pytest.mark.spec("RFC 9728", "3.1")
@pytest.mark.spec("RFC 9728", "3.3")
@pytest.mark.spec("RFC 9728", "2")
@pytest.mark.spec("RFC 9728", "3.2")
@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.path)
def test_resource_describes_itself(world: TokenWorld, resource: ProtectedResource) -> None:
    path = resource.path
    answer = world.get(WELL_KNOWN + path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["access-control-allow-origin"] == "*"
    document = answer.json
    assert document["resource"] == ISSUER + path
    assert document["authorization_servers"] == [ISSUER]
    assert document["jwks_uri"] == f"{ISSUER}/jwks"
    assert document["resource_signing_alg_values_supported"]
    assert "none" not in document["resource_signing_alg_values_supported"]
    assert document["bearer_methods_supported"] == list(resource.methods)
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert document["dpop_bound_access_tokens_required"] is False
    assert document["tls_client_certificate_bound_access_tokens"] is False
    assert {"resource_name", "resource_name#vi", "resource_name#en"} <= document.keys()
    assert None not in document.values()
    assert [] not in document.values()
    assert world.post(WELL_KNOWN + path, {}).status == 405


@pytest.mark.spec("RFC 9728", "3.1")
def test_address_has_the_well_known_part_between_host_and_path() -> None:
    assert metadata_url("https://a.vn", "/userinfo") == f"https://a.vn{WELL_KNOWN}/userinfo"
    assert metadata_url("https://a.vn/idp", "/userinfo") == f"https://a.vn{WELL_KNOWN}/idp/userinfo"


@pytest.mark.spec("RFC 9728", "3.3")
@pytest.mark.spec("RFC 9728", "5.1")
@pytest.mark.parametrize("header", ["", "Bearer x", "DPoP x"])
def test_challenge_names_the_metadata(world: TokenWorld, header: str) -> None:
    answer = world.get("/userinfo", header)
    assert answer.status == 401
    address = f"{ISSUER}{WELL_KNOWN}/userinfo"
    assert f'resource_metadata="{address}"' in answer.headers["www-authenticate"]
    assert world.get(address.removeprefix(ISSUER)).json["resource"] == f"{ISSUER}/userinfo"


@pytest.mark.spec("RFC 9728", "4")
def test_discovery_lists_the_resources(world: TokenWorld) -> None:
    document = world.get("/.well-known/oauth-authorization-server").json
    assert document["protected_resources"] == [ISSUER + one.path for one in RESOURCES]
