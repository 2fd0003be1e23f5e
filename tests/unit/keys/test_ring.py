"""The ring of a process and the JWKS answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import jwt
import orjson
import pytest

from keys.errors import KeyRevoked, NoActiveKey, SealBroken, UnknownKey
from keys.model import KeyState
from keys.plan import KeyPolicy
from keys.ring import KeyRing, LiveRing, build_ring
from keys.service import KeyService
from tests.support.keys import MemoryKeys, make_sealer, make_service, ring_of


@pytest.mark.spec("RFC 7517", "5")
def test_the_key_set_has_next_active_and_retired_keys_with_public_members_only(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    service.rotate("ES256", start + 905)
    entries = orjson.loads(ring_of(service).jwks.body)["keys"]
    states = [repository.keys[entry["kid"]].state for entry in entries if entry["alg"] == "ES256"]
    assert sorted(states) == ["active", "next", "retired"]
    assert len(entries) == 9
    members = {"kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"}
    assert all(entry["use"] == "sig" and entry.keys() <= members for entry in entries)
    assert len(jwt.PyJWKSet(entries).keys) == 9


def test_the_key_set_is_in_order_of_creation(service: KeyService, repository: MemoryKeys, start: int) -> None:
    service.rotate("ES256", start + 905)
    kids = [entry["kid"] for entry in orjson.loads(ring_of(service).jwks.body)["keys"]]
    created = [repository.keys[kid].created_at for kid in kids]
    assert created == sorted(created)
    assert kids[-1] == next(key.kid for key in repository.keys.values() if key.created_at == start + 905)


def test_equal_keys_give_equal_bytes_in_every_process_and_changes_a_new_etag(service: KeyService, start: int) -> None:
    one, two = ring_of(service), ring_of(service)
    assert one.jwks == two.jwks
    assert one.jwks.etag.startswith('"')
    assert one.jwks.cache_control == "public, max-age=900"
    service.rotate("ES256", start + 905)
    assert ring_of(service, one).jwks.etag != one.jwks.etag


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.NEXT])
def test_a_revoked_key_is_out_of_the_key_set(
    service: KeyService, repository: MemoryKeys, start: int, state: KeyState
) -> None:
    kid = next(key.kid for key in repository.keys.values() if key.state is state)
    service.revoke(kid, start + 1)
    ring = ring_of(service)
    assert kid.encode() not in ring.jwks.body
    with pytest.raises(KeyRevoked):
        ring.candidates(kid, "ES256", removed=True)


def test_an_unknown_key_and_an_absent_id_are_unknown(ring: KeyRing) -> None:
    for kid in (None, "", "x"):
        with pytest.raises(UnknownKey):
            ring.candidates(kid, "ES256")


def test_the_algorithms_are_those_that_sign(ring: KeyRing) -> None:
    assert set(ring.algorithms) == {"ES256", "RS256", "PS256", "EdDSA"}
    with pytest.raises(NoActiveKey):
        ring.signer("HS256")


def test_a_new_ring_uses_the_signers_of_the_old_one_again(service: KeyService, ring: KeyRing, start: int) -> None:
    service.rotate("ES256", start + 905)
    newer = ring_of(service, ring)
    assert newer.signer("RS256") is ring.signer("RS256")
    assert newer.signer("ES256") is not ring.signer("ES256")


def test_a_private_key_that_was_changed_in_the_store_does_not_open(service: KeyService, policy: KeyPolicy) -> None:
    stranger = make_service(MemoryKeys(), policy, make_sealer())
    with pytest.raises(SealBroken):
        build_ring(*service.load(), stranger.open_private, 900)


def test_an_empty_deployment_has_an_empty_key_set(policy: KeyPolicy) -> None:
    assert ring_of(make_service(MemoryKeys(), policy)).jwks.body == b'{"keys":[]}'


class _Loads:
    """Counts loads of a service."""

    def __init__(self, service: KeyService) -> None:
        self.count = 0
        self._service = service

    def load(self) -> tuple[int, tuple[object, ...]]:
        self.count += 1
        return self._service.load()


def test_a_live_ring_loads_once_for_each_version(service: KeyService, start: int) -> None:
    loads = _Loads(service)
    live = LiveRing(loads.load, service.open_private, 900)  # type: ignore[arg-type]
    first = live.current
    assert live.current is first
    assert live.at(1) is first
    assert loads.count == 1
    service.rotate("ES256", start + 905)
    assert live.current is first
    assert live.at(2).version == 2
    assert live.current.version == 2
    assert loads.count == 2


def test_a_refresh_without_a_change_keeps_the_ring(service: KeyService, start: int) -> None:
    live = LiveRing(service.load, service.open_private, 900)
    first = live.refresh()
    assert live.refresh() is first
    service.rotate("ES256", start + 905)
    assert live.refresh().version == 2


def test_many_threads_that_learn_of_a_version_load_it_once(service: KeyService) -> None:
    loads = _Loads(service)
    live = LiveRing(loads.load, service.open_private, 900)  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: live.at(1), range(64)))
    assert len({id(ring) for ring in rings}) == 1
    assert loads.count == 1
