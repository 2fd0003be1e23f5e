"""A client that one process has just added is known to all of them: its first sign-in and sign-out may reach any worker."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.storage.tables import outbox
from idp.wsgi import build
from tests.support.stores import stored
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor, asked

AFTER, OUT = "https://portal.example.vn/bye", "https://portal.example.vn/out"


@pytest.fixture
def other(world: TokenWorld) -> TokenWorld:
    """Return another process, which looked at the clients a moment ago."""
    made = world.another()
    made.wiring.clients.refresh_if_older_than(0)
    return made


@pytest.fixture
def newcomer(world: TokenWorld, other: TokenWorld) -> Registered:
    """Return a department that this process added after the other had looked."""
    made = world.add_client(post_logout_redirect_uris=[AFTER], backchannel_logout_uri=OUT)
    assert other.wiring.clients.find(made.client.client_id) is None
    return made


def test_a_sign_in_that_began_at_one_process_goes_on_at_another(
    world: TokenWorld, other: TokenWorld, newcomer: Registered
) -> None:
    person = Visitor(world)
    page = person.authorize(asked(newcomer))
    assert page.form == "login-form"
    person.reach(build(other.wiring))
    assert person.open(page.url).form == "login-form"


def test_an_authorization_request_at_another_process_needs_no_waiting(other: TokenWorld, newcomer: Registered) -> None:
    assert Visitor(other).authorize(asked(newcomer)).form == "login-form"


def test_a_token_request_at_another_process_needs_no_waiting(other: TokenWorld, newcomer: Registered) -> None:
    answer = other.own_token(newcomer)
    assert answer.status == 200, answer.body


@pytest.mark.spec("OIDC RP-Initiated Logout", "3")
def test_a_sign_out_at_another_process_comes_back_and_is_told(
    world: TokenWorld, other: TokenWorld, newcomer: Registered
) -> None:
    person = Visitor(world, world.add_person(96))
    tokens = world.redeem(newcomer, person.allowed(asked(newcomer)).arrived()["code"]).json
    person.reach(build(other.wiring))
    query = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s"}
    gone = person.open(f"/end_session?{urlencode(query)}")
    assert (gone.url, gone.callback) == (AFTER, {"state": "s"})
    assert [row["client_id"] for row in stored(world.database, outbox)] == [newcomer.client.client_id]


@pytest.mark.spec("OIDC Back-Channel Logout", "2.5")
def test_a_session_that_another_process_ends_is_told_to_the_newcomer(
    world: TokenWorld, other: TokenWorld, newcomer: Registered
) -> None:
    session = world.sign_in(world.add_person(96))
    world.tokens(newcomer, session)
    assert other.wiring.sessions.end(session, "operator", "operator:local") == (newcomer.client.client_id,)
