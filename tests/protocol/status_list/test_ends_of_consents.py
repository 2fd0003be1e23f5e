"""What a person takes back ends everywhere at once: at userinfo, introspection, refresh, exchange, and in the signed list."""

from __future__ import annotations

import pytest

from idp.model.session import Session
from idp.ports.sessions import ConsentState
from idp.storage.status_lists import SqlStatusListStore
from policies import claims as claim_policy
from tests.support.token_world import Answer, Registered, TokenWorld

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
DESK, LAND = "https://desk.example.vn/api", "https://land.example.vn/api"
OFFLINE = "openid email offline_access"
EMAIL = claim_policy.pack({"email"})


@pytest.fixture
def listed(world: TokenWorld) -> Registered:
    return world.add_client(token_status_list=True, allowed_resources=[DESK])


def agree(world: TokenWorld, of: Registered, session: Session, claims: int, declined: int = 0) -> None:
    state = ConsentState("consent", OFFLINE, claims, declined, "1")
    world.wiring.consents.give(session.account_id, of.client.client_id, session.id, state)


def withdraw(world: TokenWorld, of: Registered, session: Session) -> None:
    by = f"account:{session.account_id}"
    assert world.wiring.consents.withdraw(session.account_id, of.client.client_id, actor=by, reason="asked")


def dead(world: TokenWorld) -> int:
    """Return how many tokens the status lists say are revoked."""
    store = SqlStatusListStore(world.database)
    return sum(len(store.revoked(one, {})) for one in store.lists())


@pytest.mark.spec("RFC 7009", "2.1")
def test_withdrawn_consent_ends_every_token_that_rests_on_it(
    world: TokenWorld, listed: Registered, session: Session
) -> None:
    agree(world, listed, session, EMAIL)
    other = world.add_client(token_status_list=True)
    agree(world, other, session, EMAIL)
    tokens, kept = world.tokens(listed, session, OFFLINE), world.tokens(other, session, OFFLINE)
    assert dead(world) == 0
    withdraw(world, listed, session)
    assert world.userinfo(tokens["access_token"]).status == 401
    assert world.introspect(listed, tokens["access_token"]).json == {"active": False}
    assert world.introspect(listed, tokens["refresh_token"]).json == {"active": False}
    assert world.refresh(listed, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert dead(world) == 1
    assert world.userinfo(kept["access_token"]).json["email"] == "mau@example.vn"
    assert world.refresh(other, kept["refresh_token"]).status == 200


def test_withdrawn_consent_ends_what_others_exchanged_its_tokens_for(
    world: TokenWorld, listed: Registered, session: Session
) -> None:
    land = world.add_client(resource_identifiers=[LAND])
    desk = world.add_client(
        resource_identifiers=[DESK],
        allowed_resources=[LAND],
        grant_types=[EXCHANGE],
        redirect_uris=[],
        token_status_list=True,
        token_exchange={LAND: {"subjects": [listed.client.client_id], "scope": "openid email"}},
    )
    agree(world, listed, session, EMAIL)
    given = world.redeem(listed, world.code(listed, session, resources=(DESK,)), resource=DESK).json["access_token"]
    exchanged = exchange(world, desk, given)
    assert world.introspect(land, exchanged.json["access_token"]).json["active"] is True
    withdraw(world, listed, session)
    assert world.introspect(land, exchanged.json["access_token"]).json == {"active": False}
    assert exchange(world, desk, given).json["error"] == "invalid_request"
    assert dead(world) == 2


def exchange(world: TokenWorld, desk: Registered, token: str) -> Answer:
    form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS, "audience": LAND}
    return world.post("/token", form, desk.basic)


def test_what_is_declined_anew_is_taken_back_from_older_tokens(
    world: TokenWorld, listed: Registered, session: Session
) -> None:
    agree(world, listed, session, EMAIL)
    with_email, without = world.tokens(listed, session, OFFLINE), world.tokens(listed, session, "openid")
    agree(world, listed, session, 0, declined=EMAIL)
    assert world.userinfo(with_email["access_token"]).status == 401
    assert world.refresh(listed, with_email["refresh_token"]).json["error"] == "invalid_grant"
    assert dead(world) == 1
    assert world.userinfo(without["access_token"]).status == 200
    agree(world, listed, session, EMAIL)
    assert world.userinfo(without["access_token"]).status == 200, "who agrees takes nothing back"
