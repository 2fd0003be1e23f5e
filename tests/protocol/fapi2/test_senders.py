"""FAPI 2.0 clients prove themselves by keys, to this issuer alone, and get tokens that only they can use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.assertions import OWN, asserted, signed_assertion
from tests.support.client_keys import ClientKey, key_set, new_key
from tests.support.dpop import proof
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

PROFILES = ("fapi2", "fapi2-message-signing")


@pytest.fixture
def key() -> ClientKey:
    return new_key()


def member(world: TokenWorld, key: ClientKey, profile: str = "fapi2") -> Registered:
    return world.add_client(
        profile=profile,
        token_endpoint_auth_method="private_key_jwt",
        jwks=key_set(key),
        authorization_signed_response_alg="ES256",
    )


def ask(world: TokenWorld, key: ClientKey, of: Registered, **changes: Any) -> Answer:
    return world.post("/token", asserted(signed_assertion(world, key, of, **changes)), HTTP_DPOP=proof(world, key))


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.parametrize("profile", PROFILES)
def test_assertion_names_the_issuer_as_a_text_and_nothing_else(world: TokenWorld, key: ClientKey, profile: str) -> None:
    client = member(world, key, profile)
    assert ask(world, key, client).status == 200
    for aud in (f"{ISSUER}/token", [ISSUER], [ISSUER, "https://elsewhere.example.vn"], "https://elsewhere.example.vn"):
        answer = ask(world, key, client, aud=aud)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert world.events("token:request")[-1]["reason"] == "token_audience_refused"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_rs256_proves_nobody(world: TokenWorld) -> None:
    rsa = new_key("r", "RS256")
    assert ask(world, rsa, member(world, rsa)).json["error"] == "invalid_client"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.parametrize("profile", PROFILES)
def test_no_token_is_issued_that_anybody_could_use(world: TokenWorld, key: ClientKey, profile: str) -> None:
    client = member(world, key, profile)
    answer = world.post("/token", asserted(signed_assertion(world, key, client)))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert ask(world, key, client).json["token_type"] == "DPoP"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
def test_secret_proves_nobody(world: TokenWorld, key: ClientKey) -> None:
    client = member(world, key)
    body = {**OWN, "client_id": client.client.client_id, "client_secret": "x" * 43}
    assert world.post("/token", body, HTTP_DPOP=proof(world, key)).json["error"] == "invalid_client"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.1")
def test_rs256_vouches_for_nobody(world: TokenWorld, key: ClientKey) -> None:
    grant, issuer = "urn:ietf:params:oauth:grant-type:jwt-bearer", "https://issuer.example.vn"
    weak, strong = new_key("weak", "RS256"), new_key("strong")
    client = world.add_client(
        profile="fapi2",
        token_endpoint_auth_method="private_key_jwt",
        jwks=key_set(key),
        authorization_signed_response_alg="ES256",
        grant_types=["authorization_code", grant],
        assertion_issuers={issuer: {"subject": "client", "scope": "openid", "jwks": key_set(weak, strong)}},
    )
    now, answers = world.clock.now(), []
    for number, signer in enumerate((weak, strong)):
        claims = {"iss": issuer, "sub": client.client.client_id, "aud": ISSUER, "exp": now + 60, "jti": str(number)}
        form = {"grant_type": grant, "assertion": signer.sign(claims)}
        proven = {**asserted(signed_assertion(world, key, client)), **form}
        answers.append(world.post("/token", proven, HTTP_DPOP=proof(world, key)))
    assert [one.status for one in answers] == [400, 200]
    assert answers[0].json["error"] == "invalid_grant"
