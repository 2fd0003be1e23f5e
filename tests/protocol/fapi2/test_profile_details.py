"""Details of the FAPI 2.0 profile that no other test looks at: keys that share an id, long nonces, no way back to plain http."""

from __future__ import annotations

import pytest

from tests.support.assertions import OWN, asserted, signed_assertion
from tests.support.client_keys import PublishedKeys, new_key
from tests.support.fapi import fapi_party
from tests.support.token_world import TokenWorld
from tests.support.visit import Visitor, asked


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.4.3")
@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_a_client_whose_published_keys_share_an_id_proves_itself_by_either(world: TokenWorld, alg: str) -> None:
    keys = {"ES256": new_key("same", "ES256"), "PS256": new_key("same", "PS256")}
    world.wiring.client_keys._fetcher = PublishedKeys(*keys.values())  # type: ignore[assignment]
    client = world.add_client(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://portal.example.vn/jwks")
    form = asserted(signed_assertion(world, keys[alg], client))
    assert world.post("/token", {**OWN, **form}).status == 200
    stranger = asserted(signed_assertion(world, new_key("same", alg), client))
    assert world.post("/token", {**OWN, **stranger}).json["error"] == "invalid_client"


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.2")
def test_a_nonce_of_64_characters_is_taken_and_comes_back(world: TokenWorld) -> None:
    bank, citizen, nonce = fapi_party(world), Visitor(world, world.add_person(91)), "n" * 64
    arrived = citizen.allowed(bank.reference(bank.push(nonce=nonce))).arrived()
    assert world.verified(bank.redeem(arrived["code"]).json["id_token"])["nonce"] == nonce


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.2.3")
def test_pages_and_answers_to_browsers_forbid_plain_http(world: TokenWorld) -> None:
    portal, citizen = world.add_client(), Visitor(world, world.add_person(92))
    for page in (citizen.open("/account"), citizen.authorize(asked(portal)), Visitor(world).authorize(asked(portal))):
        assert page.callback is None
        assert "max-age=31536000" in page.headers["Strict-Transport-Security"]


@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.3")
def test_the_person_is_named_in_the_token_response_by_an_id_token(world: TokenWorld) -> None:
    bank, account = fapi_party(world), world.add_person(93)
    arrived = Visitor(world, account).allowed(bank.reference(bank.push())).arrived()
    tokens = bank.redeem(arrived["code"]).json
    assert world.verified(tokens["id_token"])["sub"] == world.wiring.subjects.subject(account, bank.registered.client)
