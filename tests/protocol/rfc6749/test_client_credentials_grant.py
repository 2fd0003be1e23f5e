"""The client credentials grant: a system for itself, never for a person."""

from __future__ import annotations

import pytest

from idp.storage.tables import grants
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld


@pytest.mark.spec("RFC 6749", "4.4.3")
def test_client_gets_an_access_token_and_nothing_else(world: TokenWorld, portal: Registered) -> None:
    answer = world.own_token(portal)
    assert answer.status == 200
    assert answer.json.keys() <= {"access_token", "token_type", "expires_in", "scope"}
    assert answer.headers["cache-control"] == "no-store"
    assert stored(world.database, grants) == []
    (event,) = world.events("token:client_credentials")
    assert (event["outcome"], event["client_id"]) == ("done", portal.client.client_id)


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.spec("RFC 9068", "2.2.3")
@pytest.mark.spec("RFC 7662", "2.2")
def test_where_no_scope_is_left_none_is_named(world: TokenWorld, portal: Registered) -> None:
    answer = world.own_token(portal)
    assert "scope" not in answer.json
    assert "scope" not in world.verified(answer.json["access_token"], "at+jwt")
    told = world.introspect(portal, answer.json["access_token"]).json
    assert (told["active"], "scope" in told) == (True, False)


@pytest.mark.spec("RFC 9068", "2.2")
def test_subject_is_the_client(world: TokenWorld, portal: Registered) -> None:
    claims = world.verified(world.own_token(portal).json["access_token"], "at+jwt")
    assert claims["sub"] == claims["client_id"] == portal.client.client_id
    assert "gid" not in claims


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("scope", ["openid", "profile", "identity", "offline_access", "made-up", "a  b"])
def test_scopes_of_people_and_unknown_ones_are_refused(world: TokenWorld, portal: Registered, scope: str) -> None:
    answer = world.own_token(portal, scope=scope)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert world.events("token:client_credentials") == []


@pytest.mark.spec("RFC 6749", "4.4")
def test_public_client_may_not_even_register_for_it(world: TokenWorld) -> None:
    app = world.add_public()
    form = {"grant_type": "client_credentials", "client_id": app.client.client_id}
    assert world.post("/token", form).json["error"] == "unauthorized_client"


@pytest.mark.spec("RFC 9700", "4.15.1")
@pytest.mark.spec("RFC 9068", "5")
def test_token_of_a_client_opens_no_person(world: TokenWorld, portal: Registered) -> None:
    answer = world.userinfo(world.own_token(portal).json["access_token"])
    assert (answer.status, answer.json["error"]) == (403, "insufficient_scope")


def test_suspension_by_another_process_counts_at_once(world: TokenWorld, portal: Registered) -> None:
    assert world.own_token(portal).status == 200
    world.another().wiring.clients.set_state(portal.client.client_id, "suspended")
    assert world.own_token(portal).status == 401
