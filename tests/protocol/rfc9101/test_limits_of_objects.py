"""What no request object may bring along, and how long a reference to one may be."""

from __future__ import annotations

import pytest

from idp.flows.pushed import PREFIX
from tests.support.client_keys import key_set, new_key
from tests.support.fapi import FapiParty, fapi_party
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import Visitor, asked

KEY = new_key()
URI = "https://portal.example.vn/request.jwt"


@pytest.fixture
def portal(world: TokenWorld) -> Registered:
    """Return a client with a key."""
    return world.add_client(jwks=key_set(KEY), request_uris=[URI])


def signed(world: TokenWorld, of: Registered, **changes: object) -> str:
    """Return a proper object but for ``changes``; None takes a member out."""
    now = world.clock.now()
    own = {"iss": of.client.client_id, "aud": ISSUER, "exp": now + 300, "nbf": now, "iat": now, "jti": "j"}
    made = {name: value for name, value in {**asked(of), **own, **changes}.items() if value is not None}
    return KEY.sign(made, typ="oauth-authz-req+jwt")


@pytest.mark.spec("RFC 9101", "4")
@pytest.mark.spec("OIDC Core", "6.1")
@pytest.mark.parametrize("within", [{"request": "x.y.z"}, {"request_uri": f"{PREFIX}x"}, {"request_uri": URI}])
def test_an_object_within_an_object_or_a_reference_is_refused(
    world: TokenWorld, portal: Registered, within: dict[str, str]
) -> None:
    citizen = Visitor(world, world.add_person(41))
    form = {"client_id": portal.client.client_id, "request": signed(world, portal, **within)}
    page = citizen.authorize(form)
    assert (page.callback, page.error) == (None, "invalid_request_object")
    pushed = world.post("/par", form, portal.basic)
    assert (pushed.status, pushed.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("RFC 9101", "5.2")
@pytest.mark.spec("OIDC Core", "6.2")
def test_a_reference_of_more_than_512_characters_neither_registers_nor_opens(
    world: TokenWorld, portal: Registered
) -> None:
    long = "https://portal.example.vn/" + "r" * 487
    assert len(long) == 513
    citizen = Visitor(world, world.add_person(42))
    page = citizen.authorize({"client_id": portal.client.client_id, "request_uri": long})
    assert (page.callback, page.error) == (None, "invalid_request_uri")
    guessed = citizen.authorize({"client_id": portal.client.client_id, "request_uri": PREFIX + "x" * 512})
    assert guessed.callback is None


@pytest.mark.spec("RFC 9126", "2.3")
@pytest.mark.spec("RFC 9101", "10.5")
def test_a_client_that_has_to_sign_pushes_nothing_unsigned(world: TokenWorld) -> None:
    signer = world.add_client(jwks=key_set(KEY), require_signed_request_object=True)
    answer = world.post("/par", asked(signer), signer.basic)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert world.post("/par", {"request": signed(world, signer)}, signer.basic).status == 201


@pytest.mark.spec("RFC 9126", "3")
def test_an_object_of_another_client_than_the_one_that_pushes_is_refused(world: TokenWorld, portal: Registered) -> None:
    other = world.add_client(jwks=key_set(KEY))
    for token in (
        signed(world, other),
        signed(world, portal, client_id=other.client.client_id),
        signed(world, portal, iss=other.client.client_id),
    ):
        answer = world.post("/par", {"request": token}, portal.basic)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")
        assert "request_uri" not in answer.json


@pytest.mark.spec("FAPI 2.0 Message Signing", "5.3.1")
@pytest.mark.parametrize("aud", [f"{ISSUER}/par", f"{ISSUER}/authorize", "https://elsewhere.example.vn", None, []])
def test_an_object_for_anybody_but_the_issuer_is_refused(world: TokenWorld, aud: object) -> None:
    notary: FapiParty = fapi_party(world, "fapi2-message-signing")
    assert notary.push_object(notary.request_object(response_mode="jwt")).status == 201
    answer = notary.push_object(notary.request_object(response_mode="jwt", aud=aud))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request_object")


@pytest.mark.spec("RFC 9126", "2")
@pytest.mark.parametrize("aud", [ISSUER, f"{ISSUER}/token", f"{ISSUER}/par"])
def test_a_push_takes_an_assertion_for_the_issuer_the_token_endpoint_and_itself(world: TokenWorld, aud: str) -> None:
    client = world.add_client(token_endpoint_auth_method="private_key_jwt", jwks=key_set(KEY))
    now, me = world.clock.now(), client.client.client_id
    assertion = KEY.sign({"iss": me, "sub": me, "aud": aud, "iat": now, "exp": now + 60, "jti": aud})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {**asked(client), "client_assertion_type": kind, "client_assertion": assertion}
    assert world.post("/par", form).status == 201
    assert world.post("/par", form).json["error"] == "invalid_client", "an assertion serves once"
