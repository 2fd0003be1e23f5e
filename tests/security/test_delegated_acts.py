"""Administrative acts through the use cases: what is out of reach is not there, what is refused is recorded, two decide once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.errors import Conflict, DomainError, InvalidInput, NotFound, Refused
from idp.flows.administration.administrator import Administrator
from idp.flows.administration.admins import GrantWish
from idp.flows.administration.clients import ClientQuery
from idp.flows.administration.paging import Window, window
from idp.model.approval import Approval
from idp.ports.administration import GrantQuery
from idp.services.locks import ground
from idp.storage.tables import admin_grants
from policies import assurance
from policies.delegation import TOP, AdminGrant, Role
from policies.units import EdgeKind, Register
from tests.support import units
from tests.support.administered_world import AdministeredWorld
from tests.support.stores import in_parallel, stored
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, LONG, OTHER, PROVINCE, SHORT

FIRST = Window()


@pytest.fixture
def place(world: TokenWorld) -> AdministeredWorld:
    return AdministeredWorld(world)


def names(place: AdministeredWorld, who: Administrator, **query: Any) -> set[str]:
    return {client.client_id for client in place.acts.clients.search(who, ClientQuery(**query), FIRST).rows}


def test_list_holds_what_is_within_reach_whatever_the_filter_says(place: AdministeredWorld) -> None:
    mine, below, other = (place.client(code).client.client_id for code in (SHORT, BELOW, LONG))
    who = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    assert names(place, who) == {mine, below}
    assert names(place, who, unit=BELOW) == {below}
    assert names(place, who, unit=LONG) == names(place, who, unit=OTHER) == set()
    assert names(place, who, unit=PROVINCE) == {mine, below}
    assert names(place, place.admin("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)) == {mine, below, other}


def test_unknown_and_out_of_sight_are_one_answer_and_recorded(place: AdministeredWorld) -> None:
    other = place.client(LONG).client.client_id
    who = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    acts = place.acts.clients
    for client_id in (other, "không-có"):
        for act in (
            lambda one: acts.show(who, one),
            lambda one: acts.suspend(who, one, "x"),
            lambda one: acts.rotate_secret(who, one),
            lambda one: acts.remove(who, one, "x"),
            lambda one: acts.history(who, one, FIRST),
            lambda one: place.acts.client_changes.update(who, one, place.document(SHORT), version=1),
        ):
            with pytest.raises(NotFound) as refused:
                act(client_id)
            assert str(refused.value) == "there is no such thing, or it is not yours to see"
    assert {reason for _, reason in place.refusals()} == {"not_held", "unknown"}
    assert len(place.refusals()) == 12


def test_what_is_in_sight_and_not_ones_to_do_is_refused(place: AdministeredWorld) -> None:
    client = place.client(SHORT).client.client_id
    who = place.admin("kiểm toán", Role.AUDITOR, SHORT)
    assert place.acts.clients.show(who, client).client.client_id == client
    with pytest.raises(Refused):
        place.acts.clients.suspend(who, client, "x")


def test_one_factor_administers_nothing(place: AdministeredWorld) -> None:
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    with pytest.raises(Refused) as refused:
        place.acts.keys.rows(place.who("tỉnh", assurance.LOA_1))
    assert refused.value.code == "step_up"


def test_token_without_the_scope_leaves_the_right_unused(place: AdministeredWorld) -> None:
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    who = place.who("tỉnh", scopes=frozenset({"admin:clients:read"}))
    assert place.acts.clients.search(who, ClientQuery(), FIRST).rows == ()
    with pytest.raises(Refused) as refused:
        place.acts.keys.rows(who)
    assert refused.value.code == "insufficient_scope"


def test_right_is_gone_with_the_grant(place: AdministeredWorld) -> None:
    client = place.client(SHORT).client.client_id
    grant = place.grant("quản lý", Role.CLIENT_MANAGER, SHORT)
    place.acts.clients.suspend(place.who("quản lý"), client, "x")
    place.wiring.admins.revoke([grant], by="operator:local", reason="x")
    with pytest.raises(NotFound):
        place.acts.clients.resume(place.who("quản lý"), client, "x")


def test_moved_unit_is_out_of_reach_at_once(place: AdministeredWorld) -> None:
    client = place.client(BELOW).client.client_id
    who = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    assert names(place, who) == {client}
    day = place.wiring.units.today()
    rows = [one for one in units.register().units if one.code != BELOW]
    rows += [units.unit(BELOW, SHORT, ends=day), units.unit(BELOW, LONG, day)]
    place.register(Register(rows, [units.edge(units.key(BELOW), units.key(BELOW, day), EdgeKind.TRANSFER, day)]))
    assert names(place, who) == set()
    with pytest.raises(NotFound):
        place.acts.clients.show(who, client)


def test_client_of_a_unit_that_ended_is_not_its_codes_new_owners(place: AdministeredWorld) -> None:
    client = place.client(SHORT).client.client_id
    place.world.clock.advance(86400)
    day = place.wiring.units.today()
    rows = [one for one in units.register().units if one.code not in {SHORT, BELOW}]
    rows += [units.unit(SHORT, PROVINCE, ends=day), units.unit(SHORT, OTHER, day)]
    place.register(Register(rows))
    who = place.admin("mới", Role.CLIENT_MANAGER, units.key(SHORT, day))
    with pytest.raises(NotFound):
        place.acts.clients.show(who, client)
    # What has no unit any more is the province's.
    place.acts.clients.show(place.admin("tỉnh", Role.PROVINCIAL_ADMINISTRATOR), client)


def test_identity_code_waits_for_a_second_person_and_comes_once(place: AdministeredWorld) -> None:
    first, second = (place.admin(name, Role.CLIENT_MANAGER, SHORT) for name in ("một", "hai"))
    document = {**place.document(SHORT), "scope": "openid profile identity"}
    made = place.acts.client_changes.create(first, document, "thủ tục mới")
    assert "identity" not in made.client.scope
    assert made.waiting is not None
    with pytest.raises(Refused):
        place.acts.approvals.approve(first, made.waiting.id)
    done = place.acts.approvals.approve(second, made.waiting.id)
    assert (done.state, done.decided_by) == ("done", second.principal)
    assert "identity" in place.wiring.clients.known(made.client.client_id).scope
    with pytest.raises(Conflict):
        place.acts.approvals.approve(second, made.waiting.id)


def test_approved_is_what_was_seen(place: AdministeredWorld) -> None:
    """The attack: ask for something harmless, and change the client before the second person agrees."""
    first, second = (place.admin(name, Role.CLIENT_MANAGER, SHORT) for name in ("một", "hai"))
    made = place.acts.client_changes.create(first, {**place.document(SHORT), "scope": "openid identity"})
    assert made.waiting is not None
    changed = {**place.document(SHORT), "redirect_uris": ["https://evil.example/cb"]}
    place.acts.client_changes.update(first, made.client.client_id, changed, version=made.client.version)
    with pytest.raises(Conflict):
        place.acts.approvals.approve(second, made.waiting.id)
    assert place.wiring.approvals.get(made.waiting.id).state == "failed"
    assert "identity" not in place.wiring.clients.known(made.client.client_id).scope


def test_two_approvals_at_once_carry_it_out_once(place: AdministeredWorld) -> None:
    people = [place.admin(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai", "ba", "bốn")]
    wish = GrantWish(f"account:{place.account('mới')}", Role.SUPPORT.value, TOP.code)
    asked = place.acts.admins.grant(people[0], wish, "nhân sự mới")
    assert isinstance(asked, Approval)

    def act(number: int) -> bool:
        try:
            place.acts.approvals.approve(people[1 + number], asked.id)
        except DomainError:
            return False
        return True

    assert sum(in_parallel(place.world.database, 3, act)) == 1
    made = stored(place.world.database, admin_grants, principal=wish.principal)
    assert [row["granted_by"] for row in made] == [people[0].principal]
    assert made[0]["approved_by"] in {one.principal for one in people[1:]}


def test_approval_runs_out_and_dies_with_the_right_of_whoever_asked(place: AdministeredWorld) -> None:
    grant = place.grant("một", Role.PROVINCIAL_ADMINISTRATOR)
    second = place.admin("hai", Role.PROVINCIAL_ADMINISTRATOR)
    kid, other = [row.kid for row in place.wiring.key_service.rows() if row.state == "active"][:2]
    late, lost = (place.acts.keys.revoke(place.who("một"), one, "lộ khóa") for one in (kid, other))
    place.wiring.admins.revoke([grant], by="operator:local", reason="x")
    with pytest.raises(Refused):
        place.acts.approvals.approve(second, lost.id)
    place.world.clock.advance(place.wiring.settings.administration.approval_lifetime)
    with pytest.raises(DomainError):
        place.acts.approvals.approve(second, late.id)
    assert place.wiring.approvals.get(late.id).state == "expired"
    assert next(row.state for row in place.wiring.key_service.rows() if row.kid == kid) == "active"


@pytest.mark.parametrize("by_operator", [False, True])
def test_what_somebody_asked_for_who_was_locked_since_happens_no_more(
    place: AdministeredWorld, *, by_operator: bool
) -> None:
    """Whoever stole a session asks for things, and a colleague who knows nothing of the theft would let them happen."""
    first, second = (
        place.admin("một", Role.UNIT_ADMINISTRATOR, SHORT),
        place.admin("hai", Role.UNIT_ADMINISTRATOR, SHORT),
    )
    loser, winner = (place.account(name, SHORT) for name in ("trùng một", "trùng hai"))
    asked = place.acts.account_states.merge(first, loser, winner, "một người")
    place.wiring.accounts.change_state(place.account("một"), "locked", reason="lộ phiên")
    with pytest.raises(Refused):
        if by_operator:
            place.acts.approvals.approve_as_operator(asked.id, "operator:local", "kẹt")
        else:
            place.acts.approvals.approve(second, asked.id)
    assert place.wiring.accounts.resolve(loser) == loser
    place.wiring.accounts.change_state(place.account("một"), "active", reason="đã rõ")
    place.acts.approvals.approve(second, asked.id)
    assert place.wiring.accounts.resolve(loser) == winner


def test_what_somebody_asked_for_in_an_account_whose_person_says_it_was_not_me_happens_no_more(
    place: AdministeredWorld,
) -> None:
    first, second = (
        place.admin("một", Role.UNIT_ADMINISTRATOR, SHORT),
        place.admin("hai", Role.UNIT_ADMINISTRATOR, SHORT),
    )
    loser, winner = (place.account(name, SHORT) for name in ("trùng một", "trùng hai"))
    asked = place.acts.account_states.merge(first, loser, winner, "một người")
    place.wiring.locks.lock(place.account("một"), ground("not_me"), actor=first.principal)
    with pytest.raises(Refused):
        place.acts.approvals.approve(second, asked.id)
    assert place.refusals()[-1][1] == "requester_lost"


def test_an_authoritys_lock_that_came_meanwhile_is_not_ended_by_who_may_only_unlock(place: AdministeredWorld) -> None:
    first, second = (place.admin(name, Role.SUPPORT, SHORT) for name in ("giúp một", "giúp hai"))
    person = place.account("đồng nghiệp", SHORT)
    place.grant("đồng nghiệp", Role.SUPPORT, SHORT)
    place.wiring.locks.lock(person, ground("own_request", "mất máy"), actor="operator:local")
    asked = place.acts.account_states.unlock(first, person, "đã tìm thấy máy")
    assert isinstance(asked, Approval)
    place.wiring.locks.lock(person, ground("authority_request", "x", "12/CV"), actor="operator:local")
    with pytest.raises(NotFound):
        place.acts.approvals.approve(second, asked.id)
    assert len(place.wiring.locks.live(person)) == 2


def test_a_lock_that_came_after_an_unlocking_was_asked_for_is_not_ended_by_it(place: AdministeredWorld) -> None:
    """The attack: whoever has the account asks for its unlocking in time; the lock for the theft comes, and the old request opens it."""
    first, second = (place.admin(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai"))
    person = place.account("đồng nghiệp", SHORT)
    place.grant("đồng nghiệp", Role.SUPPORT, SHORT)
    place.wiring.locks.lock(person, ground("own_request", "mất máy"), actor="operator:local")
    asked = place.acts.account_states.unlock(first, person, "đã tìm thấy máy")
    assert isinstance(asked, Approval)
    place.wiring.locks.lock(person, ground("security", "bị chiếm"), actor="operator:local")
    with pytest.raises(Conflict):
        place.acts.approvals.approve(second, asked.id)
    assert len(place.wiring.locks.live(person)) == 2
    again = place.acts.account_states.unlock(first, person, "đã lấy lại được")
    assert isinstance(again, Approval)
    place.acts.approvals.approve(second, again.id)
    assert place.wiring.locks.live(person) == []


def test_second_person_whom_the_first_made_does_not_count(place: AdministeredWorld) -> None:
    first = place.admin("một", Role.UNIT_ADMINISTRATOR, PROVINCE)
    wish = GrantWish(f"account:{place.account('bóng')}", Role.UNIT_ADMINISTRATOR.value, SHORT)
    assert isinstance(place.acts.admins.grant(first, wish, "x"), AdminGrant)
    loser, winner = (place.account(name, SHORT) for name in ("trùng một", "trùng hai"))
    asked = place.acts.account_states.merge(first, loser, winner, "một người")
    with pytest.raises(Refused):
        place.acts.approvals.approve(place.who("bóng"), asked.id)
    assert place.refusals()[-1][1] == "not_independent"
    place.acts.approvals.approve(place.admin("thật", Role.UNIT_ADMINISTRATOR, SHORT), asked.id)
    assert place.wiring.accounts.resolve(loser) == winner


def test_support_takes_over_no_administrator(place: AdministeredWorld) -> None:
    boss = place.account("sếp", SHORT)
    place.grant("sếp", Role.UNIT_ADMINISTRATOR, PROVINCE)
    place.wiring.credentials.enrol_totp(boss)
    who = place.admin("hỗ trợ", Role.SUPPORT, PROVINCE)
    states = place.acts.account_states
    acts: list[Callable[[], object]] = [
        lambda: states.reset_factor(who, boss, "totp", "x"),
        lambda: states.lock(who, boss, ground("security", "x")),
        lambda: states.end_sessions(who, boss, "x"),
    ]
    for act in acts:
        with pytest.raises(Refused):
            act()
    assert place.wiring.credentials.has(boss, "totp")
    citizen = place.account("dân", SHORT)
    place.wiring.credentials.enrol_totp(citizen)
    states.reset_factor(who, citizen, "totp", "mất điện thoại")
    assert not place.wiring.credentials.has(citizen, "totp")


def test_powerful_client_is_no_way_around(place: AdministeredWorld) -> None:
    """Whoever manages the client of an administrator, or a console's, would act with rights that nobody granted him."""
    tool = place.client(SHORT, scope="openid admin:clients:write").client
    machine = place.client(SHORT).client
    place.grant(f"client:{machine.client_id}", Role.PROVINCIAL_ADMINISTRATOR)
    who = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    for client in (tool, machine):
        document = {**place.document(SHORT), "redirect_uris": ["https://evil.example/cb"]}
        with pytest.raises(Refused):
            place.acts.client_changes.update(who, client.client_id, document, version=client.version)
        with pytest.raises(Refused):
            place.acts.clients.rotate_secret(who, client.client_id)
    with pytest.raises(Refused):
        place.acts.client_changes.create(who, {**place.document(SHORT), "scope": "openid admin:keys:write"})


def test_grants_beyond_ones_own_are_refused_and_not_seen(place: AdministeredWorld) -> None:
    top = place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    who = place.admin("xã", Role.UNIT_ADMINISTRATOR, SHORT)
    to = f"account:{place.account('mới')}"
    for role, unit in ((Role.PROVINCIAL_ADMINISTRATOR, SHORT), (Role.SUPPORT, LONG), (Role.SUPPORT, TOP.code)):
        with pytest.raises(Refused):
            place.acts.admins.grant(who, GrantWish(to, role.value, unit), "x")
    with pytest.raises(Refused):
        place.acts.admins.grant(who, GrantWish(who.principal, Role.SUPPORT.value, BELOW), "x")
    with pytest.raises(NotFound):
        place.acts.admins.revoke(who, top.id, "x")
    made = place.acts.admins.grant(who, GrantWish(to, Role.SUPPORT.value, BELOW), "x")
    assert isinstance(made, AdminGrant)
    seen = place.acts.admins.search(who, GrantQuery(), FIRST).rows
    assert {one.principal for one in seen} == {who.principal, to}
    assert place.acts.admins.revoke(who, made.id, "x") == 1


def test_line_of_a_betrayer_goes_with_him_when_one_says_so(place: AdministeredWorld) -> None:
    rogue = place.grant("kẻ gian", Role.UNIT_ADMINISTRATOR, SHORT)
    place.grant("tay chân", Role.UNIT_ADMINISTRATOR, SHORT, by=rogue.principal)
    place.grant("tay sai", Role.SUPPORT, BELOW, by=f"account:{place.account('tay chân')}")
    boss = place.admin("sếp", Role.UNIT_ADMINISTRATOR, PROVINCE)
    assert place.acts.admins.revoke(boss, rogue.id, "phản bội", with_granted=True) == 3
    assert place.wiring.admins.held(f"account:{place.account('tay sai')}") == ()


def test_cursors_walk_through_everything_once_and_strange_ones_are_refused(place: AdministeredWorld) -> None:
    made = {place.client(SHORT).client.client_id for _ in range(5)}
    who = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    seen: list[str] = []
    cursor = ""
    while True:
        found = place.acts.clients.search(who, ClientQuery(), window(cursor, 2))
        seen += [client.client_id for client in found.rows]
        cursor = found.following
        if not cursor:
            break
    assert (set(seen), len(seen)) == (made, 5)
    for strange in ("%", "a" * 500, "AB=", "gA"):
        with pytest.raises(InvalidInput):
            window(strange)
    assert replace(FIRST, limit=1) == window(limit=1)


def test_powerful_client_is_resumed_by_two(place: AdministeredWorld) -> None:
    tool = place.client(SHORT, scope="openid admin:clients:write").client.client_id
    first, second = (place.admin(name, Role.PROVINCIAL_ADMINISTRATOR) for name in ("một", "hai"))
    manager = place.admin("quản lý", Role.CLIENT_MANAGER, SHORT)
    assert place.acts.clients.suspend(manager, tool, "x").state == "suspended"
    with pytest.raises(Refused):
        place.acts.clients.resume(manager, tool, "x")
    asked = place.acts.clients.resume(first, tool, "x")
    assert isinstance(asked, Approval)
    assert place.wiring.clients.known(tool).state == "suspended"
    place.acts.approvals.approve(second, asked.id)
    assert place.wiring.clients.known(tool).state == "active"


def test_identity_code_where_an_id_belongs_is_not_written_down(place: AdministeredWorld) -> None:
    who = place.admin("hỗ trợ", Role.SUPPORT, SHORT)
    with pytest.raises(NotFound):
        place.acts.accounts.show(who, "049499000001")
    assert place.acts.accounts.find(who, "049499009999") == []
    targets = [row["target"] for row in place.world.events("admin:refuse")]
    assert targets == ["account:#", "accounts"]


def test_operator_is_the_second_person_of_what_is_stuck(place: AdministeredWorld) -> None:
    first = place.admin("một", Role.PROVINCIAL_ADMINISTRATOR)
    kid = next(row.kid for row in place.wiring.key_service.rows() if row.state == "active")
    asked = place.acts.keys.revoke(first, kid, "lộ khóa")
    done = place.acts.approvals.approve_as_operator(asked.id, "operator:local", "một mình")
    assert (done.state, done.decided_by) == ("done", "operator:local")
    assert next(row.state for row in place.wiring.key_service.rows() if row.kid == kid) == "revoked"
