"""Who says yes is signed out everywhere, and is sent back to an address that is registered character by character."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from idp.storage.tables import outbox
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Landing, Visitor, asked

AFTER = "https://portal.example.vn/bye?of=1"


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a department with a page to come back to, that wants to be told."""
    out = "https://portal.example.vn/out"
    return world.add_client(post_logout_redirect_uris=[AFTER], backchannel_logout_uri=out)


def entered(world: TokenWorld, person: Visitor, portal: Registered) -> dict[str, str]:
    """Sign in at the department; returns its tokens."""
    answer = world.redeem(portal, person.allowed(asked(portal)).arrived()["code"])
    assert answer.status == 200, answer.body
    return answer.json


def leaving(person: Visitor, **query: str) -> Landing:
    """Open the sign-out."""
    return person.open(f"/end_session?{urlencode(query)}")


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_who_says_yes_is_signed_out_and_who_asked_is_told_with_the_others(
    world: TokenWorld, portal: Registered
) -> None:
    person, other = Visitor(world, world.add_person(97)), world.add_client(backchannel_logout_uri="https://b.example/o")
    tokens = entered(world, person, portal)
    entered(world, person, other)
    page = leaving(person, client_id=portal.client.client_id, post_logout_redirect_uri=AFTER)
    assert page.form == "logout-form"
    assert world.userinfo(tokens["access_token"]).status == 200, "nothing happened yet"
    gone = person.press(replace(page, url="/end_session/confirm"), "logout-confirm")
    assert gone.url == "https://portal.example.vn/bye"
    assert person.authorize(asked(portal, prompt="none")).arrived()["error"] == "login_required"
    assert world.userinfo(tokens["access_token"]).status == 401
    assert {row["client_id"] for row in stored(world.database, outbox)} == {
        portal.client.client_id,
        other.client.client_id,
    }


@pytest.mark.spec("OIDC RP-Initiated Logout", "3")
@pytest.mark.parametrize("is_hinted", [True, False])
@pytest.mark.parametrize(
    "address",
    [
        "https://portal.example.vn/bye",
        "https://portal.example.vn/bye?of=1&x=2",
        "https://portal.example.vn/bye?of=%31",
        "https://portal.example.vn/Bye?of=1",
        "https://portal.example.vn:443/bye?of=1",
        "https://PORTAL.example.vn/bye?of=1",
        "https://portal.example.vn/bye?of=1#",
        "https://portal.example.vn/callback",
    ],
)
def test_an_address_that_is_only_like_the_registered_one_is_never_followed(
    world: TokenWorld, portal: Registered, address: str, *, is_hinted: bool
) -> None:
    person = Visitor(world, world.add_person(98))
    tokens = entered(world, person, portal)
    hint = {"id_token_hint": tokens["id_token"]} if is_hinted else {"client_id": portal.client.client_id}
    page = leaving(person, post_logout_redirect_uri=address, **hint)
    assert (page.status, page.callback, page.error) == (400, None, "invalid_request")
    assert world.userinfo(tokens["access_token"]).status == 200
