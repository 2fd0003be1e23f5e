"""Token revocation: one's own tokens only, the family with its refresh token, and never a 200 for what was not done."""

from __future__ import annotations

import pytest

from idp.errors import StorageUnavailable
from idp.model.session import Session
from idp.storage.tables import grants
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld


@pytest.mark.spec("RFC 7009", "2.1")
def test_refresh_token_takes_its_family_with_it(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session, "openid offline_access")
    answer = world.revoke(portal, tokens["refresh_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert world.refresh(portal, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert world.userinfo(tokens["access_token"]).status == 401
    assert stored(world.database, grants)[0]["revoke_reason"] == "client"
    assert len(world.events("token:revoke", outcome="done")) == 1
    assert world.events("token:replay") == []


def test_rotated_refresh_token_revokes_too(world: TokenWorld, portal: Registered, session: Session) -> None:
    first = world.tokens(portal, session)["refresh_token"]
    second = world.refresh(portal, first).json
    assert world.revoke(portal, first).status == 200
    assert world.userinfo(second["access_token"]).status == 401


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 7009", "2.1")
def test_access_token_is_revoked_alone(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    assert world.revoke(portal, tokens["access_token"]).status == 200
    assert world.userinfo(tokens["access_token"]).status == 401
    assert world.introspect(portal, tokens["access_token"]).json == {"active": False}
    renewed = world.refresh(portal, tokens["refresh_token"]).json
    assert world.userinfo(renewed["access_token"]).status == 200


def test_own_token_of_a_client_can_be_revoked(world: TokenWorld, portal: Registered) -> None:
    token = world.own_token(portal).json["access_token"]
    assert world.introspect(portal, token).json["active"] is True
    assert world.revoke(portal, token).status == 200
    assert world.introspect(portal, token).json == {"active": False}


@pytest.mark.spec("RFC 7009", "2.2")
@pytest.mark.parametrize("token", ["x", "rt_x", "rt_" + "A" * 83, "a.b.c", "A" * 9000, "ü"])
def test_unknown_token_is_a_success(world: TokenWorld, portal: Registered, token: str) -> None:
    assert world.revoke(portal, token).status == 200


def test_revoking_twice_is_a_success(world: TokenWorld, portal: Registered, session: Session) -> None:
    tokens = world.tokens(portal, session)
    for token in (tokens["access_token"], tokens["access_token"], tokens["refresh_token"], tokens["refresh_token"]):
        assert world.revoke(portal, token).status == 200


@pytest.mark.spec("RFC 7009", "2.1")
def test_foreign_token_stays_alive(world: TokenWorld, portal: Registered, session: Session) -> None:
    other, tokens = world.add_client(), world.tokens(portal, session)
    assert world.revoke(other, tokens["access_token"]).status == 200
    assert world.revoke(other, tokens["refresh_token"]).status == 200
    assert world.userinfo(tokens["access_token"]).status == 200
    assert world.refresh(portal, tokens["refresh_token"]).status == 200


@pytest.mark.spec("RFC 7009", "2.1")
def test_public_client_revokes_its_own(world: TokenWorld, session: Session) -> None:
    app = world.add_public()
    tokens = world.tokens(app, session)
    assert world.revoke(app, tokens["refresh_token"]).status == 200
    assert world.userinfo(tokens["access_token"]).status == 401


@pytest.mark.spec("RFC 7009", "2.1")
def test_unauthenticated_request_is_refused(world: TokenWorld, portal: Registered) -> None:
    assert world.post("/revoke", {"token": "x"}).status == 401
    assert world.post("/revoke", {}, portal.basic).json["error"] == "invalid_request"
    assert world.get("/revoke", portal.basic).json["error"] == "invalid_request"


@pytest.mark.spec("RFC 7009", "2.2.1")
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_storage_out_of_reach_is_never_a_success(
    world: TokenWorld, portal: Registered, session: Session, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    token = world.tokens(portal, session)[kind]

    def down(*_arguments: object, **_named: object) -> None:
        raise StorageUnavailable("test")

    for name in ("transaction", "claim_and_record"):
        monkeypatch.setattr(world.database, name, down)
    answer = world.revoke(portal, token)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["cache-control"] == "no-store"
    monkeypatch.undo()
    assert world.introspect(portal, token).json["active"] is True
