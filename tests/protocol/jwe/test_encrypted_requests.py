"""Request objects that are encrypted to us, and authorization responses that are encrypted to the client."""

from __future__ import annotations

import pytest

from clients.errors import RegistrationRefused
from tests.support.client_keys import key_set, new_key
from tests.support.encryption_party import EC, opened, sealed
from tests.support.encryption_party import key_set as encryption_keys
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import Visitor, asked

KEY = new_key()


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    return world.add_client(jwks=key_set(KEY))


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    return Visitor(world, world.add_person(13))


def request_object(world: TokenWorld, of: Registered, **changes: object) -> bytes:
    now = world.clock.now()
    claims = {**asked(of), "iss": of.client.client_id, "aud": ISSUER, "exp": now + 300, "nbf": now, "state": "inside"}
    return KEY.sign({**claims, **changes}, typ="oauth-authz-req+jwt").encode()


@pytest.mark.spec("RFC 9101", "6.1")
@pytest.mark.parametrize("alg", ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW"])
def test_signed_then_encrypted_object_is_the_request(
    world: TokenWorld, portal: Registered, citizen: Visitor, alg: str
) -> None:
    token = sealed(world.get("/jwks").json, request_object(world, portal), alg, cty="JWT")
    landing = citizen.allowed({"client_id": portal.client.client_id, "request": token})
    assert landing.arrived()["state"] == "inside"


@pytest.mark.spec("RFC 9101", "6.1")
def test_encryption_is_no_signature(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    unsigned = b"eyJhbGciOiJub25lIn0." + request_object(world, portal).split(b".")[1] + b"."
    for inner in (unsigned, b"{}"):
        token = sealed(world.get("/jwks").json, inner, "ECDH-ES", cty="JWT")
        page = citizen.allowed({"client_id": portal.client.client_id, "request": token})
        assert (page.error, page.callback) == ("invalid_request_object", None)


def test_discovery_lists_what_opens(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    algs = document["request_object_encryption_alg_values_supported"]
    published = {key["alg"] for key in world.get("/jwks").json["keys"] if key["use"] == "enc"}
    assert set(algs) == published
    assert "A256GCM" in document["request_object_encryption_enc_values_supported"]


@pytest.mark.spec("JARM", "2.2")
def test_authorization_response_is_nested_in_a_jwe_where_that_was_registered(
    world: TokenWorld, citizen: Visitor
) -> None:
    portal = world.add_client(jwks=encryption_keys(EC), authorization_encrypted_response_alg="ECDH-ES")
    landing = citizen.allowed(asked(portal, response_mode="query.jwt"))
    header, inner = opened(landing.arrived()["response"])
    assert header["cty"] == "JWT"
    assert world.verified(inner.decode())["aud"] == portal.client.client_id


@pytest.fixture
def secretive(world: TokenWorld) -> Registered:
    """Return a system that registered how its request objects are encrypted."""
    return world.add_client(jwks=key_set(KEY), request_object_encryption_alg="ECDH-ES")


@pytest.mark.spec("OIDC Registration", "2")
def test_encryption_that_was_registered_is_what_passes(
    world: TokenWorld, secretive: Registered, citizen: Visitor
) -> None:
    assert secretive.client.request_object_encryption_enc == "A128CBC-HS256"
    claims = request_object(world, secretive)
    token = sealed(world.get("/jwks").json, claims, "ECDH-ES", "A128CBC-HS256", cty="JWT")
    landing = citizen.allowed({"client_id": secretive.client.client_id, "request": token})
    assert landing.arrived()["state"] == "inside"


@pytest.mark.spec("OIDC Core", "6.3.1")
@pytest.mark.spec("OIDC Registration", "2")
@pytest.mark.parametrize(
    "encryption", [(), ("ECDH-ES+A256KW", "A128CBC-HS256"), ("RSA-OAEP-256", "A128CBC-HS256"), ("ECDH-ES", "A128GCM")]
)
def test_object_in_clear_or_encrypted_otherwise_is_refused(
    world: TokenWorld, secretive: Registered, citizen: Visitor, encryption: tuple[str, ...]
) -> None:
    claims = request_object(world, secretive)
    token = sealed(world.get("/jwks").json, claims, *encryption, cty="JWT") if encryption else claims.decode()
    page = citizen.allowed({"client_id": secretive.client.client_id, "request": token})
    assert (page.error, page.callback) == ("invalid_request_object", None)
    pushed = world.post("/par", {"client_id": secretive.client.client_id, "request": token}, secretive.basic)
    assert (pushed.status, pushed.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("OIDC Registration", "2")
def test_content_encryption_alone_is_no_registration(world: TokenWorld) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        world.add_client(request_object_encryption_enc="A256GCM")
    assert [(one.field, one.reason) for one in refused.value.errors] == [
        ("request_object_encryption_enc", "inconsistent")
    ]
