"""FAPI 2.0 profiles: what a client of such a profile may not leave out, refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clients import profiles
from clients.metadata import parse
from clients.registry import ClientEvent
from tests.support.client_keys import key_set, new_key
from tests.support.dpop import proof, redeem, token
from tests.support.memory_clients import department
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import Visitor, asked

KEY = new_key()


def of_profile(world: TokenWorld, name: str, **metadata: Any) -> Registered:
    """Return a client whose profile was switched in the store."""
    made = world.add_client(jwks=key_set(KEY), authorization_signed_response_alg="ES256", **metadata)
    switched = replace(made.client, profile=name)
    stored = world.wiring.clients._repository.replace(switched, ClientEvent("update", switched.client_id, ("profile",)))
    world.wiring.clients.observe(stored.version)
    return Registered(stored, made.secret)


@pytest.fixture
def bank(world: TokenWorld) -> Registered:
    """Return a FAPI client."""
    return of_profile(world, "fapi2")


@pytest.fixture
def notary(world: TokenWorld) -> Registered:
    """Return a client that signs messages."""
    return of_profile(world, "fapi2-message-signing")


@pytest.fixture
def citizen(world: TokenWorld) -> Visitor:
    """Return the browser of a signed-in citizen."""
    return Visitor(world, world.add_person(16))


def signed(world: TokenWorld, of: Registered, **changes: Any) -> str:
    """Return a request object of the profile."""
    now = world.clock.now()
    made = {**asked(of), "iss": of.client.client_id, "aud": ISSUER, "nbf": now, "exp": now + 300, **changes}
    return KEY.sign({name: value for name, value in made.items() if value is not None}, typ="oauth-authz-req+jwt")


def pushed(world: TokenWorld, of: Registered, **changes: str | None) -> dict[str, str]:
    """Return the reference of a pushed request."""
    answer = world.post("/par", asked(of, **changes), of.basic)
    assert answer.status == 201, answer.body
    return {"client_id": of.client.client_id, "request_uri": answer.json["request_uri"]}


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_a_request_that_was_not_pushed_is_refused(world: TokenWorld, bank: Registered, citizen: Visitor) -> None:
    arrived = citizen.authorize(asked(bank)).arrived()
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
def test_a_weaker_request_is_refused_when_it_is_pushed(
    world: TokenWorld, bank: Registered, changes: dict[str, str | None]
) -> None:
    assert world.post("/par", asked(bank, **changes), bank.basic).status == 400


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_a_code_lives_a_minute_at_most(world: TokenWorld) -> None:
    long = TokenWorld(world.home, world.database, world.clock, lifetimes={"code": 600})
    bank, plain = of_profile(long, "fapi2"), long.add_client()
    citizen = Visitor(long, long.add_person(17))
    code = citizen.allowed(pushed(long, bank)).arrived()["code"]
    other = citizen.allowed(asked(plain)).arrived()["code"]
    long.clock.advance(60)
    assert redeem(long, bank, code, proof(long, KEY)).json["error"] == "invalid_grant"
    assert long.redeem(plain, other).status == 200


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_refresh_tokens_do_not_rotate(world: TokenWorld, bank: Registered, citizen: Visitor) -> None:
    code = citizen.allowed(pushed(world, bank)).arrived()["code"]
    tokens = redeem(world, bank, code, proof(world, KEY)).json
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for _ in range(3):
        world.clock.advance(100)
        answer = token(world, bank, form, proof(world, KEY))
        assert (answer.status, "refresh_token" in answer.json) == (200, False)
    assert world.revoke(bank, tokens["refresh_token"]).status == 200
    assert token(world, bank, form, proof(world, KEY)).json["error"] == "invalid_grant"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_rs256_signs_nothing_for_the_profile(world: TokenWorld, bank: Registered) -> None:
    rsa = new_key("r", "RS256")
    switched = replace(bank.client, jwks=key_set(rsa))
    stored = world.wiring.clients._repository.replace(switched, ClientEvent("update", switched.client_id, ("jwks",)))
    world.wiring.clients.observe(stored.version)
    now = world.clock.now()
    claims = {**asked(bank), "iss": bank.client.client_id, "aud": ISSUER, "nbf": now, "exp": now + 60}
    answer = world.post("/par", {"request": rsa.sign(claims)}, bank.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
def test_an_unsigned_request_is_refused(world: TokenWorld, notary: Registered) -> None:
    answer = world.post("/par", asked(notary, response_mode="jwt"), notary.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert "request object" in answer.json["error_description"]
    assert world.events("authorization:push")[0]["reason"] == "not_signed"


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_an_unsigned_answer_is_not_to_be_had(world: TokenWorld, notary: Registered) -> None:
    for mode in (None, "query", "form_post"):
        answer = world.post("/par", {"request": signed(world, notary, response_mode=mode)}, notary.basic)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.events("authorization:push")[0]["reason"] == "not_jarm"


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
@pytest.mark.parametrize(
    "changes", [{"nbf": None}, {"exp": None}, {"nbf": -3601}, {"exp": 3601}, {"aud": "https://other.example.vn"}]
)
def test_an_object_without_tight_dates_is_refused(
    world: TokenWorld, notary: Registered, changes: dict[str, Any]
) -> None:
    now = world.clock.now()
    made = {name: now + value if isinstance(value, int) else value for name, value in changes.items()}
    answer = world.post("/par", {"request": signed(world, notary, response_mode="jwt", **made)}, notary.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.4.1")
def test_signed_request_and_signed_answer_go_together(world: TokenWorld, notary: Registered, citizen: Visitor) -> None:
    answer = world.post("/par", {"request": signed(world, notary, response_mode="jwt")}, notary.basic)
    reference = {"client_id": notary.client.client_id, "request_uri": answer.json["request_uri"]}
    response = world.verified(citizen.allowed(reference).arrived()["response"])
    assert (response["iss"], response["aud"]) == (ISSUER, notary.client.client_id)
    assert redeem(world, notary, response["code"], proof(world, KEY)).status == 200


def good(**changes: Any) -> dict[str, Any]:
    """Return registered values that fit ``fapi2-message-signing``, but for ``changes``."""
    signing = dict.fromkeys(profiles._ALG_FIELDS, "ES256")
    values = dict(parse(department(jwks=key_set(KEY))).values)
    fits = {"profile": "fapi2-message-signing", "token_endpoint_auth_method": "private_key_jwt", **signing}
    return {**values, **fits, **changes}


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
