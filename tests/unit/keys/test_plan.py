"""The rotation plan, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keys.errors import KeyNotFound, KeyRefused, NextTooYoung
from keys.model import KeyAction, KeyState, SigningKey
from keys.plan import KeyPolicy, Step, plan, plan_retirement, plan_revocation, plan_rotation

NOW = 1_800_000_000
POLICY = KeyPolicy(("ES256",), rotation=10_000, jwks_max_age=900, max_token_lifetime=600, clock_skew=60, propagation=5)
READY = NOW - 905


def key(kid: str, state: KeyState, published_at: int = READY, *, alg: str = "ES256", **moments: int) -> SigningKey:
    fresh = SigningKey(kid, alg, state, published_at, published_at, {}, b"")
    return replace(fresh, **moments)  # type: ignore[arg-type]


ACTIVE = key("a", KeyState.ACTIVE, activated_at=NOW - 5_000, retires_at=NOW + 5_000)
DUE = replace(ACTIVE, retires_at=NOW)
NEXT = key("n", KeyState.NEXT)
YOUNG = key("n", KeyState.NEXT, READY + 1)
CREATE = Step(KeyAction.CREATE, "ES256", "schedule")


def test_the_first_keys_of_a_deployment_are_one_that_signs_at_once_and_one_next() -> None:
    assert plan((), NOW, POLICY) == (
        Step(KeyAction.CREATE, "ES256", "bootstrap", signs_at_once=True),
        Step(KeyAction.CREATE, "ES256", "bootstrap"),
    )


def test_nothing_is_due_when_one_is_active_and_one_next() -> None:
    assert plan((ACTIVE, NEXT), NOW, POLICY) == ()


def test_a_due_key_is_replaced_by_a_next_that_every_cache_has() -> None:
    assert plan((DUE, NEXT), NOW, POLICY) == (
        Step(KeyAction.RETIRE, "ES256", "schedule", "a"),
        Step(KeyAction.ACTIVATE, "ES256", "schedule", "n"),
        CREATE,
    )


def test_a_due_key_goes_on_while_its_next_is_too_young() -> None:
    assert plan((DUE, YOUNG), NOW, POLICY) == ()
    assert plan((DUE, YOUNG), NOW + 1, POLICY) != ()


def test_a_missing_next_is_made() -> None:
    assert plan((ACTIVE,), NOW, POLICY) == (CREATE,)


@pytest.mark.spec("RFC 8725", "3.2")
def test_an_algorithm_enabled_later_is_published_before_it_signs() -> None:
    both = replace(POLICY, algorithms=("ES256", "RS256"))
    assert plan((ACTIVE, NEXT), NOW, both) == (Step(KeyAction.CREATE, "RS256", "schedule"),)
    waiting = key("r", KeyState.NEXT, NOW, alg="RS256")
    assert plan((ACTIVE, NEXT, waiting), NOW + 904, both) == ()
    assert plan((ACTIVE, NEXT, waiting), NOW + 905, both)[0] == Step(KeyAction.ACTIVATE, "RS256", "schedule", "r")


@pytest.mark.spec("RFC 8725", "3.2")
def test_a_disabled_algorithm_stops_signing_and_its_next_is_withdrawn() -> None:
    others = (key("ra", KeyState.ACTIVE, alg="RS256"), key("rn", KeyState.NEXT, alg="RS256"))
    assert plan((ACTIVE, NEXT, *others), NOW, POLICY) == (
        Step(KeyAction.RETIRE, "RS256", "disabled", "ra"),
        Step(KeyAction.REMOVE, "RS256", "disabled", "rn"),
    )


def test_a_retired_key_is_removed_when_its_last_token_is_dead_everywhere() -> None:
    retired = key("r", KeyState.RETIRED, retired_at=NOW - 665)
    assert plan((ACTIVE, NEXT, retired), NOW - 1, POLICY) == ()
    assert plan((ACTIVE, NEXT, retired), NOW, POLICY) == (Step(KeyAction.REMOVE, "ES256", "expired", "r"),)


def test_a_manual_rotation_is_refused_until_the_next_was_published_for_a_cache_lifetime() -> None:
    with pytest.raises(NextTooYoung) as caught:
        plan_rotation((ACTIVE, YOUNG), "ES256", NOW, POLICY)
    assert (caught.value.code, caught.value.ready_at) == ("next_too_young", NOW + 1)
    assert [step.reason for step in plan_rotation((ACTIVE, NEXT), "ES256", NOW, POLICY)] == ["manual"] * 3


def test_force_rotates_to_a_young_next_and_says_so() -> None:
    assert [step.reason for step in plan_rotation((ACTIVE, YOUNG), "ES256", NOW, POLICY, force=True)] == ["forced"] * 3
    assert [step.reason for step in plan_rotation((ACTIVE, NEXT), "ES256", NOW, POLICY, force=True)] == ["manual"] * 3


@pytest.mark.parametrize(("keys", "alg"), [((ACTIVE,), "ES256"), ((ACTIVE, NEXT), "RS256"), ((), "none")])
def test_there_is_nothing_to_rotate_to_without_a_next(keys: tuple[SigningKey, ...], alg: str) -> None:
    with pytest.raises(KeyNotFound):
        plan_rotation(keys, alg, NOW, POLICY, force=True)


def test_retiring_the_active_key_rotates_it_out() -> None:
    assert plan_retirement((ACTIVE, NEXT), "a", NOW, POLICY) == plan_rotation((ACTIVE, NEXT), "ES256", NOW, POLICY)


def test_retiring_the_next_key_withdraws_it_for_another() -> None:
    steps = plan_retirement((ACTIVE, NEXT), "n", NOW, POLICY)
    assert [(step.action, step.kid) for step in steps] == [("remove", "n"), ("create", "")]


@pytest.mark.parametrize("state", [KeyState.RETIRED, KeyState.REMOVED, KeyState.REVOKED])
def test_a_key_that_does_not_sign_cannot_be_retired(state: KeyState) -> None:
    with pytest.raises(KeyRefused) as caught:
        plan_retirement((ACTIVE, NEXT, key("x", state)), "x", NOW, POLICY)
    assert caught.value.code == "key_not_signing"


def test_revoking_the_active_key_promotes_a_next_however_young() -> None:
    steps = plan_revocation((ACTIVE, YOUNG), "a", POLICY)
    assert [(step.action, step.kid) for step in steps] == [("revoke", "a"), ("activate", "n"), ("create", "")]
    assert {step.reason for step in steps} == {"emergency"}


def test_revoking_the_active_key_without_a_next_makes_one_that_signs_at_once() -> None:
    steps = plan_revocation((ACTIVE,), "a", POLICY)
    assert [(step.action, step.signs_at_once) for step in steps] == [
        ("revoke", False),
        ("create", True),
        ("create", False),
    ]


def test_revoking_the_next_key_makes_another_next() -> None:
    assert [step.action for step in plan_revocation((ACTIVE, NEXT), "n", POLICY)] == ["revoke", "create"]


@pytest.mark.parametrize("state", [KeyState.RETIRED, KeyState.REMOVED])
def test_an_old_key_can_be_revoked_too(state: KeyState) -> None:
    assert plan_revocation((ACTIVE, NEXT, key("x", state)), "x", POLICY) == (
        Step(KeyAction.REVOKE, "ES256", "emergency", "x"),
    )


@pytest.mark.parametrize("state", [KeyState.ACTIVE, KeyState.NEXT])
def test_revoking_a_key_of_a_disabled_algorithm_makes_no_other(state: KeyState) -> None:
    assert [step.action for step in plan_revocation((key("x", state, alg="RS256"),), "x", POLICY)] == ["revoke"]
    assert [step.action for step in plan_retirement((key("x", KeyState.NEXT, alg="RS256"),), "x", NOW, POLICY)] == [
        "remove"
    ]


def test_revoking_twice_does_nothing_and_an_unknown_key_is_not_found() -> None:
    assert plan_revocation((ACTIVE, NEXT, key("x", KeyState.REVOKED)), "x", POLICY) == ()
    with pytest.raises(KeyNotFound):
        plan_revocation((ACTIVE, NEXT), "x", POLICY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("ES256", "ES256")},
        {"rotation": 0},
        {"rotation": {"ES256": 0}},
        {"jwks_max_age": 0},
        {"propagation": 0},
        {"max_token_lifetime": 0},
        {"clock_skew": -1},
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(POLICY, **wrong)


def test_the_rotation_period_may_differ_by_algorithm() -> None:
    policy = KeyPolicy(("ES256", "RS256"), rotation={"ES256": 10, "RS256": 20})
    assert (policy.rotation_of("ES256"), policy.rotation_of("RS256")) == (10, 20)


def test_the_least_that_a_policy_may_ask_is_a_second_and_no_skew_at_all() -> None:
    least = replace(POLICY, rotation=1, jwks_max_age=1, propagation=1, max_token_lifetime=1, clock_skew=0)
    assert least.ready_at(NEXT) == NEXT.published_at + 2


def test_a_key_that_is_due_at_no_moment_signs_on() -> None:
    assert plan((replace(ACTIVE, retires_at=None), NEXT), NOW, POLICY) == ()
