"""The ``claims`` parameter over the wire: essential claims, and claims that are wanted with a value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

pytestmark = pytest.mark.spec("OIDC Core", "5.5.1")


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(15))


def ask(citizen: Visitor, of: Registered, scope: str = "openid", **places: Any) -> Landing:
    """Open a request with ``claims``."""
    return citizen.authorize(asked(of, scope=scope, claims=json.dumps(places)))


def told(world: TokenWorld, of: Registered, landing: Landing) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of the ID token and of userinfo."""
    tokens = world.redeem(of, landing.arrived()["code"]).json
    return world.verified(tokens["id_token"]), world.userinfo(tokens["access_token"]).json


def boxes(page: Landing) -> set[str]:
    """Return the claims that have a box on the consent page."""
    return {str(one["value"]) for one in page.soup.find_all("input", {"name": "claim"})}


@pytest.mark.spec("OIDC Core", "5.5")
def test_claims_come_where_they_are_asked(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    page = ask(citizen, portal, id_token={"gender": None}, userinfo={"birthdate": None})
    id_token, userinfo = told(world, portal, citizen.press(page, "consent-allow"))
    assert (id_token.get("gender"), id_token.get("birthdate")) == ("male", None)
    assert (userinfo.get("gender"), userinfo.get("birthdate")) == (None, "2199-05-01")


def test_an_essential_claim_has_no_box(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    assert boxes(ask(citizen, portal, userinfo={"email": None})) == {"email"}
    page = ask(citizen, portal, userinfo={"email": {"essential": True}})
    assert boxes(page) == set()
    _, userinfo = told(world, portal, citizen.press(page, "consent-allow"))
    assert userinfo["email"] == "mau@example.vn"


def test_an_essential_claim_that_was_left_out_is_asked_again(portal: Registered, citizen: Visitor) -> None:
    page = ask(citizen, portal, userinfo={"email": None})
    citizen.press(page, "consent-allow")
    assert "code" in ask(citizen, portal, userinfo={"email": None}).arrived()
    assert ask(citizen, portal, userinfo={"email": {"essential": True}}).form == "consent-form"


@pytest.mark.spec("OIDC Core", "5.5.1")
@pytest.mark.parametrize(
    ("wanted", "is_there"),
    [
        ({"value": "male"}, True),
        ({"values": ["female", "male"]}, True),
        ({"value": "female"}, False),
        ({"values": []}, False),
        ({"value": "male", "essential": True}, True),
        ({"value": "female", "essential": True}, False),
        ({"value": ["male"]}, False),
    ],
)
def test_a_claim_with_another_value_than_wanted_is_left_out_and_no_error(
    world: TokenWorld, portal: Registered, citizen: Visitor, wanted: dict[str, Any], is_there: bool
) -> None:
    page = ask(citizen, portal, id_token={"gender": wanted}, userinfo={"gender": wanted})
    id_token, userinfo = told(world, portal, citizen.press(page, "consent-allow"))
    assert ("gender" in id_token, "gender" in userinfo) == (is_there, is_there)


def test_what_a_scope_asks_comes_whatever_its_value(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    places = {"userinfo": {"gender": {"value": "female"}}, "id_token": {"gender": {"value": "female"}}}
    page = ask(citizen, portal, "openid profile", **places)
    id_token, userinfo = told(world, portal, citizen.press(page, "consent-allow"))
    assert ("gender" in id_token, userinfo["gender"]) == (False, "male")


@pytest.mark.spec("OIDC Core", "5.5")
@pytest.mark.parametrize(
    "member",
    [
        {"essential": "yes"},
        {"value": float("nan")},
        {"value": "\ud800"},
        {"values": "a"},
        {"values": ["a"] * 21},
        "gender",
        1,
    ],
)
def test_a_malformed_member_refuses_the_request(portal: Registered, citizen: Visitor, member: object) -> None:
    assert ask(citizen, portal, userinfo={"gender": member}).arrived()["error"] == "invalid_request"


@pytest.mark.spec("OIDC Core", "5.5")
def test_a_claim_beyond_the_registration_is_never_released(world: TokenWorld, citizen: Visitor) -> None:
    modest = world.add_client(scope="openid")
    page = ask(citizen, modest, userinfo={"identity_code": {"essential": True}})
    arrived = citizen.press(page, "consent-allow") if page.form else page
    assert set(told(world, modest, arrived)[1]) == {"sub"}


@pytest.mark.spec("OIDC Core", "5.1.2")
@pytest.mark.spec("OIDC Core", "5.5")
def test_claims_that_nobody_knows_are_ignored(world: TokenWorld, portal: Registered, citizen: Visitor) -> None:
    page = ask(citizen, portal, userinfo={"shoe_size": {"essential": True}, "https://x.example/y": None})
    arrived = citizen.press(page, "consent-allow") if page.form else page
    assert set(told(world, portal, arrived)[1]) == {"sub"}


@pytest.mark.spec("OIDC Core", "5.5")
def test_members_that_nobody_knows_are_ignored_at_every_level(
    world: TokenWorld, portal: Registered, citizen: Visitor
) -> None:
    places: dict[str, Any] = {"id_token": {"gender": {"purpose": "x", "max_age": 5}}, "verified_claims": [1], "x": "y"}
    page = ask(citizen, portal, **places)
    id_token, _ = told(world, portal, citizen.press(page, "consent-allow", claim=["gender"]))
    assert id_token["gender"] == "male"
