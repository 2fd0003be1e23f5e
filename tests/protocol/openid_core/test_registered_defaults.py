"""What a client registered for every sign-in holds where its request says nothing: the age of the sign-in and its level."""

from __future__ import annotations

import pytest

from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor, asked


@pytest.mark.spec("OIDC Registration", "2")
def test_a_sign_in_older_than_the_registered_age_is_done_again(world: TokenWorld) -> None:
    strict = world.add_client(default_max_age=60, legal_basis="consent")
    citizen = Visitor(world, world.add_person(71))
    assert citizen.allowed(asked(strict)).arrived()["code"]
    world.clock.advance(61)
    assert citizen.authorize(asked(strict, prompt="none")).arrived()["error"] == "login_required"
    assert citizen.authorize(asked(strict)).form == "login-form"
    asked_for_more = citizen.authorize(asked(strict, max_age="3600", prompt="none")).arrived()
    assert "code" in asked_for_more, "the request's own max_age overrides the default"


@pytest.mark.spec("OIDC Registration", "2")
def test_a_registered_level_is_asked_where_the_request_names_none(world: TokenWorld) -> None:
    careful = world.add_client(default_acr_values=["urn:dinhdanh:loa:1"], require_auth_time=True)
    citizen = Visitor(world, world.add_person(72))
    tokens = world.redeem(careful, citizen.allowed(asked(careful)).arrived()["code"]).json
    claims = world.verified(tokens["id_token"])
    assert claims["acr"] == "urn:dinhdanh:loa:1"
    assert "auth_time" in claims
