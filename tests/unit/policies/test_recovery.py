"""Paths of recovery: who may go which, and how long it takes."""

from __future__ import annotations

import pytest

from policies import assurance, recovery
from policies.recovery import RULES, Path

NOW = 1_800_000_000


def test_no_path_asks_questions_and_each_rests_on_two_things() -> None:
    assert set(RULES) == set(Path)
    for rule in RULES.values():
        assert len(rule.proofs) >= 2 or rule.by_two or assurance.satisfies(rule.asserted, assurance.LOA_2)
        assert set(rule.proofs) <= set(assurance.FACTORS)
        assert "password" not in rule.proofs


def test_what_needs_no_second_person_cools_off() -> None:
    assert all(rule.cools_off or rule.by_two for rule in RULES.values())
    assert recovery.ready_at(Path.REMOTE, NOW, 86400) == NOW + 86400
    assert recovery.ready_at(Path.UPSTREAM, NOW, 86400) == NOW + 86400
    assert recovery.ready_at(Path.COUNTER, NOW, 86400) == NOW


@pytest.mark.parametrize(
    ("path", "state", "staff", "under_way", "problem"),
    [
        (Path.REMOTE, "active", False, False, ""),
        (Path.REMOTE, "locked", False, False, "account_locked"),
        (Path.COUNTER, "closed", False, False, "account_closed"),
        (Path.REMOTE, "active", True, False, "staff_in_person"),
        (Path.COUNTER, "active", True, False, ""),
        (Path.UPSTREAM, "active", True, False, "staff_in_person"),
        (Path.REMOTE, "active", False, True, "under_way"),
        (Path.UPSTREAM, "active", False, True, "under_way"),
        (Path.COUNTER, "active", False, True, ""),
    ],
)
def test_who_may_begin(path: Path, state: str, staff: bool, under_way: bool, problem: str) -> None:
    assert recovery.may_begin(path, state, is_staff=staff, is_under_way=under_way) == problem


@pytest.mark.parametrize(
    ("path", "problem"), [(Path.REMOTE, "cancelled_before"), (Path.UPSTREAM, "cancelled_before"), (Path.COUNTER, "")]
)
def test_what_the_owner_cancelled_is_not_begun_anew_from_afar(path: Path, problem: str) -> None:
    assert recovery.may_begin(path, "active", is_staff=False, is_under_way=False, is_cancelled=True) == problem


def test_second_person_is_another_one() -> None:
    assert recovery.may_approve("account:a", "account:a", "operator:local") == "oneself"
    assert recovery.may_approve("account:a", "", "operator:local") == "oneself"
    assert recovery.may_approve("account:a", "account:b", "operator:local") == ""
    assert recovery.may_approve("operator:local", "operator:local", "operator:local") == ""
