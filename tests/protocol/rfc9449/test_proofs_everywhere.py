"""DPoP holds for every grant and where requests are pushed, not for the code grant alone."""

from __future__ import annotations

import re

import pytest

from tests.support.browser import Person
from tests.support.client_keys import ClientKey, new_key
from tests.support.device_world import GRANT, approve, device
from tests.support.dpop import LEFT_OUT, jkt, proof, redeem, token
from tests.support.in_process import browser, citizen
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import asked


@pytest.fixture
def key() -> ClientKey:
    """Return a key for proofs."""
    return new_key(None)


@pytest.fixture
def person(world: TokenWorld) -> Person:
    """Return a citizen."""
    return citizen(world)[1]


def bound_to(world: TokenWorld, answer: dict[str, str]) -> str:
    """Return the thumbprint that a token response's token is bound to."""
    assert answer["token_type"] == "DPoP"
    return str(world.verified(answer["access_token"], "at+jwt")["cnf"]["jkt"])


@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.spec("RFC 9449", "6.1")
def test_a_token_of_any_grant_is_bound_to_the_key_of_the_proof(
    world: TokenWorld, portal: Registered, person: Person, key: ClientKey
) -> None:
    own = token(world, portal, {"grant_type": "client_credentials"}, proof(world, key))
    assert bound_to(world, own.json) == jkt(key)
    code = world.code(portal, world.sign_in(world.add_person(81)))
    first = redeem(world, portal, code, proof(world, key)).json
    assert bound_to(world, first) == jkt(key)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert bound_to(world, token(world, portal, form, proof(world, key)).json) == jkt(key)
    tv = device(world)
    codes = tv.codes()
    approve(browser(world), codes["user_code"], person)
    world.clock.advance(5)
    form = {"grant_type": GRANT, "device_code": codes["device_code"]}
    assert bound_to(world, token(world, tv.of, form, proof(world, key)).json) == jkt(key)


@pytest.mark.spec("RFC 9449", "10.1")
@pytest.mark.spec("RFC 9449", "4.3")
def test_a_push_with_a_proof_that_does_not_hold_is_refused(
    world: TokenWorld, portal: Registered, key: ClientKey
) -> None:
    used = proof(world, key, "/par")
    assert world.post("/par", asked(portal), portal.basic, HTTP_DPOP=used).status == 201
    for bad in (
        used,
        proof(world, key, "/token"),
        proof(world, key, "/par", method="GET"),
        proof(world, key, "/par", iat=1),
        proof(world, key, "/par", jti=LEFT_OUT),
        proof(world, key, "/par", header={"typ": "JWT"}),
        "x.y.z",
    ):
        answer = world.post("/par", asked(portal), portal.basic, HTTP_DPOP=bad)
        assert (answer.status, answer.json["error"]) == (400, "invalid_dpop_proof")
        assert "request_uri" not in answer.json


@pytest.mark.spec("RFC 9449", "8.1")
def test_a_nonce_has_the_permitted_characters(world: TokenWorld, portal: Registered, key: ClientKey) -> None:
    seen = set()
    for _ in range(20):
        answer = token(world, portal, {"grant_type": "client_credentials"}, proof(world, key, nonce="x"))
        assert (answer.status, answer.json["error"]) == (400, "use_dpop_nonce")
        assert re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", answer.headers["dpop-nonce"])
        seen.add(answer.headers["dpop-nonce"])
        world.clock.advance(61)
    assert len(seen) > 1
