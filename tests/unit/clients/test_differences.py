"""What a change of a client changed, for people."""

from __future__ import annotations

from dataclasses import replace

from clients.differences import HIDDEN, differences
from clients.model import Secret
from tests.support.memory_clients import MemoryClients, department, make_registry

DIGEST, OTHER = "a" * 64, "b" * 64


def registered() -> tuple[MemoryClients, str]:
    store = MemoryClients()
    client, _, _ = make_registry(store).register(department(), is_operator=False)
    return store, client.client_id


def test_only_what_changed_is_told_with_the_value_before_and_after() -> None:
    store, name = registered()
    client = store.clients[name]
    after = replace(client, minimum_acr="urn:dinhdanh:loa:2", updated_at=client.updated_at + 5, version=9)
    assert differences(client, after) == {"minimum_acr": (None, "urn:dinhdanh:loa:2")}
    assert differences(client, client) == {}


def test_a_new_client_tells_what_it_holds_and_no_empty_field() -> None:
    store, name = registered()
    found = differences(None, store.clients[name])
    assert found["unit"][0] is None
    assert found["unit"][1] == store.clients[name].unit
    assert "jwks" not in found
    assert "request_uris" not in found


def test_a_secret_is_shown_by_its_moments_and_never_by_its_digest() -> None:
    store, name = registered()
    client = store.clients[name]
    after = replace(client, secrets=(Secret(bytes.fromhex(DIGEST), 7), Secret(bytes.fromhex(OTHER), 3, 9, b"sealed")))
    assert differences(client, after)["secrets"][1] == [
        {"created_at": 7, "expires_at": None},
        {"created_at": 3, "expires_at": 9},
    ]
    assert DIGEST not in str(differences(client, after))
    assert b"sealed".hex() not in str(differences(client, after))


def test_another_registration_access_token_is_told_without_its_digest() -> None:
    store, name = registered()
    before = replace(store.clients[name], management_digest=DIGEST)
    found = differences(before, replace(before, management_digest=OTHER))
    assert found == {"management_digest": (HIDDEN, HIDDEN)}
