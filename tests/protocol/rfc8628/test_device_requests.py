"""What a request of a device may and may not be, and that it proves itself as it is registered."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.support.browser import Person
from tests.support.device_world import GRANT, approve, device
from tests.support.in_process import browser, citizen
from tests.support.token_world import TokenWorld, basic


@pytest.fixture
def person(world: TokenWorld) -> Person:
    """Return a citizen."""
    return citizen(world)[1]


@pytest.mark.spec("RFC 8628", "3.1")
def test_a_device_says_nothing_twice_and_what_is_empty_or_unknown_does_not_count(world: TokenWorld) -> None:
    tv = device(world)
    me = tv.of.client.client_id
    good = {"client_id": me, "scope": "openid email"}
    for name, value in good.items():
        answer = world.post("/device_authorization", f"{urlencode(good)}&{name}={value}")
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        assert "device_code" not in answer.json
    empty = world.post("/device_authorization", urlencode({**good, "acr_values": "", "client_secret": "", "x": "1"}))
    assert empty.status == 200
    assert world.post("/device_authorization", {"scope": "openid"}).json["error"] == "invalid_client"


@pytest.mark.spec("RFC 8628", "3.4")
def test_a_confidential_device_proves_itself_at_every_poll_and_a_stranger_costs_it_nothing(
    world: TokenWorld, person: Person
) -> None:
    kiosk = device(world, token_endpoint_auth_method="client_secret_basic")
    codes, me = kiosk.codes(), kiosk.of.client.client_id
    approve(browser(world), codes["user_code"], person)
    world.clock.advance(5)
    form = {"grant_type": GRANT, "device_code": codes["device_code"]}
    for answer in (
        world.post("/token", {**form, "client_id": me}),
        world.post("/token", {**form, "client_id": me, "client_secret": "wrong"}),
        world.post("/token", form, basic(me, "wrong")),
    ):
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert "access_token" not in answer.json
    world.clock.advance(5)
    assert kiosk.poll(codes["device_code"]).status == 200
