"""The writer of signing keys: what is stored, what is recorded, and what a race does."""

from __future__ import annotations

import orjson
import pytest

from keys.algorithms import ALGORITHMS, PrivateKey
from keys.errors import KeyNotFound, KeyRefused, KeysContended, NextTooYoung
from keys.jwks import thumbprint
from keys.model import KeyState, SigningKey
from keys.plan import KeyPolicy
from keys.service import KeyService
from tests.support.keys import MemoryKeys, make_sealer, make_service, quick_generator


def only(repository: MemoryKeys, alg: str, state: str) -> SigningKey:
    (found,) = (key for key in repository.keys.values() if (key.alg, key.state) == (alg, state))
    return found


def test_the_first_tick_gives_every_algorithm_an_active_and_a_next_key(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    for alg in ALGORITHMS:
        active, upcoming = only(repository, alg, "active"), only(repository, alg, "next")
        assert (active.activated_at, active.retires_at) == (start, start + 86400)
        assert (upcoming.published_at, upcoming.activated_at) == (start, None)
        assert active.kid == thumbprint(active.public_jwk)
        assert service.open_private(upcoming).public_key() != service.open_private(active).public_key()
    assert repository.version == 1
    assert service.tick(start + 1).events == ()
    assert repository.version == 1


def test_the_private_key_is_stored_sealed_and_bound_to_its_id(service: KeyService, repository: MemoryKeys) -> None:
    active = only(repository, "EdDSA", "active")
    other = only(repository, "EdDSA", "next")
    assert active.sealed is not None
    moved = SigningKey.from_document(other.document(), active.sealed)
    with pytest.raises(Exception, match="does not open"):
        service.open_private(moved)


def test_a_rotation_deletes_the_private_part_of_the_retired_key(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    was_active, was_next = only(repository, "ES256", "active"), only(repository, "ES256", "next")
    outcome = service.rotate("ES256", start + 905, actor="operator:local", note="drill")
    retired, active = only(repository, "ES256", "retired"), only(repository, "ES256", "active")
    assert (retired.kid, retired.sealed, retired.retired_at) == (was_active.kid, None, start + 905)
    assert (active.kid, active.activated_at, active.retires_at) == (was_next.kid, start + 905, start + 905 + 86400)
    assert only(repository, "ES256", "next").published_at == start + 905
    assert [(event.action, event.reason, event.actor, event.note) for event in outcome.events] == [
        ("retire", "manual", "operator:local", "drill"),
        ("activate", "manual", "operator:local", "drill"),
        ("create", "manual", "operator:local", "drill"),
    ]
    assert repository.events[-3:] == list(outcome.events)
    assert outcome.version == repository.version == 2
    assert {key.kid: key for key in outcome.keys} == repository.keys


def test_a_refused_rotation_changes_nothing(service: KeyService, repository: MemoryKeys, start: int) -> None:
    with pytest.raises(NextTooYoung):
        service.rotate("ES256", start + 904)
    assert repository.version == 1


def test_a_whole_life_goes_by_ticks_alone(service: KeyService, repository: MemoryKeys, start: int) -> None:
    kid = only(repository, "ES256", "active").kid
    service.tick(start + 86400)
    assert repository.keys[kid].state is KeyState.RETIRED
    service.tick(start + 86400 + 664)
    assert repository.keys[kid].state is KeyState.RETIRED
    service.tick(start + 86400 + 665)
    assert repository.keys[kid].state is KeyState.REMOVED
    assert [event.action for event in repository.events if event.kid == kid] == [
        "create",
        "activate",
        "retire",
        "remove",
    ]


def test_an_emergency_revocation_promotes_the_next_key_at_once(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    stolen, young = only(repository, "ES256", "active").kid, only(repository, "ES256", "next").kid
    service.revoke(stolen, start + 1, note="stolen laptop")
    assert only(repository, "ES256", "active").kid == young
    revoked = repository.keys[stolen]
    assert (revoked.state, revoked.revoked_at, revoked.sealed) == (KeyState.REVOKED, start + 1, None)
    assert only(repository, "ES256", "next").created_at == start + 1
    assert service.revoke(stolen, start + 2).events == ()


def test_a_removed_key_that_is_revoked_stays_revoked(service: KeyService, repository: MemoryKeys, start: int) -> None:
    kid = only(repository, "ES256", "active").kid
    service.rotate("ES256", start + 905)
    service.revoke(kid, start + 906)
    service.tick(start + 80_000)
    assert repository.keys[kid].state is KeyState.REVOKED


def test_retiring_the_next_key_replaces_it(service: KeyService, repository: MemoryKeys, start: int) -> None:
    kid = only(repository, "ES256", "next").kid
    service.retire(kid, start + 1)
    assert (repository.keys[kid].state, repository.keys[kid].sealed) == (KeyState.REMOVED, None)
    assert only(repository, "ES256", "next").kid != kid
    with pytest.raises(KeyRefused):
        service.retire(kid, start + 2)
    with pytest.raises(KeyNotFound):
        service.retire("x", start + 2)


def test_ten_processes_that_start_at_once_make_one_set_of_keys(
    repository: MemoryKeys, policy: KeyPolicy, start: int
) -> None:
    sealer = make_sealer()
    processes = [make_service(repository, policy, sealer) for _ in range(10)]
    waiting = iter(processes[1:])

    def barge_in() -> None:
        if (process := next(waiting, None)) is not None:
            process.tick(start)

    repository.before_apply = barge_in
    outcome = processes[0].tick(start)
    assert len(repository.keys) == 8
    assert (outcome.version, outcome.events) == (1, ())


@pytest.mark.parametrize("force", [False, True])
def test_two_rotations_at_the_same_moment_are_one(
    service: KeyService, repository: MemoryKeys, policy: KeyPolicy, start: int, *, force: bool
) -> None:
    rival = make_service(repository, policy, make_sealer())

    def barge_in() -> None:
        repository.before_apply = None
        rival.rotate("ES256", start + 905, force=force)

    repository.before_apply = barge_in
    outcome = service.rotate("ES256", start + 905, force=force)
    assert (outcome.version, outcome.events) == (2, ())
    assert len([event for event in repository.events if event.action == "activate" and event.at > start]) == 1


def test_a_rotation_that_lost_to_another_algorithm_is_still_done(
    service: KeyService, repository: MemoryKeys, policy: KeyPolicy, start: int
) -> None:
    rival = make_service(repository, policy, make_sealer())

    def barge_in() -> None:
        repository.before_apply = None
        rival.rotate("EdDSA", start + 905)

    repository.before_apply = barge_in
    assert service.rotate("ES256", start + 905).version == 3


def test_endless_contention_gives_up(service: KeyService, repository: MemoryKeys, start: int) -> None:
    def barge_in() -> None:
        repository.version += 1

    repository.before_apply = barge_in
    with pytest.raises(KeysContended):
        service.rotate("ES256", start + 905)
    assert len(repository.keys) == 8


def test_the_listing_tells_when_a_key_signs(service: KeyService, repository: MemoryKeys, start: int) -> None:
    service.rotate("ES256", start + 905)
    rows = {row.state: row for row in service.rows() if row.alg == "ES256"}
    assert rows["retired"].retires == start + 905
    assert (rows["active"].activates, rows["active"].retires) == (start + 905, start + 905 + 86400)
    assert (rows["next"].activates, rows["next"].retires) == (start + 905 + 86400, None)
    created = [row.created for row in service.rows()]
    assert created == sorted(created)
    assert len(created) == len(repository.keys)


def test_a_key_survives_its_stored_document(repository: MemoryKeys, service: KeyService) -> None:
    for key in service.load()[1]:
        stored = orjson.loads(orjson.dumps(key.document()))
        assert "sealed" not in stored
        assert SigningKey.from_document(stored, key.sealed) == key
    with pytest.raises(ValueError, match="KeyState"):
        SigningKey.from_document({**key.document(), "state": "lost"}, None)
    assert repository.version == 1


def test_a_key_that_took_long_to_make_is_published_when_it_is_there(repository: MemoryKeys, start: int) -> None:
    clock, quick = [start], quick_generator()

    def slow(alg: str) -> PrivateKey:
        clock[0] += 7
        return quick(alg)

    policy = KeyPolicy(algorithms=("ES256",))
    service = KeyService(repository, make_sealer(), policy, slow, clock=lambda: clock[0])
    service.tick(start)
    assert {key.published_at for key in service.load()[1]} == {clock[0]}
    ready = policy.ready_at(next(key for key in service.load()[1] if key.state is KeyState.NEXT))
    with pytest.raises(NextTooYoung):
        service.rotate("ES256", ready - 1)
    assert service.rotate("ES256", ready).events
