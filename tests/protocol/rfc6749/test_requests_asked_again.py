"""Authorization requests that say what their client said before: read once, and as safe as one that is read anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from clients.documents import to_metadata
from idp.protocol.authorization import parsing, usual
from idp.protocol.authorization.parsing import Target
from idp.protocol.errors import InvalidRequest, InvalidScope
from tests.support.token_world import REDIRECT, Registered, TokenWorld
from tests.support.visit import Visitor, asked

CHALLENGE = "A" * 43
FIRST = {"state": "s1", "nonce": "n1", "code_challenge": CHALLENGE}
AGAIN = {"state": "s2", "nonce": "n2", "code_challenge": "B" * 43}
EVERYDAY = {
    "prompt": "login", "max_age": "60", "acr_values": "urn:dinhdanh:loa:2", "ui_locales": "en vi", "display": "popup",
    "response_mode": "form_post",
}  # fmt: skip


def words(of: Registered, **more: Any) -> dict[str, str]:
    return {
        "client_id": of.client.client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid email",
        "code_challenge_method": "S256", **more,
    }  # fmt: skip


def anew(world: TokenWorld, target: Target, parameters: dict[str, str]) -> Any:
    """Return the request as it is read without any memory."""
    return parsing.parse(target, parameters, world.wiring.authorization._readers)


@pytest.mark.parametrize("more", [dict(pairs) for size in (0, 1, 6) for pairs in combinations(EVERYDAY.items(), size)])
def test_request_asked_again_means_what_it_would_mean_read_anew(
    world: TokenWorld, portal: Registered, more: dict[str, str]
) -> None:
    target, check = Target(portal.client, REDIRECT), world.wiring.authorization.check
    check(target, words(portal, **more, **FIRST))
    found = check(target, words(portal, **more, **AGAIN))
    assert found == anew(world, target, words(portal, **more, **AGAIN))
    assert (found.state, found.nonce, found.challenge) == ("s2", "n2", "B" * 43)


@pytest.mark.parametrize(
    "wrong", [{"state": "x" * 2049}, {"nonce": "x" * 513}, {"code_challenge": "short"}, {"code_challenge": "="}]
)
def test_what_is_new_each_time_is_checked_each_time(
    world: TokenWorld, portal: Registered, wrong: dict[str, str]
) -> None:
    target, check = Target(portal.client, REDIRECT), world.wiring.authorization.check
    check(target, words(portal, **FIRST))
    with pytest.raises(InvalidRequest):
        check(target, words(portal, **AGAIN | wrong))


def test_a_challenge_that_was_there_before_is_missed_when_it_is_not(world: TokenWorld, portal: Registered) -> None:
    target, check = Target(portal.client, REDIRECT), world.wiring.authorization.check
    check(target, words(portal, **FIRST))
    without = {name: value for name, value in words(portal, **AGAIN).items() if name != "code_challenge"}
    with pytest.raises(InvalidRequest, match="code_challenge"):
        check(target, without)


def test_a_scope_taken_from_the_client_is_refused_at_its_next_request(world: TokenWorld) -> None:
    portal, citizen = world.add_client(), Visitor(world, world.add_person(31))
    assert citizen.allowed(asked(portal, scope="openid email")).arrived()["code"]
    document = {**to_metadata(portal.client), "scope": "openid"}
    changed = world.wiring.clients.update(portal.client.client_id, document)
    assert citizen.authorize(asked(portal, scope="openid email")).arrived()["error"] == "invalid_scope"
    with pytest.raises(InvalidScope):
        world.wiring.authorization.check(Target(changed, REDIRECT), words(portal, **AGAIN))


def test_requests_of_two_versions_of_a_client_do_not_mix(world: TokenWorld, portal: Registered) -> None:
    check, other = world.wiring.authorization.check, replace(portal.client, default_acr_values=("urn:dinhdanh:loa:3",))
    for client in (portal.client, other, portal.client):
        target = Target(client, REDIRECT)
        assert check(target, words(portal, **FIRST)) == anew(world, target, words(portal, **FIRST))


def test_what_names_a_person_or_fills_the_memory_is_not_remembered(world: TokenWorld, portal: Registered) -> None:
    target, requests = Target(portal.client, REDIRECT), usual.UsualRequests(world.wiring.authorization._readers)
    requests.parse(target, words(portal, login_hint="049499000001", **FIRST))
    requests.parse(target, words(portal, ui_locales="v" * 1100, **FIRST))
    assert not requests._known
    for number in range(600):
        requests.parse(target, words(portal, ui_locales=f"v{number}", **FIRST))
    assert len(requests._known) <= 256
