"""Attacks on authorization requests: references that are raced or carried off, parameters in two places, answers of another provider."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.support.token_world import ISSUER, Registered, TokenWorld, portal, world
from tests.support.visit import Visitor, asked

__all__ = ["portal", "world"]


def reference(world: TokenWorld, of: Registered, **changes: str | None) -> dict[str, str]:
    """Push a request; return what the browser brings."""
    answer = world.post("/par", asked(of, **changes), of.basic)
    assert answer.status == 201, answer.body
    return {"client_id": of.client.client_id, "request_uri": answer.json["request_uri"]}


@pytest.mark.spec("RFC 9126", "4")
def test_of_many_browsers_in_two_processes_one_is_answered(world: TokenWorld) -> None:
    of, account = world.add_client(), world.add_person(21)
    assert "code" in Visitor(world, account).allowed(asked(of)).arrived()
    parameters = reference(world, of)
    visitors = [Visitor(one, account) for one in (world, world.another()) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        landings = list(pool.map(lambda visitor: visitor.authorize(parameters), visitors))
    answered = [one for one in landings if one.callback is not None and "code" in one.callback]
    assert len(answered) == 1
    assert all(one.error or (one.callback or {}).get("error") for one in landings if one not in answered)


@pytest.mark.spec("RFC 9126", "7.1")
def test_a_reference_does_not_sign_anybody_in(world: TokenWorld, portal: Registered) -> None:
    # Whoever lures a victim to his own pushed request gets no code: the victim's browser has to sign in and agree itself.
    page = Visitor(world).authorize(reference(world, portal))
    assert (page.form, page.callback) == ("login-form", None)


@pytest.mark.spec("OIDC Core", "13.2")
@pytest.mark.parametrize("name", ["scope", "redirect_uri", "client_id", "state", "claims", "request_uri", "dpop_jkt"])
def test_a_parameter_in_two_values_is_refused_and_never_redirected(
    world: TokenWorld, portal: Registered, name: str
) -> None:
    twice = f"{urlencode(asked(portal))}&{name}=a&{name}=b"
    page = Visitor(world).authorize(twice)
    assert (page.status, page.callback) == (400, None)


@pytest.mark.spec("RFC 9700", "4.4.2")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.spec("RFC 9207", "2")
@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_every_answer_names_its_issuer_against_mix_up(world: TokenWorld, portal: Registered, mode: str) -> None:
    citizen = Visitor(world, world.add_person(22))
    refused = citizen.authorize(asked(portal, response_mode=mode, prompt="none"))
    declined = citizen.press(citizen.authorize(asked(portal, response_mode=mode)), "consent-deny")
    allowed = citizen.allowed(asked(portal, response_mode=mode))
    for landing in (refused, declined, allowed):
        assert landing.arrived()["iss"] == ISSUER
        assert landing.mode == mode


@pytest.mark.spec("RFC 9700", "4.5.3")
def test_a_code_of_a_pushed_request_needs_the_verifier_of_that_push(world: TokenWorld, portal: Registered) -> None:
    citizen = Visitor(world, world.add_person(23))
    code = citizen.allowed(reference(world, portal)).arrived()["code"]
    assert world.redeem(portal, code, code_verifier="w" * 43).json["error"] == "invalid_grant"
    assert world.redeem(portal, code).status == 200


@pytest.mark.parametrize("size", [3000, 15_000])
def test_oversized_parameters_are_refused_before_anything_is_stored(
    world: TokenWorld, portal: Registered, size: int
) -> None:
    for name in ("state", "nonce", "login_hint", "claims", "authorization_details", "resource"):
        answer = world.post("/par", asked(portal, **{name: "x" * size}), portal.basic)
        assert answer.status == 400, name
