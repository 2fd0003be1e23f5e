"""What a token request may and may not be, beyond the grants: names without values, unknown names, scopes, characters of errors."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from idp.model.session import Session
from tests.support.token_world import REDIRECT, VERIFIER, Registered, TokenWorld

# RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E, and nothing else in error and error_description.
PERMITTED = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
SPENDS_NOTHING = ("invalid_client", "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
def test_a_parameter_without_a_value_counts_as_left_out_at_the_token_endpoint(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    code = world.code(portal, session)
    for empty in ("code", "redirect_uri", "code_verifier"):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        answer = world.post("/token", urlencode({**form, empty: ""}), portal.basic)
        assert (answer.status, answer.json["error"]) in {(400, "invalid_request"), (400, "invalid_grant")}
        assert "access_token" not in answer.json
    answer = world.post(
        "/token", f"grant_type=client_credentials&scope=&client_secret=&resource=&x={code}", portal.basic
    )
    assert answer.status == 200, "an empty scope, secret and resource are none"


@pytest.mark.spec("RFC 6749", "3.2")
def test_an_unknown_parameter_changes_nothing_at_the_token_endpoint(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    answer = world.redeem(portal, world.code(portal, session), sub="somebody", acr="urn:dinhdanh:loa:4", x="1")
    assert answer.status == 200
    claims = world.verified(answer.json["id_token"])
    assert (claims["acr"], claims["sub"] == "somebody") == (session.acr, False)


@pytest.mark.spec("RFC 6749", "3.3")
def test_a_response_says_the_scope_that_was_given(world: TokenWorld, portal: Registered, session: Session) -> None:
    issued = world.redeem(portal, world.code(portal, session, "openid email profile")).json
    assert issued["scope"] == "openid email profile"
    assert world.refresh(portal, issued["refresh_token"], scope="openid email").json["scope"] == "openid email"


@pytest.mark.spec("RFC 6749", "3.3")
def test_a_client_that_names_no_scope_gets_nothing_of_people(world: TokenWorld, portal: Registered) -> None:
    answer = world.own_token(portal)
    assert answer.status == 200
    assert world.verified(answer.json["access_token"], "at+jwt").get("scope", "") == ""
    assert world.userinfo(answer.json["access_token"]).status in {401, 403}


@pytest.mark.spec("RFC 6749", "3.2.1")
@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.spec("RFC 6749", "6")
def test_who_does_not_prove_himself_gets_nothing_by_any_grant(
    world: TokenWorld, portal: Registered, session: Session
) -> None:
    me, code = portal.client.client_id, world.code(portal, session)
    refresh = world.tokens(portal, session)["refresh_token"]
    forms: tuple[dict[str, str], ...] = (
        {"grant_type": "client_credentials"},
        {"grant_type": "refresh_token", "refresh_token": refresh},
        {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER},
    )
    for form in forms:
        for credential in ({"client_id": me}, {"client_id": me, "client_secret": "wrong"}, {}):
            answer = world.post("/token", {**form, **credential})
            assert answer.json["error"] in SPENDS_NOTHING
            assert "access_token" not in answer.json
    assert world.refresh(portal, refresh).status == 200, "what a stranger tried cost the client nothing"
    assert world.redeem(portal, code).status == 200


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("odd", ['"', "\\", "\u0111", "\x7f", "<script>", "\U0001f600"])
def test_no_error_of_the_token_endpoint_has_a_character_that_is_not_permitted(
    world: TokenWorld, portal: Registered, odd: str
) -> None:
    for form in (
        {"grant_type": odd},
        {"grant_type": "authorization_code", "code": odd, "redirect_uri": odd, "code_verifier": odd},
        {"grant_type": "refresh_token", "refresh_token": odd},
        {"grant_type": "client_credentials", "scope": odd},
        {"grant_type": "client_credentials", "resource": odd},
        {"grant_type": "client_credentials", odd: odd},
    ):
        answer = world.post("/token", form, portal.basic)
        if answer.status == 200:
            continue
        assert answer.status == 400
        assert PERMITTED.fullmatch(answer.json["error"])
        assert PERMITTED.fullmatch(answer.json.get("error_description", ""))
