"""Rules of delegation that no test missed when they were taken out (docs/decisions/0174): each of these fails without its rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from policies.delegation import (
    TOP,
    Action,
    Actor,
    AdminGrant,
    Decision,
    Ground,
    Proposal,
    Role,
    Target,
    Verdict,
    holds_anywhere,
    may,
    may_approve,
    may_grant,
    may_revoke,
)
from policies.delegation.actions import DANGEROUS
from policies.units import Edge, EdgeKind, Register, Unit, UnitKey
from tests.support.grants import actor, grant
from tests.support.units import BELOW, LONG, OTHER, PROVINCE, SHORT, edge, key, register, unit

NOW = 1_000
DAY = "2026-01-01"
PAST = "2025-07-01"
GROUND = Ground(register(), DAY)


def may_read(who: Actor, *units: UnitKey, ground: Ground = GROUND) -> bool:
    return not may(who, Action.CLIENT_READ, Target(units), ground, NOW).is_denied


def approving(approver: Actor, *made: AdminGrant, decide: Callable[[Actor], Decision] | None = None) -> str:
    everybody = {name: tuple(one for one in made if one.principal == name) for name in {one.principal for one in made}}
    asked = decide or (lambda one: may(one, Action.KEY_REVOKE, Target(), GROUND, NOW))
    return may_approve(approver, "account:a", everybody, GROUND, asked).reason


def test_a_right_from_the_first_person_is_not_independent_however_well_that_person_stands() -> None:
    """The attack: an administrator of the operator's own making makes a second account an administrator, and approves with it."""
    first = grant("account:a", Role.PROVINCIAL_ADMINISTRATOR)
    made = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:a", granted_at=5)
    assert approving(actor(made, name="account:b"), first, made) == "not_independent"
    by_himself = replace(made, approved_by="account:a")
    assert approving(actor(by_himself, name="account:b"), first, by_himself) == "not_independent"


def test_two_who_made_each_other_administrators_stand_behind_nobody() -> None:
    one = grant("account:m", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:n", granted_at=5)
    other = grant("account:n", Role.PROVINCIAL_ADMINISTRATOR, granted_by="account:m", granted_at=5)
    made = grant("account:b", Role.KEY_CUSTODIAN, granted_by="account:m", granted_at=5)
    assert approving(actor(made, name="account:b"), one, other, made) == "not_independent"


@pytest.mark.parametrize("granter", ["account:m", "client:m"])
@pytest.mark.parametrize(("granted_at", "reason"), [(5, "second_person"), (6, "not_independent")])
def test_what_a_granter_was_given_later_does_not_stand_behind_an_earlier_grant(
    granter: str, granted_at: int, reason: str
) -> None:
    behind = grant(granter, Role.PROVINCIAL_ADMINISTRATOR, granted_at=granted_at)
    made = grant("account:b", Role.KEY_CUSTODIAN, granted_by=granter, granted_at=5)
    assert approving(actor(made, name="account:b"), behind, made) == reason


def test_a_client_is_no_second_person_for_an_act_that_it_may_do_alone() -> None:
    client = actor(grant("client:c"), name="client:c")

    def reading(one: Actor) -> Decision:
        return may(one, Action.CLIENT_READ, Target((key(SHORT),)), GROUND, NOW)

    assert reading(client).verdict is Verdict.ALLOWED
    assert approving(client, decide=reading) == "machine"


def test_acts_that_take_two_persons_are_these() -> None:
    assert sorted(DANGEROUS) == [
        "account:merge", "account:recover", "account:restore", "client:correct-purpose", "client:grant-identity", "client:grant-notice",
        "client:grant-power", "key:revoke", "mandate:give", "unit:change",
    ]  # fmt: skip


@pytest.mark.parametrize("action", [Action.ADMIN_GRANT, Action.ADMIN_REVOKE])
@pytest.mark.parametrize("units", [(), (TOP,), (key(SHORT), TOP)])
def test_delegation_over_the_whole_deployment_takes_two(action: Action, units: tuple[UnitKey, ...]) -> None:
    who = actor(grant(role=Role.PROVINCIAL_ADMINISTRATOR))
    assert may(who, action, Target(units), GROUND, NOW).verdict is Verdict.NEEDS_APPROVAL
    assert may(who, action, Target((key(SHORT),)), GROUND, NOW).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("action", [Action.ACCOUNT_LOCK, Action.SESSION_END])
def test_nobody_lower_locks_or_signs_out_an_administrator_and_a_peer_does_it_alone(action: Action) -> None:
    held = (grant("account:boss", Role.UNIT_ADMINISTRATOR, key(PROVINCE)),)
    target = Target((key(SHORT),), "account:boss", held)
    lower, peer = (actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(code))) for code in (SHORT, PROVINCE))
    assert may(lower, action, target, GROUND, NOW).reason == "outranked"
    assert may(peer, action, target, GROUND, NOW).verdict is Verdict.ALLOWED
    assert may(lower, action, Target((key(SHORT),)), GROUND, NOW).verdict is Verdict.ALLOWED
    assert may(lower, Action.ACCOUNT_READ, target, GROUND, NOW).verdict is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("own", "counts"),
    [({"revoked_at": 5}, False), ({"ends": NOW}, False), ({"ends": NOW + 1}, True), ({"begins": NOW + 9}, True)],
)
def test_only_rights_that_still_stand_or_will_stand_put_an_administrator_above_others(
    own: dict[str, int], *, counts: bool
) -> None:
    held = (grant("account:boss", Role.UNIT_ADMINISTRATOR, key(PROVINCE), **own),)
    lower = actor(grant(role=Role.UNIT_ADMINISTRATOR, at=key(SHORT)))
    answer = may(lower, Action.ACCOUNT_LOCK, Target((key(SHORT),), "account:boss", held), GROUND, NOW)
    assert answer.is_denied is counts


def test_an_act_is_held_somewhere_by_a_live_grant_of_a_role_that_has_it() -> None:
    assert holds_anywhere([grant(at=key(SHORT))], Action.CLIENT_READ, NOW)
    assert not holds_anywhere([grant()], Action.KEY_REVOKE, NOW)
    assert not holds_anywhere([grant(ends=NOW)], Action.CLIENT_READ, NOW)
    assert not holds_anywhere([], Action.CLIENT_READ, NOW)


def test_a_grant_counts_from_its_first_second_and_lasts_through_exactly_its_own_time() -> None:
    bounded = grant(begins=NOW, ends=NOW + 10)
    assert may_read(actor(bounded), key(SHORT))
    assert bounded.lasts(NOW, NOW + 10)
    assert not bounded.lasts(NOW - 1, NOW + 10)
    assert not bounded.lasts(NOW, NOW + 11)
    assert not bounded.lasts(NOW, None)
    assert not replace(bounded, revoked_at=NOW).lasts(NOW, NOW + 10)


def test_a_grant_rests_on_each_of_the_grants_that_it_needs() -> None:
    """They must all still stand when it is written; one left out could be revoked meanwhile."""
    manager = grant(role=Role.CLIENT_MANAGER, at=key(SHORT))
    delegating = grant(role=Role.UNIT_ADMINISTRATOR, at=key(SHORT))
    wish = Proposal("account:b", Role.CLIENT_MANAGER, key(BELOW), NOW)
    assert may_grant(actor(manager, delegating), wish, GROUND, NOW).by == tuple(sorted((manager.id, delegating.id)))


def test_the_grant_of_a_unit_that_has_ended_is_taken_away_from_the_top_alone() -> None:
    ended = Ground(Register([unit(PROVINCE, None), unit(SHORT, PROVINCE, ends=PAST)], []), DAY)
    left = grant("account:b", Role.SUPPORT, key(SHORT))
    at_top, at_province = (actor(grant(role=Role.PROVINCIAL_ADMINISTRATOR, at=at)) for at in (TOP, key(PROVINCE)))
    assert may_revoke(at_top, left, ended, NOW).verdict is Verdict.NEEDS_APPROVAL
    assert may_revoke(at_province, left, ended, NOW).is_denied


def renamed(*edges: Edge, rows: tuple[Unit, ...] = ()) -> Ground:
    old, new = unit(SHORT, PROVINCE, ends=PAST), unit(BELOW, PROVINCE, PAST)
    return Ground(Register([unit(PROVINCE, None), old, new, *rows], list(edges)), DAY)


OLD, NEW = (SHORT, "0001-01-01"), (BELOW, PAST)


def test_a_unit_goes_on_only_where_all_of_it_did_and_into_one_other() -> None:
    whole = edge(OLD, NEW, EdgeKind.RENAME, PAST)
    assert renamed(whole).standing(key(SHORT)) == key(BELOW, PAST)
    assert renamed(edge(OLD, NEW, EdgeKind.RENAME, PAST, partial=True)).standing(key(SHORT)) is None
    assert renamed(edge(OLD, NEW, EdgeKind.MERGE, PAST)).standing(key(SHORT)) is None
    second = edge(OLD, (LONG, PAST), EdgeKind.RENAME, PAST)
    assert renamed(whole, second, rows=(unit(LONG, PROVINCE, PAST),)).standing(key(SHORT)) is None
    assert renamed().standing(key(SHORT)) is None


def test_what_is_not_in_force_today_is_reached_by_no_grant_below_the_top() -> None:
    ground = renamed(edge(OLD, NEW, EdgeKind.RENAME, PAST))
    for granted in (key(SHORT), key(PROVINCE)):
        assert ground.reaches(granted, key(BELOW, PAST))
        assert not ground.reaches(granted, key(SHORT))
        assert not ground.reaches(granted, TOP)
    assert not ground.reaches(key("00"), key(BELOW, PAST))
    assert not ground.reaches(key(PROVINCE), key("00"))
    assert not GROUND.reaches(key(OTHER), key(SHORT))


def test_a_code_means_what_it_meant_on_its_day_or_the_next_unit_that_got_it() -> None:
    ground = renamed(edge(OLD, NEW, EdgeKind.RENAME, PAST))
    assert ground.units_of(SHORT, "2020-01-01") == (key(BELOW, PAST),)
    assert ground.units_of(BELOW, "2020-01-01") == (key(BELOW, PAST),)
    assert ground.units_of("00", "2020-01-01") == ()
    tomorrow = renamed(rows=(unit(LONG, PROVINCE, "2026-01-02"),))
    assert tomorrow.units_of(LONG, "2020-01-01") == ()


def test_who_reaches_the_unit_that_has_a_code_today_does_not_reach_the_one_that_had_it() -> None:
    rows = [unit(PROVINCE, None), unit(SHORT, PROVINCE, ends=PAST), unit(SHORT, PROVINCE, PAST)]
    ground = Ground(Register(rows, []), DAY)
    assert ground.reaches(key(PROVINCE), key(SHORT, PAST))
    assert not ground.reaches(key(PROVINCE), key(SHORT))
