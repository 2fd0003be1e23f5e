"""A hint that does not hold signs nobody out unasked and sends nobody anywhere (RP-Initiated Logout section 4)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from tests.support.client_keys import new_key
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Landing, Visitor

AFTER = "https://portal.example.vn/bye"


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a department with a page to come back to."""
    return world.add_client(post_logout_redirect_uris=[AFTER])


def asked(person: Visitor, of: Registered, **hint: str) -> Landing:
    """Open the sign-out with a return address."""
    query = {"client_id": of.client.client_id, "post_logout_redirect_uri": AFTER, "state": "s", **hint}
    return person.open(f"/end_session?{urlencode(query)}")


def confirmed(person: Visitor, page: Landing) -> Landing:
    """Agree to the sign-out."""
    return person.press(replace(page, url="/end_session/confirm"), "logout-confirm")


@pytest.mark.spec("OIDC RP-Initiated Logout", "4")
@pytest.mark.parametrize("kind", ["text", "forged", "unsigned", "access_token", "changed"])
def test_a_hint_that_does_not_hold_leads_back_to_nobody(world: TokenWorld, portal: Registered, kind: str) -> None:
    account = world.add_person(95)
    person, tokens = Visitor(world, account), world.tokens(portal, world.sign_in(account))
    claims = world.verified(tokens["id_token"])
    forged = new_key().sign(claims, typ="JWT")
    hint = {
        "text": "x",
        "forged": forged,
        "unsigned": "eyJhbGciOiJub25lIn0." + forged.split(".")[1] + ".",
        "access_token": tokens["access_token"],
        "changed": tokens["id_token"][:-6] + "AAAAAA",
    }[kind]
    page = asked(person, portal, id_token_hint=hint)
    assert (page.status, page.form) == (200, "logout-form"), "nobody is signed out unasked"
    gone = confirmed(person, page)
    assert (gone.status, gone.callback) == (200, None)
    assert AFTER not in gone.text
    assert len(world.events("session:sign-out", outcome="done")) == 1
    nobody = asked(Visitor(world), portal, id_token_hint=hint)
    assert (nobody.status, nobody.callback) == (200, None)


@pytest.mark.spec("OIDC RP-Initiated Logout", "3")
def test_without_a_hint_the_person_is_asked_and_then_comes_back_by_a_registered_address(
    world: TokenWorld, portal: Registered
) -> None:
    person = Visitor(world, world.add_person(96))
    page = asked(person, portal)
    assert (page.status, page.form) == (200, "logout-form")
    gone = confirmed(person, page)
    assert (gone.url, gone.callback) == (AFTER, {"state": "s"})


@pytest.mark.spec("OIDC RP-Initiated Logout", "3")
@pytest.mark.parametrize("hint", [{}, {"id_token_hint": "x"}])
def test_where_no_department_is_named_the_person_can_still_sign_out_and_stays_here(
    world: TokenWorld, portal: Registered, hint: dict[str, str]
) -> None:
    person = Visitor(world, world.add_person(95))
    page = person.open(f"/end_session?{urlencode({'post_logout_redirect_uri': AFTER, 'state': 's', **hint})}")
    assert (page.status, page.form, page.callback) == (200, "logout-form", None)
    gone = confirmed(person, page)
    assert (gone.status, gone.callback) == (200, None)
    assert AFTER not in gone.text
    assert len(world.events("session:sign-out", outcome="done")) == 1
