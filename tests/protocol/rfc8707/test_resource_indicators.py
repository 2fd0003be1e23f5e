"""Resource indicators: for whom a token is, who may ask for what, and that nobody else takes it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.model.session import Session
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld
from tests.support.visit import Visitor, asked

LAND = "https://land.example.vn/api"
TAX = "https://tax.example.vn/api"
UNKNOWN = "https://nobody.example.vn/api"


@pytest.fixture
def land(world: TokenWorld) -> Registered:
    """Return the land office's system, a resource."""
    return world.add_client(resource_identifiers=[LAND], scope="openid")


@pytest.fixture
def asking(world: TokenWorld, land: Registered) -> Registered:
    """Return a portal that may ask for two resources."""
    world.add_client(resource_identifiers=[TAX], scope="openid")
    return world.add_client(allowed_resources=[LAND, TAX])


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(7))


def sent(of: Registered, *resources: str) -> str:
    """Return a request with ``resource`` as often as given."""
    return urlencode([*asked(of).items(), *(("resource", one) for one in resources)])


def code_for(citizen: Visitor, of: Registered, *resources: str) -> str:
    """Return the code of a request."""
    return citizen.allowed(sent(of, *resources)).arrived()["code"]


def audience(world: TokenWorld, answer: Answer) -> object:
    """Return the ``aud`` of the access token in a response."""
    assert answer.status == 200, answer.body
    return world.verified(answer.json["access_token"], "at+jwt")["aud"]


@pytest.mark.spec("RFC 8725", "3.9")
@pytest.mark.spec("RFC 9068", "5")
@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.spec("RFC 9068", "3")
def test_the_resource_asked_becomes_the_audience(world: TokenWorld, asking: Registered, citizen: Visitor) -> None:
    assert audience(world, world.redeem(asking, code_for(citizen, asking, LAND))) == LAND


@pytest.mark.spec("RFC 8707", "2")
def test_several_resources_become_a_list(world: TokenWorld, asking: Registered, citizen: Visitor) -> None:
    assert audience(world, world.redeem(asking, code_for(citizen, asking, LAND, TAX))) == [LAND, TAX]


@pytest.mark.spec("RFC 9068", "3")
def test_without_a_resource_the_audience_is_the_issuer(world: TokenWorld, asking: Registered, citizen: Visitor) -> None:
    assert audience(world, world.redeem(asking, code_for(citizen, asking))) == ISSUER


@pytest.mark.spec("RFC 8707", "2.2")
def test_a_token_request_narrows_and_every_refresh_anew(
    world: TokenWorld, asking: Registered, citizen: Visitor
) -> None:
    first = world.redeem(asking, code_for(citizen, asking, LAND, TAX), resource=TAX)
    assert audience(world, first) == TAX
    second = world.refresh(asking, first.json["refresh_token"], resource=LAND)
    assert audience(world, second) == LAND
    third = world.refresh(asking, second.json["refresh_token"])
    assert audience(world, third) == [LAND, TAX]
    assert audience(world, world.refresh(asking, third.json["refresh_token"], resource=ISSUER)) == ISSUER


@pytest.mark.spec("RFC 8707", "2.2")
def test_a_token_request_for_more_is_refused_and_costs_nothing(
    world: TokenWorld, asking: Registered, citizen: Visitor
) -> None:
    code = code_for(citizen, asking, LAND)
    refused = world.redeem(asking, code, resource=TAX)
    assert (refused.status, refused.json["error"]) == (400, "invalid_target")
    tokens = world.redeem(asking, code)
    again = world.refresh(asking, tokens.json["refresh_token"], resource=TAX)
    assert (again.status, again.json["error"]) == (400, "invalid_target")
    assert world.refresh(asking, tokens.json["refresh_token"]).status == 200
    assert world.events("token:request")[0]["reason"] == "resource_widened"


@pytest.mark.spec("RFC 9068", "5")
@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize(
    "resource",
    [UNKNOWN, f"{LAND}/", f"{LAND}#x", "relative", "https://LAND.example.vn/api", "x" * 600, f"{LAND} {TAX}"],
)
def test_what_is_not_exactly_a_registered_resource_is_an_invalid_target(
    world: TokenWorld, asking: Registered, citizen: Visitor, resource: str
) -> None:
    assert citizen.authorize(sent(asking, resource)).arrived()["error"] == "invalid_target"
    pushed = world.post("/par", sent(asking, resource), asking.basic)
    assert (pushed.status, pushed.json["error"]) == (400, "invalid_target")


@pytest.mark.spec("RFC 8707", "2")
def test_a_resource_that_the_client_may_not_ask_is_as_unknown_as_any(
    world: TokenWorld, land: Registered, portal: Registered, citizen: Visitor
) -> None:
    texts = {citizen.authorize(sent(portal, one)).arrived()["error_description"] for one in (LAND, UNKNOWN)}
    assert len(texts) == 1


def test_a_suspended_resource_gets_no_more_tokens(
    world: TokenWorld, land: Registered, asking: Registered, citizen: Visitor
) -> None:
    world.wiring.clients.set_state(land.client.client_id, "suspended")
    assert citizen.authorize(sent(asking, LAND)).arrived()["error"] == "invalid_target"


def test_too_many_resources_are_refused(asking: Registered, citizen: Visitor) -> None:
    many = [ISSUER, LAND, TAX, UNKNOWN, "https://five.example.vn/"]
    assert citizen.authorize(sent(asking, *many)).arrived()["error"] == "invalid_target"


@pytest.mark.spec("RFC 8707", "2.2")
def test_a_client_asks_for_itself_by_client_credentials(world: TokenWorld, asking: Registered) -> None:
    assert audience(world, world.own_token(asking, resource=LAND)) == LAND
    refused = world.own_token(asking, resource=UNKNOWN)
    assert (refused.status, refused.json["error"]) == (400, "invalid_target")


@pytest.mark.spec("RFC 9700", "2.3")
@pytest.mark.spec("RFC 9700", "4.10")
@pytest.mark.spec("RFC 9068", "4")
def test_userinfo_refuses_a_token_that_is_for_another_resource(
    world: TokenWorld, asking: Registered, citizen: Visitor
) -> None:
    answer = world.redeem(asking, code_for(citizen, asking, LAND, ISSUER), resource=LAND)
    refused = world.userinfo(answer.json["access_token"])
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    for_us = world.refresh(asking, answer.json["refresh_token"], resource=ISSUER)
    assert world.userinfo(for_us.json["access_token"]).status == 200


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 7662", "2.1")
def test_a_resource_introspects_tokens_for_itself_and_no_others(
    world: TokenWorld, land: Registered, asking: Registered, citizen: Visitor
) -> None:
    answer = world.redeem(asking, code_for(citizen, asking, LAND, TAX), resource=LAND)
    token = answer.json["access_token"]
    found = world.introspect(land, token).json
    assert (found["active"], found["aud"], found["client_id"]) == (True, LAND, asking.client.client_id)
    elsewhere = world.refresh(asking, answer.json["refresh_token"], resource=TAX).json["access_token"]
    assert world.introspect(land, elsewhere).json == {"active": False}
    assert world.introspect(asking, elsewhere).json["aud"] == TAX


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_resource_sees_that_the_client_of_a_token_was_suspended(
    world: TokenWorld, land: Registered, asking: Registered, citizen: Visitor
) -> None:
    token = world.redeem(asking, code_for(citizen, asking, LAND)).json["access_token"]
    assert world.introspect(land, token).json["active"] is True
    world.another().wiring.clients.set_state(asking.client.client_id, "suspended")
    assert world.introspect(land, token).json == {"active": False}


def test_a_token_for_another_resource_can_be_revoked_by_its_client(
    world: TokenWorld, land: Registered, asking: Registered, citizen: Visitor
) -> None:
    token = world.redeem(asking, code_for(citizen, asking, LAND)).json["access_token"]
    assert world.revoke(land, token).status == 200
    assert world.introspect(land, token).json["active"] is True
    assert world.revoke(asking, token).status == 200
    assert world.introspect(land, token).json == {"active": False}


def test_resource_may_be_repeated_and_nothing_else(world: TokenWorld, asking: Registered, session: Session) -> None:
    body = urlencode([("grant_type", "client_credentials"), ("resource", LAND), ("resource", TAX)])
    assert audience(world, world.post("/token", body, asking.basic)) == [LAND, TAX]
    twice = world.post("/token", f"{body}&grant_type=client_credentials", asking.basic)
    assert (twice.status, twice.json["error"]) == (400, "invalid_request")


def test_whoever_is_no_operator_registers_no_resources(world: TokenWorld, land: Registered) -> None:
    document = {
        "client_name": "x",
        "unit": "48",
        "legal_basis": "consent",
        "purpose": {"vi": "x"},
        "redirect_uris": ["https://x.example.vn/"],
        "allowed_resources": [LAND],
        "resource_identifiers": [TAX],
    }
    client, _, ignored = world.wiring.clients.register(document, is_operator=False)
    assert (client.allowed_resources, client.resource_identifiers) == ((), ())
    assert ignored == ("allowed_resources", "resource_identifiers")
