"""Signed CIBA requests: all in the JWT or nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from clients.errors import RegistrationRefused
from tests.support.ciba_world import Caller, caller
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.clock import START
from tests.support.in_process import citizen
from tests.support.token_world import ISSUER, TokenWorld

KEY = new_key()


@pytest.fixture
def desk(world: TokenWorld) -> Caller:
    """Return a department that signs."""
    citizen(world)
    return caller(world, backchannel_authentication_request_signing_alg="ES256", jwks=key_set(KEY))


def claims(desk: Caller, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good request, with changes; None takes one out."""
    now = desk.world.clock.now()
    made = {
        "iss": desk.of.client.client_id, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60, "jti": "one",
        "scope": "openid", "login_hint": "049499000001", "requested_expiry": 120, **changes,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def sent(desk: Caller, token: str, **beside: str) -> tuple[int, str]:
    """Send a signed request; return status and error."""
    answer = desk.world.post("/bc-authorize", {"request": token, **beside}, desk.of.basic)
    return answer.status, str(answer.json.get("error", ""))


@pytest.mark.spec("CIBA Core", "7.1.1")
def test_a_signed_request_counts_once(desk: Caller) -> None:
    token = KEY.sign(claims(desk))
    assert sent(desk, token) == (200, "")
    assert sent(desk, token) == (400, "invalid_request")


@pytest.mark.spec("CIBA Core", "7.1.1")
def test_nothing_beside_the_signed_request_counts(desk: Caller) -> None:
    assert sent(desk, KEY.sign(claims(desk)), login_hint="049499000002") == (400, "invalid_request")


@pytest.mark.spec("CIBA Core", "7.1.1")
@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "nbf", "jti"])
def test_every_claim_that_binds_the_request_is_needed(desk: Caller, missing: str) -> None:
    assert sent(desk, KEY.sign(claims(desk, **{missing: None}))) == (400, "invalid_request")


@pytest.mark.spec("CIBA Core", "7.2")
@pytest.mark.spec("CIBA Core", "7.1.1")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"aud": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"nbf": START - 70 * 60},
        {"nbf": START - 3500, "exp": START + 200},
        {"jti": ""},
        {"jti": "x" * 200},
        {"scope": ["openid"]},
        {"login_hint": {"code": "1"}},
    ],
)
def test_a_claim_that_does_not_fit_refuses_the_request(desk: Caller, changes: dict[str, Any]) -> None:
    assert sent(desk, KEY.sign(claims(desk, **changes))) == (400, "invalid_request")


@pytest.mark.spec("CIBA Core", "7.1.1")
@pytest.mark.parametrize("asked", [90, "90"])
def test_the_life_that_a_signed_request_asks_may_be_a_number_or_a_text(desk: Caller, asked: int | str) -> None:
    token = KEY.sign(claims(desk, requested_expiry=asked))
    answer = desk.world.post("/bc-authorize", {"request": token}, desk.of.basic)
    assert (answer.status, answer.json["expires_in"]) == (200, 90)


@pytest.mark.spec("CIBA Core", "7.1.1")
def test_another_key_and_another_algorithm_are_refused(desk: Caller) -> None:
    assert sent(desk, new_key().sign(claims(desk))) == (400, "invalid_request")
    assert sent(desk, new_key("k1", "RS256").sign(claims(desk))) == (400, "invalid_request")
    assert sent(desk, ClientKey("k1", "ES256", KEY.private).sign(claims(desk), alg="none")) == (400, "invalid_request")


@pytest.mark.spec("CIBA Core", "7.1.1")
def test_a_client_that_signs_cannot_go_without(desk: Caller) -> None:
    assert desk.refused() == "invalid_request"


@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/token", f"{ISSUER}/bc-authorize"])
def test_an_assertion_may_name_issuer_token_endpoint_or_this_endpoint(world: TokenWorld, audience: str) -> None:
    citizen(world)
    own = caller(world, token_endpoint_auth_method="private_key_jwt", jwks=key_set(KEY)).of
    assert own.client.redirect_uris == ()
    now, me = world.clock.now(), own.client.client_id
    asserted = {"iss": me, "sub": me, "aud": audience, "iat": now, "exp": now + 60, "jti": "a"}
    form = {
        "scope": "openid", "login_hint": "049499000001", "client_assertion": KEY.sign(asserted),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }  # fmt: skip
    assert world.post("/bc-authorize", form).status == 200
    elsewhere = KEY.sign({**asserted, "aud": f"{ISSUER}/revoke", "jti": "b"})
    assert world.post("/bc-authorize", {**form, "client_assertion": elsewhere}).json["error"] == "invalid_client"


@pytest.mark.spec("CIBA Core", "13")
@pytest.mark.parametrize("odd", ['"', "\\", "\u0111", "\x7f", "\U0001f600"])
def test_no_error_has_a_character_that_is_not_permitted(world: TokenWorld, desk: Caller, odd: str) -> None:
    plain, own = caller(world), {"scope": "openid", "login_hint": "049499000001"}
    answers = [
        desk.world.post("/bc-authorize", {"request": KEY.sign(claims(desk)), odd: "x"}, desk.of.basic),
        desk.world.post("/bc-authorize", {"request": KEY.sign(claims(desk, **{odd: 1.5}))}, desk.of.basic),
        desk.world.post("/bc-authorize", {"request": KEY.sign(claims(desk, scope=f"openid {odd}"))}, desk.of.basic),
        *(plain.ask(**{**own, name: odd}) for name in ("scope", "requested_expiry", "acr_values", "resource")),
    ]
    refused = [answer.json for answer in answers if answer.status != 200]
    assert len(refused) >= 4
    for body in refused:
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", body["error_description"]), body


def test_a_client_that_does_not_sign_cannot_begin_to(world: TokenWorld) -> None:
    assert caller(world).refused(login_hint="", scope="", binding_message="", request="x.y.z") == "invalid_request"


@pytest.mark.spec("RFC 9396", "3")
@pytest.mark.spec("CIBA Core", "7.1.1")
def test_json_and_lists_in_a_signed_request_are_what_they_are_in_a_form(world: TokenWorld) -> None:
    citizen(world)
    land = "https://land.example.vn/api"
    world.add_client(resource_identifiers=[land], scope="openid")
    kind = "urn:dinhdanh:details:dossier"
    asks = {"authorization_details_types": [kind], "allowed_resources": [land]}
    desk = caller(world, backchannel_authentication_request_signing_alg="ES256", jwks=key_set(KEY), **asks)
    detail = {"type": kind, "identifier": "H17.15-261127-0001", "actions": ["read"]}
    more = {"authorization_details": [detail], "resource": [land], "claims": {"userinfo": {"email": None}}}
    assert sent(desk, KEY.sign(claims(desk, **more))) == (200, "")
    assert sent(desk, KEY.sign(claims(desk, jti="big", claims={"userinfo": {"email": {"value": 2**70}}})))[0] == 400
    for wrong in (
        {"authorization_details": [{**detail, "more": 1}]},
        {"resource": [land, 7]},
        {"claims": {"userinfo": 1}},
    ):
        assert sent(desk, KEY.sign(claims(desk, jti=str(wrong)[:60], **wrong)))[0] == 400


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
def test_client_whose_profile_wants_signed_requests_registers_how_it_signs_those_of_ciba(world: TokenWorld) -> None:
    signing = {
        "profile": "fapi2-message-signing", "token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(KEY),
        "dpop_bound_access_tokens": True,
    }  # fmt: skip
    with pytest.raises(RegistrationRefused) as refused:
        caller(world, **signing)
    assert {one.field for one in refused.value.errors} == {"backchannel_authentication_request_signing_alg"}
    caller(world, **signing, backchannel_authentication_request_signing_alg="ES256")
