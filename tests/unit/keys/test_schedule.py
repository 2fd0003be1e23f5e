"""One rotation moved to another moment: the bounds, the plan that follows, and what a race leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keys.errors import KeyNotFound, KeyNotSigning, RotationOutOfBounds
from keys.model import KeyAction, KeyState, SigningKey
from keys.plan import KeyPolicy, plan
from keys.schedule import bounds, plan_move, plan_unmove
from keys.service import KeyService
from tests.support.keys import MemoryKeys

NOW = 1_800_000_000
POLICY = KeyPolicy(("ES256",), rotation=10_000, jwks_max_age=900, max_token_lifetime=600, clock_skew=60, propagation=5)


def key(kid: str, state: KeyState, published_at: int = NOW - 905) -> SigningKey:
    return SigningKey(kid, "ES256", state, published_at, published_at, {}, b"")


ACTIVE = replace(key("a", KeyState.ACTIVE), activated_at=NOW - 5_000, retires_at=NOW + 5_000)
NEXT = key("n", KeyState.NEXT)
LATEST = NOW + 10_000


def moved(to: int) -> SigningKey:
    return replace(ACTIVE, moved_to=to)


def test_a_rotation_may_be_moved_from_when_every_cache_has_the_next_key_to_half_a_period_late() -> None:
    allowed = bounds((ACTIVE, NEXT), ACTIVE, POLICY)
    assert allowed is not None
    assert (allowed.earliest, allowed.latest) == (POLICY.ready_at(NEXT), LATEST)
    for moment in (NOW + 1, LATEST):
        (step,) = plan_move((ACTIVE, NEXT), "a", moment, NOW, POLICY)
        assert (step.action, step.kid, step.moved_to) == (KeyAction.SCHEDULE, "a", moment)


@pytest.mark.parametrize("moment", [NOW, NOW - 1, LATEST + 1, 0])
def test_beyond_the_bounds_a_move_is_refused_with_the_bounds(moment: int) -> None:
    with pytest.raises(RotationOutOfBounds) as refusal:
        plan_move((ACTIVE, NEXT), "a", moment, NOW, POLICY)
    assert (refusal.value.earliest, refusal.value.latest) == (NOW + 1, LATEST)


def test_a_move_to_before_every_cache_has_the_next_key_is_refused() -> None:
    young = key("n", KeyState.NEXT, NOW)
    with pytest.raises(RotationOutOfBounds):
        plan_move((ACTIVE, young), "a", NOW + 904, NOW, POLICY)
    assert plan_move((ACTIVE, young), "a", NOW + 905, NOW, POLICY)


def test_a_rotation_moved_earlier_or_later_is_due_at_its_new_moment_and_not_at_the_old() -> None:
    early, late = moved(NOW + 100), moved(NOW + 9_000)
    assert plan((early, NEXT), NOW + 99, POLICY) == ()
    assert [step.action for step in plan((early, NEXT), NOW + 100, POLICY)] == ["retire", "activate", "create"]
    assert plan((late, NEXT), NOW + 5_000, POLICY) == ()
    assert plan((late, NEXT), NOW + 9_000, POLICY) != ()


def test_a_moved_rotation_waits_for_a_next_key_that_every_cache_has() -> None:
    replaced = key("m", KeyState.NEXT, NOW + 50)
    assert plan((moved(NOW + 100), replaced), NOW + 100, POLICY) == ()
    assert plan((moved(NOW + 100), replaced), NOW + 955, POLICY) != ()


def test_a_move_to_where_the_rotation_is_does_nothing_and_one_to_the_planned_moment_takes_it_back() -> None:
    assert plan_move((moved(NOW + 100), NEXT), "a", NOW + 100, NOW, POLICY) == ()
    assert plan_move((ACTIVE, NEXT), "a", NOW + 5_000, NOW, POLICY) == ()
    (step,) = plan_move((moved(NOW + 100), NEXT), "a", NOW + 5_000, NOW, POLICY)
    assert step.moved_to is None


def test_taking_back_gives_the_planned_moment_and_nothing_where_nothing_was_moved() -> None:
    (step,) = plan_unmove((moved(NOW + 100), NEXT), "a")
    assert (step.action, step.moved_to) == (KeyAction.SCHEDULE, None)
    assert plan_unmove((ACTIVE, NEXT), "a") == ()


@pytest.mark.parametrize("state", [one for one in KeyState if one is not KeyState.ACTIVE])
def test_only_the_rotation_of_an_active_key_is_moved(state: KeyState) -> None:
    other = key("o", state)
    with pytest.raises(KeyNotSigning):
        plan_move((ACTIVE, NEXT, other), "o", NOW + 100, NOW, POLICY)
    with pytest.raises(KeyNotSigning):
        plan_unmove((ACTIVE, NEXT, other), "o")
    with pytest.raises(KeyNotFound):
        plan_move((ACTIVE, NEXT), "x", NOW + 100, NOW, POLICY)


def test_a_disabled_algorithm_has_no_rotation_to_move() -> None:
    with pytest.raises(KeyNotSigning):
        plan_move((ACTIVE, NEXT), "a", NOW + 100, NOW, replace(POLICY, algorithms=("EdDSA",)))


def test_a_key_that_nobody_moved_is_stored_as_the_release_before_reads_it() -> None:
    assert "moved_to" not in ACTIVE.document()
    assert SigningKey.from_document(ACTIVE.document(), b"") == ACTIVE
    assert SigningKey.from_document(moved(NOW).document(), b"") == moved(NOW)


def test_a_move_is_recorded_shown_carried_out_once_and_ends_with_its_key(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    kid = next(row.kid for row in service.rows() if (row.alg, row.state) == ("ES256", "active"))
    outcome = service.move(kid, start + 2_000, start + 1, actor="account:x", note="trước Tết")
    (event,) = outcome.events
    assert (event.action, event.kid, event.moved_to, event.actor) == ("schedule", kid, start + 2_000, "account:x")
    row = next(row for row in service.rows() if row.kid == kid)
    assert (row.retires, row.moved_from) == (start + 2_000, start + 86_400)
    upcoming = next(row for row in service.rows() if (row.alg, row.state) == ("ES256", "next"))
    assert upcoming.activates == start + 2_000
    assert service.tick(start + 1_999).events == ()
    assert {event.alg for event in service.tick(start + 2_000).events} == {"ES256"}
    assert service.tick(start + 2_000).events == ()
    active = next(key for key in repository.keys.values() if (key.alg, key.state) == ("ES256", "active"))
    assert (active.kid, active.moved_to, active.due_at) == (upcoming.kid, None, start + 88_400)


def test_a_rotation_that_is_faster_than_the_move_leaves_the_new_key_with_its_plan(
    service: KeyService, repository: MemoryKeys, start: int
) -> None:
    kid = next(row.kid for row in service.rows() if (row.alg, row.state) == ("ES256", "active"))

    def rotated_meanwhile() -> None:
        repository.before_apply = None
        service.rotate("ES256", start + 905)

    repository.before_apply = rotated_meanwhile
    with pytest.raises(KeyNotSigning):
        service.move(kid, start + 2_000, start + 905)
    assert {key.moved_to for key in repository.keys.values()} == {None}


def test_a_later_rotation_taken_back_after_its_planned_moment_is_due_at_once(service: KeyService, start: int) -> None:
    kid = next(row.kid for row in service.rows() if (row.alg, row.state) == ("ES256", "active"))
    service.move(kid, start + 100_000, start + 1)
    assert kid not in {event.kid for event in service.tick(start + 90_000).events}
    service.unmove(kid, start + 90_000)
    assert kid in {event.kid for event in service.tick(start + 90_000).events}
