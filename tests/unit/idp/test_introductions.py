"""An unknown client that introduces itself by a web address: which sources are asked, and what their refusals become."""

from __future__ import annotations

import pytest

from clients.errors import ClientConflict, MetadataError, RegistrationRefused
from clients.registry import ClientRegistry
from clients.repository import Newcomer
from idp.errors import Refused
from idp.ports.client_sources import Introduction
from idp.protocol.errors import (
    InvalidClientMetadata,
    InvalidRequest,
    InvalidTrustChain,
    ProtocolError,
    TemporarilyUnavailable,
)
from idp.protocol.introductions import Introductions
from tests.support.memory_clients import NOW, MemoryClients, department

ENTITY = "https://motcua.example.vn"


class Source:
    def __init__(self, answer: bool | Exception) -> None:
        self.answer = answer
        self.asked: list[Introduction] = []

    def introduce(self, introduction: Introduction) -> bool:
        self.asked.append(introduction)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    now = NOW


def registry(clock: Clock | None = None) -> ClientRegistry:
    ids = iter(f"id{number}" for number in range(100))
    moment = clock or Clock()
    return ClientRegistry(MemoryClients(), lambda: moment.now, ids.__next__)


def introduced(one: ClientRegistry, expires_at: int = NOW + 60, source: str = "federation", **changes: object) -> None:
    document = department(token_endpoint_auth_method="none", **changes)
    one.introduce(Newcomer(ENTITY, source, expires_at, {"superior": "https://xa.vn"}), document)


def test_sources_are_asked_in_their_order_until_one_knows_the_client() -> None:
    first, second, third = Source(answer=False), Source(answer=True), Source(answer=True)
    found = Introductions(lambda _: None, (first, second, third))
    assert found.introduce({"client_id": ENTITY, "request": "a.b.c", "client_assertion": "d.e.f"})
    assert second.asked == [Introduction(ENTITY, ("a.b.c", "d.e.f"))]
    assert third.asked == []


@pytest.mark.parametrize("client_id", ["", "portal", "javascript:x", "https://" + "a" * 3000])
def test_only_web_addresses_introduce_themselves(client_id: str) -> None:
    source = Source(answer=True)
    assert not Introductions(lambda _: None, (source,)).introduce({"client_id": client_id})
    assert source.asked == []


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refused("x", code="invalid_trust_chain"), InvalidTrustChain),
        (Refused("x", code="something else"), InvalidRequest),
        (RegistrationRefused([MetadataError("scope", "x", "y")]), InvalidClientMetadata),
        (ClientConflict("x"), TemporarilyUnavailable),
    ],
)
def test_a_refusal_becomes_a_protocol_error_without_its_text(refusal: Exception, error: type[ProtocolError]) -> None:
    with pytest.raises(error) as raised:
        Introductions(lambda _: None, (Source(refusal),)).introduce({"client_id": ENTITY})
    assert "x" not in raised.value.description.split()


def test_a_client_that_was_introduced_ends_by_itself_and_may_come_again_under_the_same_sector() -> None:
    clock = Clock()
    one = registry(clock)
    introduced(one)
    first = one.find(ENTITY)
    assert first is not None
    assert (first.state, first.federation) == ("active", {"superior": "https://xa.vn"})
    source = Source(answer=True)
    assert not Introductions(one.find, (source,)).introduce({"client_id": ENTITY})
    clock.now += 60
    expired = one.find(ENTITY)
    assert expired is not None
    assert expired.state == "expired"
    assert Introductions(one.find, (source,)).introduce({"client_id": ENTITY})
    introduced(one, clock.now + 60)
    again = one.find(ENTITY)
    assert again is not None
    assert (again.state, again.sector_id) == ("active", first.sector_id)


@pytest.mark.parametrize("state", ["suspended", "removed"])
def test_whom_an_operator_put_out_no_superior_brings_back(state: str) -> None:
    one = registry()
    introduced(one)
    one.set_state(ENTITY, state)
    source = Source(answer=True)
    assert not Introductions(one.find, (source,)).introduce({"client_id": ENTITY})
    with pytest.raises(ClientConflict):
        introduced(one)


def test_no_source_takes_the_client_of_another() -> None:
    one = registry()
    introduced(one)
    with pytest.raises(ClientConflict):
        introduced(one, source="metadata-document")


def test_what_is_introduced_is_checked_as_any_registration() -> None:
    with pytest.raises(RegistrationRefused):
        introduced(registry(), redirect_uris=["http://evil.example/cb"])
