"""Introspection answered by a signed JWT, and by an encrypted one where that was registered."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.encryption_party import header_of, key_set, opened
from tests.support.token_world import EVERY_SCOPE, ISSUER, Answer, Registered, TokenWorld

JWT = "application/token-introspection+jwt"


def signed(world: TokenWorld, of: Registered, token: str, accept: str = JWT) -> Answer:
    return world.post("/introspect", {"token": token}, of.basic, HTTP_ACCEPT=accept)


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.5.1")
@pytest.mark.spec("RFC 9701", "5")
def test_answer_is_signed_for_the_asker_with_the_status_in_a_claim_of_its_own(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["access_token"]
    answer = signed(world, portal, token)
    assert (answer.status, answer.headers["content-type"]) == (200, JWT)
    assert answer.headers["cache-control"] == "no-store"
    claims = world.verified(answer.body.decode(), "token-introspection+jwt", "iat")
    assert (claims["iss"], claims["aud"], claims["iat"]) == (ISSUER, portal.client.client_id, world.clock.now())
    assert claims["token_introspection"] == world.introspect(portal, token).json
    assert claims["token_introspection"]["active"] is True


@pytest.mark.spec("RFC 9701", "5")
@pytest.mark.spec("RFC 9701", "8.1")
def test_answer_cannot_be_taken_for_an_access_or_id_token(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    answer = signed(world, portal, world.tokens(portal, session)["access_token"]).body.decode()
    claims = world.verified(answer, "token-introspection+jwt", "iat")
    assert {"sub", "exp", "scope", "client_id", "jti"}.isdisjoint(claims)
    assert world.userinfo(answer).status == 401
    assert world.introspect(portal, answer).json == {"active": False}


@pytest.mark.spec("RFC 9701", "5")
def test_inactive_token_says_nothing_more_in_a_jwt_either(world: TokenWorld, portal: Registered) -> None:
    claims = world.verified(signed(world, portal, "x").body.decode(), "token-introspection+jwt", "iat")
    assert claims["token_introspection"] == {"active": False}


@pytest.mark.spec("RFC 9701", "3")
@pytest.mark.spec("RFC 9701", "5")
def test_token_that_is_not_for_the_asker_is_inactive_in_a_jwt_too(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    other, tokens = world.add_client(), world.tokens(portal, session)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        claims = world.verified(signed(world, other, token).body.decode(), "token-introspection+jwt", "iat")
        assert (claims["aud"], claims["token_introspection"]) == (other.client.client_id, {"active": False})


@pytest.mark.spec("RFC 9701", "9")
def test_answer_tells_what_was_agreed_to_and_of_the_person_the_subject_alone(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session, EVERY_SCOPE)["access_token"]
    claims = world.verified(signed(world, portal, token).body.decode(), "token-introspection+jwt", "iat")
    said = claims["token_introspection"]
    assert (said["active"], said["scope"]) == (True, EVERY_SCOPE)
    of_the_token = {"active", "token_type", "iss", "aud", "client_id", "sub", "scope", "iat", "exp", "jti"}
    assert said.keys() <= of_the_token | {"auth_time", "acr", "amr"}
    assert said["sub"] == world.wiring.subjects.subject(session.account_id, portal.client)


@pytest.mark.spec("RFC 9701", "3")
def test_credential_of_a_resource_opens_no_grant_that_it_did_not_register(world: TokenWorld) -> None:
    resource = world.add_client(
        grant_types=["authorization_code"], resource_identifiers=["https://land.example.vn/api"]
    )
    assert signed(world, resource, "x").status == 200
    refused = world.own_token(resource)
    assert (refused.status, refused.json["error"]) == (400, "unauthorized_client")


@pytest.mark.spec("RFC 9701", "4")
@pytest.mark.parametrize("accept", ["", "application/json", "*/*", "application/token-introspection+jwtx", "text/html"])
def test_whoever_does_not_ask_for_a_jwt_gets_json(world: TokenWorld, portal: Registered, accept: str) -> None:
    assert signed(world, portal, "x", accept).json == {"active": False}


def test_jwt_is_found_in_a_list_of_accepted_types(world: TokenWorld, portal: Registered) -> None:
    answer = signed(world, portal, "x", f"application/json;q=0.5, {JWT.upper()};q=1".replace(JWT.upper(), JWT))
    assert answer.headers["content-type"] == JWT


@pytest.mark.spec("RFC 9701", "6")
def test_algorithm_is_what_the_client_registered_and_rs256_where_it_said_nothing(
    world: TokenWorld, portal: Registered
) -> None:
    other = world.add_client(introspection_signed_response_alg="ES256")
    assert [header_of(signed(world, of, "x").body.decode())["alg"] for of in (portal, other)] == ["RS256", "ES256"]


@pytest.mark.spec("RFC 9701", "5")
@pytest.mark.spec("RFC 9701", "6")
def test_answer_is_nested_in_a_jwe_where_that_was_registered(world: TokenWorld, session: Session) -> None:
    portal = world.add_client(
        jwks=key_set(),
        introspection_encrypted_response_alg="ECDH-ES+A128KW",
        introspection_encrypted_response_enc="A256GCM",
    )
    header, inner = opened(signed(world, portal, "x").body.decode())
    assert (header["alg"], header["enc"], header["cty"]) == ("ECDH-ES+A128KW", "A256GCM", "JWT")
    assert world.verified(inner.decode(), "token-introspection+jwt", "iat")["aud"] == portal.client.client_id


@pytest.mark.spec("RFC 9701", "3")
@pytest.mark.spec("RFC 9701", "8.2")
@pytest.mark.spec("RFC 9701", "5")
@pytest.mark.spec("RFC 9701", "4")
def test_stranger_is_refused_whatever_he_accepts(world: TokenWorld) -> None:
    answer = world.post("/introspect", {"token": "x"}, HTTP_ACCEPT=JWT)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.spec("RFC 9701", "7")
def test_discovery_lists_the_algorithms(world: TokenWorld) -> None:
    document = world.get("/.well-known/oauth-authorization-server").json
    assert set(document["introspection_signing_alg_values_supported"]) == {"ES256", "RS256"}
