"""Introspection answers as signed JWTs."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

TYPE = "application/token-introspection+jwt"


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a client whose answers are signed with ES256."""
    return world.add_client(introspection_signed_response_alg="ES256")


def ask(world: TokenWorld, of: Registered, token: str, accept: str = TYPE) -> Answer:
    """Introspect with an ``Accept`` header."""
    return world.post("/introspect", {"token": token}, of.basic, HTTP_ACCEPT=accept)


@pytest.mark.spec("RFC 9701", "4")
@pytest.mark.spec("RFC 9701", "5")
def test_whoever_asks_for_a_jwt_gets_one(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    answer = ask(world, portal, tokens["access_token"])
    assert (answer.status, answer.headers["content-type"]) == (200, TYPE)
    claims = world.verified(answer.body.decode(), "token-introspection+jwt", "iat")
    assert (claims["iss"], claims["aud"], claims["iat"]) == (ISSUER, portal.client.client_id, world.clock.now())
    assert claims["token_introspection"]["active"] is True
    assert not {"sub", "exp", "scope"} & claims.keys()


@pytest.mark.spec("RFC 9701", "5")
def test_a_dead_token_is_inactive_in_a_jwt_too(world: TokenWorld, portal: Registered) -> None:
    claims = world.verified(ask(world, portal, "x").body.decode(), "token-introspection+jwt", "iat")
    assert claims["token_introspection"] == {"active": False}


@pytest.mark.spec("RFC 9701", "4")
@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/token-introspection+jwtx"])
def test_whoever_does_not_gets_json(world: TokenWorld, portal: Registered, accept: str) -> None:
    assert ask(world, portal, "x", accept).json == {"active": False}


@pytest.mark.spec("RFC 9701", "8.1")
def test_an_introspection_answer_is_no_access_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    answer = ask(world, portal, world.tokens(portal, session)["access_token"])
    assert world.userinfo(answer.body.decode()).status == 401
    assert world.introspect(portal, answer.body.decode()).json == {"active": False}


@pytest.mark.spec("RFC 9701", "7")
def test_discovery_names_the_algorithms(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert "ES256" in document["introspection_signing_alg_values_supported"]
