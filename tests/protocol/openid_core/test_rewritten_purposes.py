"""A purpose that changes or goes after people answered: tokens from before release its claims no more, until people are asked again."""

from __future__ import annotations

from typing import Any

import pytest

from clients.documents import to_metadata
from policies import claims as claim_policy
from tests.protocol.openid_core.test_purposes import DUTY, NEWS, SCOPE, changed, request
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor

REWORDED = {**NEWS, "text": {"vi": "Quảng cáo", "en": "Advertisements"}}


@pytest.fixture
def system(world: TokenWorld) -> Registered:
    return world.add_client(purposes=[DUTY, NEWS], scope=SCOPE)


@pytest.fixture
def browser(world: TokenWorld) -> Visitor:
    return Visitor(world, world.add_person(1))


def agreed(browser: Visitor, system: Registered) -> str:
    page = browser.authorize(request(system))
    return browser.press(page, "consent-allow", claim=["email"], purpose="news").arrived()["code"]


def released(world: TokenWorld, tokens: dict[str, Any]) -> set[str]:
    return set(world.userinfo(tokens["access_token"]).json) - {"sub"}


def test_claims_of_a_rewritten_purpose_end_at_once_and_at_refresh_and_the_others_stand(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    tokens = world.redeem(system, agreed(browser, system)).json
    assert released(world, tokens) == {"name", "gender", "email", "email_verified"}
    world.clock.advance(1)
    changed(world, system, DUTY, REWORDED)
    assert released(world, tokens) == {"name"}
    refreshed = world.refresh(system, tokens["refresh_token"]).json
    assert released(world, refreshed) == {"name"}
    again = world.redeem(system, agreed(browser, system)).json
    assert released(world, again) == {"name", "gender", "email", "email_verified"}, "they were asked again"
    assert released(world, refreshed) == {"name"}, "what was given before goes on as it was"


def test_code_from_before_brings_nothing_of_what_changed(
    world: TokenWorld, browser: Visitor, system: Registered
) -> None:
    code = agreed(browser, system)
    world.clock.advance(1)
    changed(world, system, DUTY, REWORDED)
    assert released(world, world.redeem(system, code).json) == {"name"}


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ([DUTY], {"name"}),
        ([NEWS], {"gender", "email", "email_verified"}),
        ([DUTY, {**NEWS, "legal_basis": "contract"}], {"name"}),
        ([DUTY, {**NEWS, "claims": []}], {"name", "email", "email_verified"}),
        ([DUTY, {**NEWS, "claims": ["gender", "birthdate"]}], {"name", "gender", "email", "email_verified"}),
        (
            [DUTY, {**NEWS, "claims": []}, {**NEWS, "id": "x", "optional_claims": []}],
            {"name", "email", "email_verified"},
        ),
        ([], set()),
    ],
)
def test_what_stands_is_what_was_agreed_to_for_a_purpose_as_it_is_now(
    world: TokenWorld, browser: Visitor, system: Registered, now: list[dict[str, Any]], left: set[str]
) -> None:
    tokens = world.redeem(system, agreed(browser, system)).json
    world.clock.advance(1)
    changed(world, system, *now)
    assert released(world, tokens) == left


def test_another_purpose_of_the_system_as_a_whole_ends_what_was_agreed_to_for_the_former(world: TokenWorld) -> None:
    system = world.add_client(scope="openid email")
    tokens = world.tokens(system, world.sign_in(world.add_person(1)))
    world.clock.advance(1)
    client = world.wiring.clients.known(system.client.client_id)
    world.wiring.clients.update(client.client_id, {**to_metadata(client), "contacts": ["mailto:a@example.vn"]})
    assert "email" in released(world, tokens), "what people read is as it was"
    world.wiring.clients.update(client.client_id, {**to_metadata(client), "purpose": {"vi": "Việc khác"}})
    assert released(world, tokens) == set()


def test_many_changes_keep_a_bounded_memory_that_gives_less_and_never_more(world: TokenWorld) -> None:
    system = world.add_client(purposes=[DUTY, NEWS], scope=SCOPE)
    began = world.clock.now()
    for number in range(40):
        world.clock.advance(1)
        changed(world, system, DUTY, {**NEWS, "text": {"vi": f"Lần {number}", "en": f"Time {number}"}})
    client = world.wiring.clients.known(system.client.client_id)
    assert len(client.rewritten) == 16
    assert client.still(claim_policy.pack(("name", "gender")), began) == claim_policy.pack(("name",))
    assert client.still(claim_policy.pack(("gender",)), world.clock.now() - 1) == 0
