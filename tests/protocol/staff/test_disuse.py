"""Unused accounts of staff and old passwords of administrators: told, ended, and opened again; citizens are left alone."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Final

import pytest

from idp.authn import totp
from idp.authn.factors.password import PasswordFactor
from idp.errors import InvalidInput, Refused
from idp.flows.administration.paging import window
from idp.model.directory import Entry
from idp.model.session import Origin
from idp.services.locks import Ground
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts, former_passwords, sessions
from policies.assurance import LOA_1
from policies.delegation import TOP, Proposal, Role
from policies.locks import Reason
from policies.officials.comparison import Standing
from policies.recovery import Path as RecoveryPath
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.in_process import browser, citizen
from tests.support.mailbox import BY_FILE, Mailbox
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER, TokenWorld

DAY: Final = 86400
DIRECTORY: Final[dict[str, Any]] = {
    "name": "qoffice",
    "title": {"vi": "Sở mẫu"},
    "servers": ("ldaps://127.0.0.1:1",),
    "base": "dc=mau",
}
NEW = "một mật khẩu khác hẳn 82"


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock, directories={"sources": [DIRECTORY]}, **BY_FILE)


@pytest.fixture
def box(world: TokenWorld) -> Mailbox:
    return Mailbox(world)


def official(world: TokenWorld, number: int = 1) -> str:
    profile = {"name": f"Cán bộ mẫu {number}", "email": f"cb{number}@mau.example.vn"}
    entry = Entry(f"link-{number}", f"uid=cb{number}", Standing.ACTIVE, profile)
    return world.wiring.officials.admitted("qoffice", entry, frozenset()).id


def sweep(world: TokenWorld, told: list[str] | None = None) -> int:
    return world.wiring.staff_watch.sweep((told if told is not None else []).extend)


def state(world: TokenWorld, account_id: str) -> str:
    return str(stored(world.database, accounts, id=account_id)[0]["state"])


def later(world: TokenWorld, days: int) -> None:
    world.clock.advance(days * DAY)  # type: ignore[attr-defined]


def later_a_step(world: TokenWorld) -> None:
    world.clock.advance(totp.STEP)  # type: ignore[attr-defined]


def grant(world: TokenWorld, account_id: str, role: Role = Role.AUDITOR, in_days: int = 0) -> None:
    proposal = Proposal(f"account:{account_id}", role, TOP, world.clock.now() + in_days * DAY, None)
    world.wiring.admins.grant(proposal, by="operator:local", reason="thử")


def test_an_official_is_told_then_locked_and_opened_again(world: TokenWorld) -> None:
    account_id, told = official(world), list[str]()
    later(world, 37)
    assert sweep(world, told) == 0
    later(world, 1)
    assert sweep(world, told) == 1
    assert told == [account_id]
    assert sweep(world, told) == 0
    assert len(world.events("message:notice", account_id=account_id)) == 1
    later(world, 7)
    assert sweep(world, told) == 1
    assert state(world, account_id) == "locked"
    [lock] = world.wiring.locks.live(account_id)
    assert (lock.reason_code, lock.locked_by) == (Reason.DISUSE, "system")
    assert world.events("account:lock", account_id=account_id)[-1]["actor"] == "system"
    world.wiring.locks.unlock(account_id, reason="cán bộ trở lại", actor="account:qt")
    assert sweep(world, told) == 0
    later(world, 37)
    assert sweep(world, told) == 0
    assert state(world, account_id) == "active"


def test_a_sign_in_begins_the_time_anew(world: TokenWorld) -> None:
    account_id = official(world)
    later(world, 40)
    assert sweep(world) == 1
    world.wiring.sessions.start(account_id, LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    later(world, 37)
    assert sweep(world) == 0
    assert state(world, account_id) == "active"


def test_a_use_is_remembered_when_its_session_is_forgotten(world: TokenWorld) -> None:
    account_id = official(world)
    later(world, 20)
    world.wiring.sessions.start(account_id, LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    later(world, 16)
    sweep(world)
    usage = world.wiring.staff_watch._tools.store.of(account_id)
    with world.database.transaction() as tx:
        tx.run(world.database.prepare(sessions.delete()))
    assert world.wiring.staff_watch._tools.store.of(account_id) == usage


def test_whoever_signs_in_after_the_time_is_locked_though_nobody_swept(world: TokenWorld) -> None:
    account_id, watch = official(world), world.wiring.staff_watch
    later(world, 60)
    assert not watch.ends_now(account_id)
    sweep(world)
    later(world, 6)
    assert not watch.ends_now(account_id)
    later(world, 1)
    assert watch.ends_now(account_id)
    assert state(world, account_id) == "locked"


def test_citizens_are_left_alone_and_who_administers_loses_the_grants_only(world: TokenWorld) -> None:
    plain, _ = citizen(world, 1)
    keeper, _ = citizen(world, 2)
    grant(world, keeper)
    later(world, 400)
    told: list[str] = []
    assert sweep(world, told) == 2  # the grants, and the password
    assert told == [keeper]
    later(world, 7)
    sweep(world, told)
    assert world.wiring.admins.held(f"account:{keeper}") == ()
    assert world.events("admin:revoke")[-1]["reason"] == "unused"
    assert {state(world, one) for one in (plain, keeper)} == {"active"}


def test_a_right_that_has_not_begun_does_not_end_for_disuse(world: TokenWorld) -> None:
    keeper, _ = citizen(world)
    grant(world, keeper, in_days=60)
    for _ in range(8):
        later(world, 10)
        sweep(world)
    assert len(world.wiring.admins.held(f"account:{keeper}")) == 1


def test_a_right_that_is_given_again_begins_the_time_anew_in_the_list_too(world: TokenWorld) -> None:
    keeper, _ = citizen(world)
    grant(world, keeper)
    for days in (38, 7):
        later(world, days)
        sweep(world)
    assert world.wiring.admins.held(f"account:{keeper}") == ()
    grant(world, keeper)
    assert list(world.wiring.staff_watch.unused()) == []
    later(world, 38)
    sweep(world)
    [again] = world.wiring.staff_watch.unused()
    assert again.ends_at == world.clock.now() + 7 * DAY


def test_of_many_sweeps_at_once_one_warns(world: TokenWorld) -> None:
    official(world)
    later(world, 40)
    told: list[list[str]] = [[] for _ in range(8)]
    in_parallel(world.database, 8, lambda number: sweep(world, told[number % 8]))
    assert sum(len(one) for one in told) == 1


def test_nothing_ends_where_it_is_off(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> None:
    off = {"unused_days": 0, "admin_password_days": 0}
    world = TokenWorld(tmp_path, sqlite_database, clock, directories={"sources": [DIRECTORY]}, staff=off)
    account_id = official(world)
    grant(world, account_id)
    later(world, 1000)
    assert sweep(world) == 0
    assert not world.wiring.staff_watch.ends_now(account_id)


def test_the_task_tells_who_can_open_accounts_and_runs_once_a_day(world: TokenWorld, box: Mailbox) -> None:
    AdministeredWorld(world)
    keeper, _ = citizen(world, 3)
    grant(world, keeper, Role.PROVINCIAL_ADMINISTRATOR)
    official(world)
    later(world, 44)
    world.wiring.sessions.start(keeper, LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    box.new()
    [task] = [one for one in world.wiring.housekeeper._tasks if one.name == "staff-watch"]
    assert task.run() == 1
    assert task.run() == 0
    assert ("staff_unused_near", "mail") in {(text, channel) for text, channel, _ in box.told()}


def test_an_administrators_old_password_is_told_of_and_changed_at_the_sign_in(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    verify = world.wiring.credentials.verify_password
    later(world, 53)
    world.wiring.sessions.start(account_id, LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    assert sweep(world) == 1
    assert sweep(world) == 0
    assert not verify(account_id, person.password).must_change
    later(world, 7)
    assert verify(account_id, person.password).must_change
    own = browser(world)
    page = own.open(f"{ISSUER}/account")
    page = own.submit(page, "login-form", "login-submit", identity_code=person.code, password=person.password)
    assert page.form("password-form") is not None
    own.submit(page, "password-form", "password-submit", new_password=NEW, new_password_again=NEW)
    assert not verify(account_id, NEW).must_change


def test_an_old_password_is_changed_after_the_second_factor_and_not_by_whoever_knows_it(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    seed = base64.b32decode(world.wiring.credentials.enrol_totp(account_id).secret)
    later(world, 60)
    own = browser(world)
    signed_in = {"identity_code": person.code, "password": person.password}
    page = own.submit(own.open(f"{ISSUER}/account"), "login-form", "login-submit", **signed_in)
    assert page.soup.find(id="password-form") is None
    for _ in range(2):  # Whoever leaves the page of the password does not administer with the code alone.
        later_a_step(world)
        page = own.open(f"{ISSUER}/admin")
        code = totp.code_at(seed, world.clock.now() // totp.STEP)
        page = own.submit(page, "otp-form", "otp-submit", otp=code)
        assert page.form("password-form") is not None
    page = own.submit(page, "password-form", "password-submit", new_password=NEW, new_password_again=NEW)
    assert (page.status, page.url.partition("?")[0]) == (200, f"{ISSUER}/admin")
    assert not world.wiring.credentials.verify_password(account_id, NEW).must_change


def test_an_old_password_is_right_where_the_person_steps_up_with_it(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    later(world, 60)
    factor = PasswordFactor(world.wiring.credentials)
    assert factor.prove(account_id, person.password, "") == "password"
    world.wiring.credentials.set_password(account_id, NEW, must_change=True)
    with pytest.raises(Refused):
        factor.prove(account_id, NEW, "")


def test_a_citizens_password_does_not_age(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    later(world, 1000)
    assert not world.wiring.credentials.verify_password(account_id, person.password).must_change


def test_an_administrator_takes_none_of_the_last_ten_passwords(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    credentials, actor = world.wiring.credentials, f"account:{account_id}"
    used = [person.password]
    for number in range(10):
        for old in (used[0], used[-1]):
            with pytest.raises(InvalidInput) as refused:
                credentials.set_password(account_id, old, actor=actor)
            assert refused.value.code == "password_reused"
        used.append(f"một mật khẩu khác hẳn số {number} 82")
        later(world, 1)
        credentials.set_password(account_id, used[-1], actor=actor)
    assert len(stored(world.database, former_passwords)) == 9
    credentials.set_password(account_id, person.password, actor=actor)


def test_an_administrator_who_was_recovered_takes_none_of_the_last_passwords_either(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    wiring, origin = world.wiring, Origin("192.0.2.7", "thử")
    later(world, 1)
    wiring.credentials.set_password(account_id, NEW, actor=f"account:{account_id}")
    begun = wiring.recoveries.begin(account_id, RecoveryPath.COUNTER, evidence="CCCD", reason="thử")
    for used in (person.password, NEW):
        with pytest.raises(InvalidInput) as refused:
            wiring.recovery_flow.activate(person.code, begun.activation_code, used, origin, "CASE")
        assert refused.value.code == "password_reused"
    world.clock.advance(1)
    wiring.recovery_flow.activate(person.code, begun.activation_code, f"{NEW} nữa", origin, "CASE")
    assert len(stored(world.database, former_passwords)) == 2
    with pytest.raises(InvalidInput):
        wiring.credentials.set_password(account_id, NEW, actor=f"account:{account_id}")


def test_what_a_citizen_had_is_not_remembered(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    world.wiring.credentials.set_password(account_id, NEW)
    world.wiring.credentials.set_password(account_id, person.password)
    begun = world.wiring.recoveries.begin(account_id, RecoveryPath.COUNTER, evidence="CCCD", reason="thử")
    origin = Origin("192.0.2.7", "thử")
    world.wiring.recovery_flow.activate(person.code, begun.activation_code, person.password, origin, "CASE")
    assert stored(world.database, former_passwords) == []


def test_what_somebody_had_while_administering_is_forgotten_afterwards(world: TokenWorld) -> None:
    account_id, person = citizen(world)
    grant(world, account_id)
    world.wiring.credentials.set_password(account_id, NEW)
    assert len(stored(world.database, former_passwords)) == 1
    world.wiring.credentials.enrol_totp(account_id)
    world.wiring.credentials.require_change(account_id, actor="operator:local")
    assert len(stored(world.database, former_passwords)) == 1
    admins = world.wiring.admins
    admins.revoke(admins.held(f"account:{account_id}"), by="operator:local", reason="thử")
    world.wiring.credentials.set_password(account_id, person.password)
    assert stored(world.database, former_passwords) == []


def test_administrators_see_whose_account_is_about_to_end_within_their_reach(world: TokenWorld) -> None:
    place = AdministeredWorld(world)
    place.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    place.grant("commune", Role.UNIT_ADMINISTRATOR, "79.1")
    soon, gone, back = (official(world, number) for number in (1, 2, 3))
    later(world, 38)
    sweep(world)
    warned_at = world.clock.now()
    later(world, 1)
    for name in ("root", "commune"):
        session = (place.account(name), LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
        world.wiring.sessions.start(*session)
    world.wiring.sessions.start(back, LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    world.wiring.locks.lock(gone, Ground(Reason.DISUSE, "thử"), actor="system")
    found = place.acts.unused.search(place.who("root"), window()).rows
    assert {(one.account_id, bool(one.locked_at)) for one in found} == {(soon, False), (gone, True)}
    assert {one.ends_at for one in found} == {warned_at + 7 * DAY}
    first = place.acts.unused.search(place.who("root"), window(limit=1))
    second = place.acts.unused.search(place.who("root"), window(first.following, 1))
    assert [one.account_id for one in (*first.rows, *second.rows)] == [one.account_id for one in found]
    assert place.acts.unused.search(place.who("commune"), window()).rows == ()
    page = Administrating(place, place.account("root")).open("/admin/accounts/unused")
    assert (page.status, soon in page.text, gone in page.text, back in page.text) == (200, True, True, False)
