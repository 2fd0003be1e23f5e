"""Each thing that is wrong with an authorization request, in process, with the reason that the log has (docs/decisions/0174).

Over HTTP they are refused as well (``tests/protocol/over_http/test_authorization.py``); here a rule that is taken out is missed in a second.
"""

from __future__ import annotations

import pytest

from tests.support.token_world import CHALLENGE, REDIRECT, Registered, TokenWorld
from tests.support.visit import Visitor, asked


@pytest.fixture
def person(world: TokenWorld) -> Visitor:
    """Return somebody who is signed in."""
    return Visitor(world, world.add_person(7))


def reason(world: TokenWorld) -> str:
    return str(world.events("authorization:request")[-1]["reason"])


@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.spec("RFC 7636", "4.4.1")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.parametrize(
    ("changes", "code", "why"),
    [
        ({"code_challenge": None}, "invalid_request", "code_challenge_missing"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request", "pkce_required"),
        ({"code_challenge_method": "plain"}, "invalid_request", "code_challenge_method"),
        ({"code_challenge_method": None}, "invalid_request", "code_challenge_method"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request", "code_challenge"),
        ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request", "code_challenge"),
        ({"max_age": "x"}, "invalid_request", "max_age"),
        ({"max_age": "-1"}, "invalid_request", "max_age"),
        ({"max_age": "١٢"}, "invalid_request", "max_age"),
        ({"max_age": "9" * 30}, "invalid_request", "max_age"),
        ({"display": "hologram"}, "invalid_request", "display"),
        ({"prompt": "none login"}, "invalid_request", "prompt"),
        ({"prompt": "loginn"}, "invalid_request", "prompt"),
        ({"dpop_jkt": "short"}, "invalid_request", "dpop_jkt"),
        ({"acr_values": " ".join(f"urn:x:{number}" for number in range(200))}, "invalid_request", "acr_values"),
        ({"nonce": "n" * 5000}, "invalid_request", "nonce"),
        ({"registration": "{}"}, "registration_not_supported", None),
        ({"response_type": "token"}, "unsupported_response_type", None),
        ({"scope": "email"}, "invalid_scope", None),
    ],
)
def test_a_request_with_one_fault_goes_back_with_its_error(
    world: TokenWorld, portal: Registered, person: Visitor, changes: dict[str, str | None], code: str, why: str | None
) -> None:
    arrived = person.authorize(asked(portal, **changes)).arrived()
    assert (arrived["error"], arrived["state"]) == (code, "st-1")
    assert "code" not in arrived
    assert why in {None, reason(world)}


@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.spec("RFC 6749", "3.1.2.4")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_id": None}, "client_id_missing"),
        ({"client_id": ""}, "client_id_missing"),
        ({"client_id": "nobody"}, "unknown_client"),
        ({"redirect_uri": None}, "redirect_uri_missing"),
        ({"redirect_uri": ""}, "redirect_uri_missing"),
        ({"redirect_uri": f"{REDIRECT}/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{REDIRECT}?x=1"}, "redirect_uri_mismatch"),
    ],
)
def test_a_request_that_names_no_known_place_is_shown_and_never_sent_on(
    world: TokenWorld, portal: Registered, person: Visitor, changes: dict[str, str | None], why: str
) -> None:
    page = person.authorize(asked(portal, **changes))
    assert (page.status, page.error) == (400, "invalid_request")
    assert reason(world) == why


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_suspended_client_is_sent_nobody_back(world: TokenWorld, portal: Registered, person: Visitor) -> None:
    world.wiring.clients.set_state(portal.client.client_id, "suspended")
    page = person.authorize(asked(portal))
    assert (page.status, page.error) == (400, "invalid_request")
    assert reason(world) == "unknown_client"


@pytest.mark.spec("RFC 7636", "4.4.1")
def test_without_the_demand_a_request_may_leave_the_challenge_out_but_not_half_of_it(
    world: TokenWorld, person: Visitor
) -> None:
    lax = world.add_client(require_pkce=False)
    assert "code" in person.allowed(asked(lax, code_challenge=None, code_challenge_method=None)).arrived()
    half = person.authorize(asked(lax, code_challenge=None)).arrived()
    assert half["error"] == "invalid_request"


@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.parametrize(
    "changes", [{"max_age": "0"}, {"max_age": "86400"}, {"display": "wap"}, {"prompt": "login consent"}]
)
def test_what_is_well_formed_is_no_fault(
    world: TokenWorld, portal: Registered, person: Visitor, changes: dict[str, str]
) -> None:
    assert person.authorize(asked(portal, **changes)).error is None
    assert [row for row in world.events("authorization:request") if row["outcome"] == "refused"] == []
