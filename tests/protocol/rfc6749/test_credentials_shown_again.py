"""A Basic credential that was right a moment ago is known by its digest, and is worth no more than it would be anew."""

from __future__ import annotations

from typing import Any

import pytest

from clients.documents import to_metadata
from idp.protocol.client_authentication.remembered import ProvenHeaders
from tests.support.token_world import Registered, TokenWorld, basic

OWN = {"grant_type": "client_credentials"}


def error(world: TokenWorld, authorization: str, **more: str) -> Any:
    """Return the error of a client's request for a token of its own, None where it got one."""
    return world.post("/token", {**OWN, **more}, authorization).json.get("error")


def test_a_secret_that_was_replaced_is_refused_at_its_next_use(world: TokenWorld, portal: Registered) -> None:
    assert [error(world, portal.basic) for _ in range(2)] == [None, None]
    _, fresh = world.wiring.clients.rotate_secret(portal.client.client_id, overlap=0)
    assert error(world, portal.basic) == "invalid_client"
    assert error(world, basic(portal.client.client_id, fresh)) is None


def test_a_secret_ends_with_its_overlap_and_not_later(world: TokenWorld, portal: Registered) -> None:
    _, fresh = world.wiring.clients.rotate_secret(portal.client.client_id, overlap=60)
    for _ in range(2):
        assert error(world, portal.basic) is None
    world.clock.advance(59)
    assert error(world, portal.basic) is None
    world.clock.advance(1)
    assert error(world, portal.basic) == "invalid_client"
    assert error(world, basic(portal.client.client_id, fresh)) is None


@pytest.mark.parametrize("state", ["suspended", "removed"])
def test_a_client_that_was_ended_elsewhere_gets_nothing_by_it(
    world: TokenWorld, portal: Registered, state: str
) -> None:
    assert error(world, portal.basic) is None
    world.another().wiring.clients.set_state(portal.client.client_id, state)
    assert [error(world, portal.basic) for _ in range(2)] == ["invalid_client"] * 2


def test_another_method_ends_what_basic_has_proven(world: TokenWorld, portal: Registered) -> None:
    assert error(world, portal.basic) is None
    document = {**to_metadata(portal.client), "token_endpoint_auth_method": "client_secret_post"}
    world.wiring.clients.update(portal.client.client_id, document)
    assert error(world, portal.basic) == "invalid_client"


def test_a_second_credential_beside_it_is_refused_as_before(world: TokenWorld, portal: Registered) -> None:
    assert error(world, portal.basic) is None
    named = portal.client.client_id
    assert error(world, portal.basic, client_id=named) is None
    assert error(world, portal.basic, client_id=named, client_secret=portal.secret) == "invalid_request"
    assert error(world, portal.basic, client_id="another") == "invalid_client"
    assert error(world, portal.basic, client_assertion="x", client_assertion_type="y") == "invalid_client"


def test_a_wrong_secret_is_wrong_after_a_right_one(world: TokenWorld, portal: Registered) -> None:
    assert error(world, portal.basic) is None
    assert error(world, basic(portal.client.client_id, portal.secret[:-1])) == "invalid_client"
    assert error(world, portal.basic + " ") is None, "blanks around it are let pass, and the header is another one"


def test_memory_holds_no_secret_and_stays_small(world: TokenWorld, portal: Registered) -> None:
    proven = ProvenHeaders(world.wiring.clients.find, world.clock)
    for number in range(3_000):
        proven.remember(f"Basic {number}{portal.secret}", portal.client, portal.secret)
    assert len(proven._known) <= 1024
    assert all(len(kept) == 32 for kept in proven._known)
