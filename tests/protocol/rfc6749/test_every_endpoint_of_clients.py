"""Every endpoint that clients call refuses a wrong credential in the same way, and takes nothing but a POST."""

from __future__ import annotations

import base64

import pytest

from tests.support.token_world import Registered, TokenWorld, basic

CIBA = "urn:openid:params:grant-type:ciba"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
PATHS = ["/token", "/par", "/introspect", "/revoke", "/device_authorization", "/bc-authorize"]
FORM = {"token": "x", "grant_type": "client_credentials", "scope": "openid", "login_hint": "x", "response_type": "code"}


@pytest.fixture
def party(world: TokenWorld) -> Registered:
    """Return a client of every endpoint."""
    return world.add_client(
        grant_types=["authorization_code", "client_credentials", CIBA, DEVICE],
        backchannel_token_delivery_mode="poll",
    )


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7662", "2.3")
@pytest.mark.spec("RFC 8628", "3.1")
@pytest.mark.spec("RFC 9126", "2.3")
@pytest.mark.spec("CIBA Core", "7.2")
@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_basic_credential_is_401_with_a_challenge_everywhere(
    world: TokenWorld, party: Registered, path: str
) -> None:
    me = party.client.client_id
    for header in (
        basic(me, "wrong"),
        basic("nobody", party.secret),
        "Basic ////",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
    ):
        answer = world.post(path, FORM, header)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.spec("RFC 6749", "2.3")
@pytest.mark.parametrize("path", PATHS)
def test_two_credentials_or_one_twice_are_refused_everywhere(world: TokenWorld, party: Registered, path: str) -> None:
    both = world.post(path, {**FORM, "client_id": party.client.client_id, "client_secret": party.secret}, party.basic)
    assert both.status in {400, 401}
    assert both.json["error"] in {"invalid_request", "invalid_client"}
    twice = world.post(
        path, f"scope=openid&scope=openid&token=x&token=x&client_id={party.client.client_id}", party.basic
    )
    assert (twice.status, twice.json["error"]) == (400, "invalid_request")


@pytest.mark.spec("RFC 9126", "2.3")
@pytest.mark.spec("RFC 8628", "3.1")
@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.parametrize("path", PATHS)
def test_nothing_but_a_post_is_taken_by_the_endpoints_of_clients(
    world: TokenWorld, party: Registered, path: str
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = world.send(method, path, b"", party.basic, QUERY_STRING="token=x&scope=openid")
        if answer.status == 405:
            assert answer.headers["allow"] == "POST"
        else:
            assert (answer.status, answer.json["error"]) == (400, "invalid_request")
