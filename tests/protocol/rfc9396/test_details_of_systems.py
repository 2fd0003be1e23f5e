"""Authorization details that a system asks for itself: typed, within what an operator wrote, and nobody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.errors import RegistrationRefused
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import Visitor, asked

DATASET = "urn:dinhdanh:details:dataset"
PLATFORM = "https://lgsp.example.vn/api"


def dataset(**changes: Any) -> dict[str, Any]:
    """Return one detail, but for ``changes``."""
    return {"type": DATASET, "identifier": "ho-tich/khai-sinh", "actions": ["query", "extract"], **changes}


@pytest.fixture
def office(world: TokenWorld) -> Registered:
    """Return a system that may use one set of data, anywhere, and one more at the platform only."""
    world.add_client(resource_identifiers=[PLATFORM], scope="openid")
    bound = dataset(identifier="dat-dai", actions=["query"], unit="20341", locations=[PLATFORM])
    return world.add_client(own_authorization_details=[dataset(), bound], allowed_resources=[PLATFORM])


def own(world: TokenWorld, of: Registered, *details: object, **changes: str) -> dict[str, Any]:
    """Return the token response to a system that asks for ``details``."""
    answer = world.own_token(of, authorization_details=json.dumps(details), **changes)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.spec("RFC 9396", "2")
@pytest.mark.spec("RFC 9396", "6")
@pytest.mark.spec("RFC 9396", "7")
@pytest.mark.spec("RFC 9396", "9")
def test_what_a_system_asks_is_in_the_response_the_token_introspection_and_the_log(
    world: TokenWorld, office: Registered
) -> None:
    less = dataset(actions=["query"])
    tokens = own(world, office, less)
    assert tokens["authorization_details"] == [less]
    assert world.verified(tokens["access_token"], "at+jwt")["authorization_details"] == [less]
    assert world.introspect(office, tokens["access_token"]).json["authorization_details"] == [less]
    (event,) = world.events("token:client_credentials")
    assert json.loads(event["detail"])["details"] == [less]


@pytest.mark.spec("RFC 9396", "7")
def test_who_asks_for_nothing_gets_none_of_it(world: TokenWorld, office: Registered) -> None:
    tokens = world.own_token(office).json
    assert "authorization_details" not in tokens
    assert "authorization_details" not in world.verified(tokens["access_token"], "at+jwt")


@pytest.mark.spec("RFC 9396", "9.1")
def test_a_place_becomes_the_audience(world: TokenWorld, office: Registered) -> None:
    bound = dataset(identifier="dat-dai", actions=["query"], unit="20341", locations=[PLATFORM])
    assert world.verified(own(world, office, bound)["access_token"], "at+jwt")["aud"] == PLATFORM


@pytest.mark.spec("RFC 9396", "2")
@pytest.mark.spec("RFC 9396", "5")
@pytest.mark.parametrize(
    "asked_for",
    [
        [],
        [dataset(actions=["submit"])],
        [dataset(identifier="dan-cu")],
        [dataset(extra=True)],
        [dataset(identifier="dat-dai", actions=["query"])],
        [dataset(identifier="dat-dai", actions=["query"], unit="20342", locations=[PLATFORM])],
        [{"type": "urn:dinhdanh:details:dossier", "identifier": "H17.15-261127-0001", "actions": ["read"]}],
        [{"type": "urn:example:unknown"}],
    ],
)
def test_more_than_an_operator_wrote_is_refused(
    world: TokenWorld, office: Registered, asked_for: list[dict[str, Any]]
) -> None:
    answer = world.own_token(office, authorization_details=json.dumps(asked_for))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")
    assert world.events("token:client_credentials") == []


def test_a_system_without_an_operators_word_gets_nothing(world: TokenWorld) -> None:
    other = world.add_client(authorization_details_types=[DATASET])
    answer = world.own_token(other, authorization_details=json.dumps([dataset()]))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")


@pytest.mark.spec("RFC 9396", "5")
def test_a_person_is_never_asked_for_what_is_a_systems(world: TokenWorld) -> None:
    other = world.add_client(authorization_details_types=[DATASET], own_authorization_details=[dataset()])
    request = asked(other, authorization_details=json.dumps([dataset()]))
    arrived = Visitor(world, world.add_person(8)).authorize(request).arrived()
    assert arrived["error"] == "invalid_authorization_details"


@pytest.mark.parametrize(
    "value", ["x", [{"type": "urn:dinhdanh:details:dossier"}], [dataset(actions=["delete"])], [dataset(), dataset()]]
)
def test_an_operator_can_write_only_details_of_types_for_systems(world: TokenWorld, value: object) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        world.add_client(own_authorization_details=value)
    assert [fault.reason for fault in refused.value.errors] == ["not_detail"]


def test_nobody_gives_them_to_himself(world: TokenWorld) -> None:
    registration = world.wiring.clients.checked(
        {
            "client_name": "Cổng mẫu",
            "unit": "H47.15",
            "legal_basis": "consent",
            "purpose": {"vi": "thử"},
            "redirect_uris": ["https://portal.example.vn/callback"],
            "own_authorization_details": [dataset()],
        },
        is_operator=False,
    )
    assert registration.values["own_authorization_details"] == ()
    assert "own_authorization_details" in registration.ignored
