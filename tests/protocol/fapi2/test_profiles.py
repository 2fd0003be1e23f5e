"""FAPI 2.0 profiles: what a client of such a profile may not leave out, refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from clients import profiles
from clients.metadata import parse
from tests.support.client_keys import key_set, new_key
from tests.support.dpop import proof, resource_proof, userinfo
from tests.support.fapi import FapiParty, fapi_party
from tests.support.memory_clients import department
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import Visitor, asked

KEY = new_key()


@pytest.fixture
def bank(world: TokenWorld) -> FapiParty:
    """Return a FAPI client."""
    return fapi_party(world)


@pytest.fixture
def notary(world: TokenWorld) -> FapiParty:
    """Return a client that signs messages."""
    return fapi_party(world, "fapi2-message-signing")


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(16))


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_the_whole_flow_ends_in_bound_tokens(world: TokenWorld, bank: FapiParty, citizen: Visitor) -> None:
    arrived = citizen.allowed(bank.reference(bank.push())).arrived()
    assert arrived["iss"] == ISSUER
    tokens = bank.redeem(arrived["code"]).json
    assert tokens["token_type"] == "DPoP"
    access = tokens["access_token"]
    assert "jkt" in world.verified(access, "at+jwt")["cnf"]
    assert userinfo(world, access, resource_proof(world, bank.possession, access)).status == 200
    assert world.userinfo(access).status == 401


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_a_token_request_without_proof_of_possession_is_refused(
    world: TokenWorld, bank: FapiParty, citizen: Visitor
) -> None:
    code = citizen.allowed(bank.reference(bank.push())).arrived()["code"]
    refused = bank.redeem(code, dpop=False)
    assert refused.status == 400
    assert bank.redeem(code).status == 200


@pytest.mark.spec("RFC 9449", "10.1")
def test_the_key_that_proved_the_push_is_the_codes_also_with_a_request_object(
    world: TokenWorld, notary: FapiParty, citizen: Visitor
) -> None:
    form = notary.authenticated({"request": notary.request_object(response_mode="jwt")})
    answer = world.post("/par", form, HTTP_DPOP=proof(world, notary.possession, "/par"))
    code = str(world.verified(citizen.allowed(notary.reference(answer)).arrived()["response"])["code"])
    own, notary.possession = notary.possession, new_key(None)
    assert notary.redeem(code).json["error"] == "invalid_grant"
    notary.possession = own
    assert notary.redeem(code).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_a_request_that_was_not_pushed_is_refused(world: TokenWorld, bank: FapiParty, citizen: Visitor) -> None:
    arrived = citizen.authorize(asked(bank.registered)).arrived()
    assert arrived["error"] == "invalid_request"
    assert "/par" in arrived["error_description"]
    assert world.events("authorization:request")[0]["reason"] == "not_pushed"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"redirect_uri": None},
        {"response_type": "code id_token"},
    ],
)
def test_a_weaker_request_is_refused_when_it_is_pushed(bank: FapiParty, changes: dict[str, str | None]) -> None:
    assert bank.push(**changes).status == 400


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_a_push_without_authentication_is_refused(world: TokenWorld, bank: FapiParty) -> None:
    answer = world.post("/par", asked(bank.registered))
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_a_code_lives_a_minute_at_most(world: TokenWorld) -> None:
    long = TokenWorld(world.home, world.database, world.clock, lifetimes={"code": 600})
    bank, plain = fapi_party(long), long.add_client()
    citizen = Visitor(long, long.add_person(17))
    code = citizen.allowed(bank.reference(bank.push())).arrived()["code"]
    other = citizen.allowed(asked(plain)).arrived()["code"]
    long.clock.advance(60)
    assert bank.redeem(code).json["error"] == "invalid_grant"
    assert long.redeem(plain, other).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_refresh_tokens_do_not_rotate(world: TokenWorld, bank: FapiParty, citizen: Visitor) -> None:
    tokens = bank.redeem(citizen.allowed(bank.reference(bank.push())).arrived()["code"]).json
    for _ in range(3):
        world.clock.advance(100)
        answer = bank.refresh(tokens["refresh_token"])
        assert (answer.status, "refresh_token" in answer.json) == (200, False)
    assert world.post("/revoke", bank.authenticated({"token": tokens["refresh_token"]})).status == 200
    assert bank.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_refresh_tokens_that_stay_end_by_disuse_too(world: TokenWorld) -> None:
    brief = TokenWorld(world.home, world.database, world.clock, lifetimes={"refresh_idle": 3600})
    bank, citizen = fapi_party(brief), Visitor(brief, brief.add_person(17))
    token = bank.redeem(citizen.allowed(bank.reference(bank.push())).arrived()["code"]).json["refresh_token"]
    for _ in range(2):
        brief.clock.advance(3599)
        assert bank.refresh(token).status == 200
    brief.clock.advance(3600)
    assert bank.refresh(token).json["error"] == "invalid_grant"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_rs256_signs_nothing_for_the_profile(world: TokenWorld) -> None:
    bank = fapi_party(world, alg="RS256")
    assert bank.push().json["error"] == "invalid_client"
    both = new_key("k2")
    mixed = FapiParty(world, fapi_party(world, jwks=key_set(both, bank.key)).registered, both)
    assert mixed.push().status == 201
    form = mixed.authenticated({"request": FapiParty(world, mixed.registered, bank.key).request_object()})
    assert world.post("/par", form).json["error"] == "invalid_request_object"


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
def test_an_unsigned_request_is_refused(world: TokenWorld, notary: FapiParty) -> None:
    answer = notary.push(response_mode="jwt")
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert "request object" in answer.json["error_description"]
    assert world.events("authorization:push")[0]["reason"] == "not_signed"


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_an_unsigned_answer_is_not_to_be_had(world: TokenWorld, notary: FapiParty) -> None:
    for mode in (None, "query", "form_post"):
        answer = notary.push_object(notary.request_object(response_mode=mode))
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("authorization:push")[0]["reason"] == "not_jarm"


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
@pytest.mark.parametrize(
    "changes", [{"nbf": None}, {"exp": None}, {"nbf": -3601}, {"exp": 3601}, {"aud": "https://other.example.vn"}]
)
def test_an_object_without_tight_dates_is_refused(
    world: TokenWorld, notary: FapiParty, changes: dict[str, Any]
) -> None:
    now = world.clock.now()
    made = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    answer = notary.push_object(notary.request_object(response_mode="jwt", **made))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_signed_request_and_signed_answer_go_together(world: TokenWorld, notary: FapiParty, citizen: Visitor) -> None:
    reference = notary.reference(notary.push_object(notary.request_object(response_mode="jwt")))
    response = world.verified(citizen.allowed(reference).arrived()["response"])
    assert (response["iss"], response["aud"]) == (ISSUER, notary.client_id)
    assert notary.redeem(response["code"]).status == 200


def good(**changes: Any) -> dict[str, Any]:
    """Return registered values that fit ``fapi2-message-signing``, but for ``changes``."""
    signing = dict.fromkeys(profiles._ALG_FIELDS, "ES256")
    values = dict(parse(department(jwks=key_set(KEY))).values)
    fits = {"profile": "fapi2-message-signing", "token_endpoint_auth_method": "private_key_jwt", **signing}
    return {**values, **fits, **changes}


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("token_endpoint_auth_method", "client_secret_basic"),
        ("token_endpoint_auth_method", "client_secret_jwt"),
        ("token_endpoint_auth_method", "none"),
        ("require_pkce", False),
        ("response_types", frozenset({"code", "code id_token"})),
        ("redirect_uris", ("http://localhost/back",)),
        ("jwks", None),
        *((name, "RS256") for name in profiles._ALG_FIELDS),
    ],
)
def test_a_registration_that_is_weaker_than_its_profile_is_refused_by_name(field: str, value: object) -> None:
    assert profiles.faults(good()) == []
    assert [(one.field, one.reason) for one in profiles.faults(good(**{field: value}))] == [(field, "profile")]
    assert profiles.faults(good(**{field: value, "profile": "oidc"})) == []
