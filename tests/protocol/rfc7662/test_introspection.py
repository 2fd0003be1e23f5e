"""Token introspection: for confidential clients, about their own tokens."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from tests.support.token_world import ISSUER, Registered, TokenWorld


@pytest.mark.spec("RFC 9470", "6.2")
@pytest.mark.spec("RFC 7662", "2.2")
def test_live_access_token_is_described(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    answer = world.introspect(portal, token)
    said, shown = world.verified(token, "at+jwt"), answer.json
    assert answer.headers["cache-control"] == "no-store"
    assert (shown["active"], shown["token_type"], shown["iss"]) == (True, "Bearer", ISSUER)
    for name in ("sub", "client_id", "scope", "exp", "iat", "jti", "aud", "acr", "auth_time"):
        assert shown[name] == said[name]
    assert "gid" not in shown


@pytest.mark.spec("RFC 7662", "2.2")
def test_live_refresh_token_is_described_and_a_rotated_one_is_not(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    token = world.tokens(portal, session)["refresh_token"]
    shown = world.introspect(portal, token).json
    assert (shown["active"], shown["scope"], shown["client_id"]) == (True, "openid email", portal.client.client_id)
    successor = world.refresh(portal, token).json["refresh_token"]
    assert world.introspect(portal, token).json == {"active": False}
    assert world.introspect(portal, successor).json["active"] is True


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize("token", ["x", "rt_x", "a.b.c", "rt_" + "A" * 83, "A" * 9000, "eyJhbGciOiJub25lIn0.e30."])
def test_anything_else_is_inactive_without_a_reason(world: TokenWorld, portal: Registered, token: str) -> None:
    answer = world.introspect(portal, token)
    assert (answer.status, answer.json) == (200, {"active": False})


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.spec("RFC 7662", "4")
def test_token_of_another_client_is_inactive(world: TokenWorld, portal: Registered, session: Session) -> None:
    other, tokens = world.add_client(), world.tokens(portal, session)
    assert world.introspect(other, tokens["access_token"]).json == {"active": False}
    assert world.introspect(other, tokens["refresh_token"]).json == {"active": False}


def test_id_token_is_no_access_token(world: TokenWorld, portal: Registered, session: Session) -> None:
    assert world.introspect(portal, world.tokens(portal, session)["id_token"]).json == {"active": False}


@pytest.mark.spec("RFC 9701", "8.2")
@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 7662", "2.1")
def test_asker_has_to_prove_who_he_is(world: TokenWorld, portal: Registered) -> None:
    app = world.add_public()
    assert world.post("/introspect", {"token": "x"}).status == 401
    assert world.post("/introspect", {"token": "x", "client_id": app.client.client_id}).status == 401
    assert world.post("/introspect", {}, portal.basic).json["error"] == "invalid_request"
    assert world.get("/introspect", portal.basic).json["error"] == "invalid_request"
    assert [row["outcome"] for row in world.events("token:introspect")] == ["refused"] * 4


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("RFC 7662", "4")
def test_expired_token_is_inactive(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    world.clock.advance(600)
    assert world.introspect(portal, tokens["access_token"]).json == {"active": False}


@pytest.mark.spec("RFC 7662", "4")
def test_token_of_a_key_revoked_elsewhere_is_inactive_at_once(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    tokens, own = world.tokens(portal, session), world.own_token(portal).json
    assert world.introspect(portal, tokens["access_token"]).json["active"] is True
    kid = world.wiring.ring.current.signer().kid
    world.another().wiring.key_service.revoke(kid, world.clock.now())
    assert world.introspect(portal, tokens["access_token"]).json == {"active": False}
    assert world.introspect(portal, own["access_token"]).json == {"active": False}
    assert world.introspect(portal, world.own_token(portal).json["access_token"]).json["active"] is True


def test_suspended_asker_is_refused_at_once(world: TokenWorld, portal: Registered, session: Session) -> None:
    token = world.tokens(portal, session)["access_token"]
    world.another().wiring.clients.set_state(portal.client.client_id, "suspended")
    assert world.introspect(portal, token).status == 401
