"""Who may do what where: the table of roles, the tree, granting, and the second person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.delegation import (
    ADMINISTRATORS,
    DEPLOYMENT,
    ROLES,
    SCOPES,
    TOP,
    Action,
    Actor,
    AdminGrant,
    Decision,
    Done,
    Ground,
    Proposal,
    Role,
    Target,
    Verdict,
    may,
    may_approve,
    may_grant,
    may_revoke,
    may_undo,
    scope_for,
    sight,
)
from policies.units import EdgeKind, Register, UnitKey
from tests.support.grants import actor, grant
from tests.support.units import BELOW, LONG, OTHER, PROVINCE, SHORT, edge, key, register, unit

NOW = 1_000
DAY = "2026-01-01"
GROUND = Ground(register(), DAY)


def answer(who: Actor, action: Action, *codes: str, ground: Ground = GROUND) -> tuple[Verdict, str]:
    decision = may(who, action, Target(tuple(key(code) for code in codes)), ground, NOW)
    return decision.verdict, decision.reason


DENIED = (Verdict.DENIED, "not_held")


def test_every_act_is_somebodys_and_in_one_scope_and_of_a_known_noun() -> None:
    held = frozenset().union(*(actions for role, actions in ROLES.items() if role is not Role.PROVINCIAL_ADMINISTRATOR))
    # What reaches beyond a unit, and the register itself, are the province's alone, and so is trying out what goes out from here.
    assert frozenset(Action) - held == {
        Action.CLIENT_POWER, Action.UNIT_CHANGE, Action.ACCOUNT_MERGE, Action.ACCOUNT_RESTORE, Action.SETTINGS_TEST,
    } - held  # fmt: skip
    assert sorted(action for actions in SCOPES.values() for action in actions) == sorted(Action)
    assert all(scope_for(action) and sight(action) for action in Action)
    assert set(ROLES) == set(Role)


def test_nobody_without_a_grant_may_anything() -> None:
    assert all(answer(actor(), action, SHORT) == DENIED for action in Action)


def test_right_reaches_its_unit_and_what_is_below_never_up_or_sideways() -> None:
    who = actor(grant(at=key(SHORT)))
    allowed = {
        code for code in (PROVINCE, OTHER, SHORT, LONG, BELOW) if answer(who, Action.CLIENT_READ, code) != DENIED
    }
    assert allowed == {SHORT, BELOW}


def test_codes_that_begin_alike_are_strangers() -> None:
    who = actor(grant(at=key(SHORT)))
    assert answer(who, Action.CLIENT_READ, LONG) == DENIED
    assert answer(actor(grant(at=key(LONG))), Action.CLIENT_READ, SHORT) == DENIED


def test_what_belongs_to_two_units_takes_a_right_over_both() -> None:
    who = actor(grant(at=key(SHORT)))
    assert answer(who, Action.CLIENT_READ, SHORT, LONG) == DENIED
    assert answer(actor(grant(at=key(SHORT)), grant(at=key(LONG))), Action.CLIENT_READ, SHORT, LONG)[0] == "allowed"


def test_what_belongs_to_no_unit_is_reached_from_the_top_alone() -> None:
    key_custodian = Role.KEY_CUSTODIAN
    assert may(actor(grant(role=key_custodian)), Action.KEY_ROTATE, DEPLOYMENT, GROUND, NOW).verdict == "allowed"
    below = actor(grant(role=key_custodian, at=key(PROVINCE)))
    assert may(below, Action.KEY_ROTATE, DEPLOYMENT, GROUND, NOW).is_denied


@pytest.mark.parametrize(
    "own", [{"begins": NOW + 1}, {"ends": NOW}, {"revoked_at": NOW - 1}], ids=["later", "ended", "revoked"]
)
def test_grant_counts_only_in_its_time(own: dict[str, Any]) -> None:
    assert answer(actor(grant(**own)), Action.CLIENT_READ, SHORT) == DENIED


def test_recycled_code_is_another_unit() -> None:
    """The row that ended and the one that has its code now are two places; a merger hands nothing on."""
    day = "2025-07-01"
    rows = [unit(PROVINCE, None), unit(SHORT, PROVINCE, ends=day), unit(LONG, PROVINCE), unit(SHORT, PROVINCE, day)]
    merged = edge((SHORT, "0001-01-01"), (LONG, "0001-01-01"), EdgeKind.MERGE, day)
    ground = Ground(Register(rows, [merged]), DAY)
    old = actor(grant(at=key(SHORT)))
    for now in (key(SHORT, day), key(SHORT), key(LONG)):
        assert may(old, Action.CLIENT_READ, Target((now,)), ground, NOW).is_denied
    assert ground.units_of(SHORT, "2020-01-01") == (key(LONG),)
    assert ground.units_of(SHORT, DAY) == (key(SHORT, day),)


@pytest.mark.parametrize("kind", [EdgeKind.RENAME, EdgeKind.TYPE_CHANGE, EdgeKind.TRANSFER])
def test_renamed_or_moved_unit_keeps_its_own_administrator(kind: EdgeKind) -> None:
    day = "2025-07-01"
    parent = OTHER if kind is EdgeKind.TRANSFER else PROVINCE
    rows = [unit(PROVINCE, None), unit(OTHER, None), unit(SHORT, PROVINCE, ends=day), unit(BELOW, parent, day)]
    ground = Ground(Register(rows, [edge((SHORT, "0001-01-01"), (BELOW, day), kind, day)]), DAY)
    target = Target((key(BELOW, day),))
    assert not may(actor(grant(at=key(SHORT))), Action.CLIENT_READ, target, ground, NOW).is_denied
    above = actor(grant(at=key(PROVINCE)))
    assert may(above, Action.CLIENT_READ, target, ground, NOW).is_denied is (kind is EdgeKind.TRANSFER)


def test_two_that_take_one_name_are_another_unit() -> None:
    day = "2025-07-01"
    rows = [unit(SHORT, PROVINCE, ends=day), unit(LONG, PROVINCE, ends=day), unit(BELOW, PROVINCE, day)]
    edges = [edge((code, "0001-01-01"), (BELOW, day), EdgeKind.RENAME, day) for code in (SHORT, LONG)]
    ground = Ground(Register([unit(PROVINCE, None), *rows], edges), DAY)
    assert ground.standing(key(SHORT)) is None


def test_dangerous_acts_need_two_and_a_client_is_neither() -> None:
    for action in (Action.KEY_REVOKE, Action.ACCOUNT_MERGE, Action.CLIENT_IDENTITY, Action.ACCOUNT_RESTORE):
        person = may(actor(grant(role=Role.PROVINCIAL_ADMINISTRATOR)), action, DEPLOYMENT, GROUND, NOW)
        assert person.verdict is Verdict.NEEDS_APPROVAL
        machine = actor(grant("client:c", Role.PROVINCIAL_ADMINISTRATOR), name="client:c")
        assert may(machine, action, DEPLOYMENT, GROUND, NOW) == Decision(Verdict.DENIED, "machine")


def test_delegation_at_the_top_takes_two_below_it_one() -> None:
    who = actor(grant(role=Role.PROVINCIAL_ADMINISTRATOR))
    at = {
        unit_key: may_grant(who, Proposal("account:b", Role.SUPPORT, unit_key, NOW), GROUND, NOW)
        for unit_key in (TOP, key(SHORT))
    }
    assert at[TOP].verdict is Verdict.NEEDS_APPROVAL
    assert at[key(SHORT)].verdict is Verdict.ALLOWED


@pytest.mark.parametrize("action", sorted(ADMINISTRATORS))
def test_account_of_an_administrator_is_taken_over_by_nobody_lower_and_by_nobody_alone(action: Action) -> None:
    superior = grant("account:boss", Role.UNIT_ADMINISTRATOR, key(PROVINCE))
    target = Target((key(SHORT),), "account:boss", (superior,))
    lower = actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(SHORT)))
    assert may(lower, action, target, GROUND, NOW).reason == "outranked"
    peer = actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(PROVINCE)))
    assert may(peer, action, target, GROUND, NOW).verdict is Verdict.NEEDS_APPROVAL
    assert may(replace(peer, principal="account:boss"), action, target, GROUND, NOW).reason == "oneself"


def test_nobody_grants_to_himself_or_what_he_does_not_hold_or_longer_than_he_holds_it() -> None:
    who = actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(SHORT), ends=NOW + 100))
    wish = Proposal("account:b", Role.SUPPORT, key(BELOW), NOW, NOW + 50)

    def reason(**changes: Any) -> str:
        return may_grant(who, replace(wish, **changes), GROUND, NOW).reason

    assert may_grant(who, wish, GROUND, NOW).verdict is Verdict.ALLOWED
    assert reason(principal="account:a") == "oneself"
    assert reason(role=Role.PROVINCIAL_ADMINISTRATOR) == "not_held_to_grant"
    assert reason(role=Role.AUDITOR) == "not_held_to_grant"
    assert reason(unit=key(LONG)) == reason(unit=key(PROVINCE)) == reason(unit=TOP) == "not_held"
    assert reason(ends=None) == reason(ends=NOW + 101) == "not_held_to_grant"
    assert reason(ends=NOW) == "empty_period"
    assert reason(unit=key(BELOW, "2020-01-01")) == "unit_not_in_force"


def test_nobody_revokes_a_superiors_role() -> None:
    lower = actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(SHORT)))
    assert not may_revoke(lower, grant("account:b", Role.SUPPORT, key(BELOW)), GROUND, NOW).is_denied
    assert may_revoke(lower, grant("account:b", Role.PROVINCIAL_ADMINISTRATOR, key(BELOW)), GROUND, NOW).is_denied
    assert may_revoke(lower, grant("account:b", Role.SUPPORT, key(LONG)), GROUND, NOW).is_denied
    assert may_revoke(lower, grant("account:b", Role.SUPPORT, TOP), GROUND, NOW).is_denied


class Asked(Ground):
    """Counts how often it is asked where a unit stands."""

    times = 0

    def standing(self, unit: UnitKey) -> UnitKey | None:
        object.__setattr__(self, "times", self.times + 1)
        return super().standing(unit)


def second(approver: Actor, *made: AdminGrant) -> str:
    everybody = {name: tuple(one for one in made if one.principal == name) for name in {one.principal for one in made}}
    return may_approve(
        approver, "account:a", everybody, GROUND, lambda one: may(one, Action.KEY_REVOKE, DEPLOYMENT, GROUND, NOW)
    ).reason


def test_second_person_is_another_one_who_may_it_too() -> None:
    right: dict[str, Any] = {"role": Role.KEY_CUSTODIAN}
    assert second(actor(grant("account:b", **right), name="account:b")) == "second_person"
    assert second(actor(grant(**right))) == "oneself"
    assert second(actor(name="account:b")) == "not_held"
    assert second(actor(grant("client:c", **right), name="client:c")) == "machine"


def test_second_person_owes_the_right_to_somebody_else_than_the_first() -> None:
    """The attack: one person makes a second administrator, or a chain of them, and approves with it."""
    from_first = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:a", granted_at=5)
    assert second(actor(from_first, name="account:b"), from_first) == "not_independent"
    middle = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:a", granted_at=1)
    by_middle = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    assert second(actor(by_middle, name="account:b"), middle, by_middle) == "not_independent"
    by_two = replace(from_first, approved_by="account:c")
    assert second(actor(by_two, name="account:b"), by_two) == "second_person"
    other_root = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, granted_at=1)
    assert second(actor(by_middle, name="account:b"), middle, other_root, by_middle) == "second_person"
    assert (
        second(actor(from_first, grant("account:b", Role.KEY_CUSTODIAN), name="account:b"), from_first)
        == "second_person"
    )


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        (Role.AUDITOR, {}),
        (Role.KEY_CUSTODIAN, {}),
        (Role.PROVINCIAL_ADMINISTRATOR, {"ends": 3}),
        (Role.PROVINCIAL_ADMINISTRATOR, {"revoked_at": 3}),
        (Role.PROVINCIAL_ADMINISTRATOR, {"begins": 9}),
        (Role.PROVINCIAL_ADMINISTRATOR, {"at": key(SHORT)}),
    ],
)
def test_what_somebody_else_once_gave_a_shadow_does_not_make_it_independent(
    role: Role, changes: dict[str, Any]
) -> None:
    """The attack: a colleague who audits, or did once, is made an administrator by the first person, and makes the second."""
    middle = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:a", granted_at=1)
    by_middle = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    beside = grant("account:m", role, **changes)
    assert second(actor(by_middle, name="account:b"), middle, beside, by_middle) == "not_independent"


def test_who_was_made_by_somebody_of_a_unit_that_has_ended_stays_independent() -> None:
    gone = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, key("7000"))
    by_gone = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    assert second(actor(by_gone, name="account:b"), gone, by_gone) == "second_person"


def test_administrators_who_grant_to_each_other_are_asked_about_once_each() -> None:
    """The attack: shadows who grant to each other until nobody can open the page of approvals any more; way by way these are a million ways."""
    right = Role.PROVINCIAL_ADMINISTRATOR
    shadows = [f"account:s{number}" for number in range(22)]
    made = [grant("account:s0", right, granted_by="account:a")]
    for number, name in enumerate(shadows[1:], 1):
        made += [grant(name, right, granted_by=other, granted_at=number) for other in shadows[:number]]
    asked = Asked(GROUND.register, GROUND.day)
    last = Actor(shadows[-1], tuple(one for one in made if one.principal == shadows[-1]))
    everybody = {name: tuple(one for one in made if one.principal == name) for name in shadows}

    def decide(one: Actor) -> Decision:
        return may(one, Action.CLIENT_POWER, DEPLOYMENT, GROUND, NOW)

    assert may_approve(last, "account:a", everybody, asked, decide).reason == "not_independent"
    assert asked.times < 10 * len(made) * len(shadows)


def test_who_lost_a_right_and_got_it_back_from_whom_he_had_made_is_no_shadow() -> None:
    first = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, ends=3)
    to_other = grant("account:n", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:m", granted_at=2)
    back = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:n", granted_at=4)
    by_middle = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    assert second(actor(by_middle, name="account:b"), first, to_other, back, by_middle) == "second_person"


def test_two_who_made_each_other_in_the_same_second_have_nobody_behind_them() -> None:
    right: dict[str, Any] = {"role": Role.PROVINCIAL_ADMINISTRATOR, "granted_at": 2}
    one, other = (
        grant("account:m", granted_by="account:n", **right),
        grant("account:n", granted_by="account:m", **right),
    )
    by_middle = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    assert second(actor(by_middle, name="account:b"), one, other, by_middle) == "not_independent"


@pytest.mark.parametrize(
    ("by", "held", "reason"),
    [
        ("account:a", [], "held"),
        ("operator:local", [], "outranked"),
        ("account:b", [key(BELOW)], "held"),
        ("account:b", [key(SHORT)], "outranked"),
        ("account:b", [TOP], "outranked"),
        ("account:b", [TOP, key(BELOW)], "held"),
        ("account:b", [key(LONG)], "held"),
        ("account:b", [key("7000")], "held"),
        ("account:b", [], "held"),
    ],
)
def test_what_was_stopped_from_above_is_not_undone_from_below(by: str, held: list[UnitKey], reason: str) -> None:
    made = tuple(grant(by, at=unit_key) for unit_key in held)
    done = Done(Action.CLIENT_SUSPEND, Actor(by, made), 5)
    who, target = actor(grant(at=key(BELOW))), Target((key(BELOW),))
    assert may_undo(who, Action.CLIENT_RESUME, target, done, GROUND, NOW).reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"ends": 5}, "held"), ({"revoked_at": 4}, "held"), ({"begins": 6}, "held"), ({"revoked_at": 9}, "outranked")],
)
def test_a_right_counts_as_it_was_in_the_moment_of_the_act(changes: dict[str, Any], reason: str) -> None:
    who, target = actor(grant(at=key(BELOW))), Target((key(BELOW),))
    done = Done(Action.CLIENT_SUSPEND, Actor("account:b", (grant("account:b", **changes),)), 5)
    assert may_undo(who, Action.CLIENT_RESUME, target, done, GROUND, NOW).reason == reason
    assert may_undo(actor(), Action.CLIENT_RESUME, target, done, GROUND, NOW).reason == "not_held"
