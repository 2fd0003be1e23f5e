"""Movers and leavers: the nightly comparison ends what a directory no longer stands for, and the brake stops what nobody meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idp.errors import NotFound
from idp.model.audit import AuditEvent, Event
from idp.services.locks import ground
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import accounts, directory_links, grants, outbox, role_assignments, sessions
from tests.support.clock import FrozenClock
from tests.support.officials import given_of
from tests.support.slapd import CLERKS, PEOPLE, SlapdServer, person, tree
from tests.support.staff_world import OTHER, StaffWorld
from tests.support.stores import running, stored

pytestmark = pytest.mark.servers
NAMES = tuple(f"cb{number}" for number in range(8))
NIGHT = 3600 * 24


@pytest.fixture
def department() -> Iterator[SlapdServer]:
    with running(SlapdServer(tree(*map(person, NAMES)))) as server:
        server.group(CLERKS, *(f"uid={name},{PEOPLE}" for name in NAMES))
        yield server


@pytest.fixture
def staff(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, department: SlapdServer) -> StaffWorld:
    made = StaffWorld(tmp_path, sqlite_database, clock, given_of(department, page_size=10))
    directory = made.wiring.directories["qoffice"]
    for name in NAMES:
        entry = directory.find(name)
        assert entry is not None
        made.wiring.officials.admitted("qoffice", entry, frozenset({CLERKS}))
    return made


def account_of(staff: StaffWorld, name: str) -> str:
    entry = staff.wiring.directories["qoffice"].find(name)
    assert entry is not None
    row = staff.wiring.official_store.by_link("qoffice", entry.link)
    assert row is not None
    return row.account_id


def state_of(staff: StaffWorld, account_id: str) -> str:
    (row,) = stored(staff.database, accounts, id=account_id)
    return str(row["state"])


def held(staff: StaffWorld, account_id: str) -> list[tuple[str, str]]:
    return [(row.role, row.unit_code) for row in staff.wiring.role_store.held(account_id)]


def test_a_leaver_loses_roles_sessions_and_tokens_and_the_departments_are_told(
    staff: StaffWorld, department: SlapdServer
) -> None:
    qoffice = staff.department(backchannel_logout_uri="https://portal.example.vn/logout")
    gone, disabled, stays = (account_of(staff, name) for name in NAMES[:3])
    for account_id in (gone, disabled, stays):
        staff.tokens(qoffice, staff.sign_in(account_id), "openid roles")
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    department.change(f"uid={NAMES[1]},{PEOPLE}", pwdAccountLockedTime="000001010000Z")
    report = staff.wiring.comparer.run("qoffice")
    assert (report.outcome, report.counts["known"], report.failed) == ("go", 8, 0)
    assert report.gone == {gone: "gone", disabled: "disabled"}
    for account_id in (gone, disabled):
        assert (state_of(staff, account_id), held(staff, account_id)) == ("locked", [])
        assert all(row["ended_at"] for row in stored(staff.database, sessions, account_id=account_id))
        assert all(row["revoked_at"] for row in stored(staff.database, grants, account_id=account_id))
    assert (state_of(staff, stays), len(held(staff, stays))) == ("active", 1)
    assert len(stored(staff.database, outbox, kind="backchannel_logout")) == 2
    assert {row["account_id"] for row in staff.events("official:leave")} == {gone, disabled}
    (noted,) = staff.events("directory:compare")
    assert (noted["outcome"], noted["reason"]) == ("done", "go")
    assert staff.wiring.comparer.run("qoffice").gone == {}, "what is done is done"


def test_who_is_back_is_let_in_again_with_the_roles_of_today_and_no_other_lock_is_touched(
    staff: StaffWorld, department: SlapdServer
) -> None:
    back, suspended = (account_of(staff, name) for name in NAMES[:2])
    for name in NAMES[:2]:
        department.change(f"uid={name},{PEOPLE}", pwdAccountLockedTime="000001010000Z")
    staff.wiring.comparer.run("qoffice")
    staff.wiring.locks.lock(suspended, ground("security", "thử"))
    for name in NAMES[:2]:
        department.change(f"uid={name},{PEOPLE}", pwdAccountLockedTime=[])
    report = staff.wiring.comparer.run("qoffice")
    assert set(report.back) == {back, suspended}
    assert (state_of(staff, back), held(staff, back)) == ("active", [("mot-cua", "20194")])
    assert state_of(staff, suspended) == "locked"


def test_a_mover_changes_unit_and_role_in_the_night(staff: StaffWorld, department: SlapdServer) -> None:
    mover = account_of(staff, NAMES[0])
    department.change(f"uid={NAMES[0]},{PEOPLE}", departmentNumber=OTHER)
    report = staff.wiring.comparer.run("qoffice")
    assert report.moved is not None
    assert (report.moved[mover].begin, report.moved[mover].end) == (("mot-cua",), ("mot-cua",))
    assert held(staff, mover) == [("mot-cua", OTHER)]
    (link,) = stored(staff.database, directory_links, account_id=mover)
    assert link["unit_code"] == OTHER


def test_the_brake_stops_a_night_in_which_too_many_would_go_until_an_operator_says_so(
    staff: StaffWorld, department: SlapdServer
) -> None:
    for name in NAMES[:5]:
        department.remove(f"uid={name},{PEOPLE}")
    report = staff.wiring.comparer.run("qoffice")
    assert (report.outcome, len(report.gone or {})) == ("brake", 5)
    assert {row["state"] for row in stored(staff.database, accounts)} == {"active"}
    assert staff.events("directory:compare", outcome="refused")
    forced = staff.wiring.comparer.run("qoffice", force=True, reason="giải thể phòng", actor="operator:local")
    assert (forced.outcome, staff.events("directory:compare", outcome="done")[0]["reason"]) == ("go", "giải thể phòng")
    assert sum(row["state"] == "locked" for row in stored(staff.database, accounts)) == 5


def test_a_group_that_was_renamed_does_not_take_everybodys_role_in_the_night(
    staff: StaffWorld, department: SlapdServer
) -> None:
    department.remove(CLERKS)
    assert staff.wiring.comparer.run("qoffice").outcome == "brake"
    assert not [row for row in stored(staff.database, role_assignments) if row["ended_at"]]
    assert all(held(staff, account_of(staff, name)) for name in NAMES)


def test_a_partial_answer_ends_nobody_even_on_an_operators_word(
    sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock, office: SlapdServer
) -> None:
    # The whole tree holds a branch that lies elsewhere: who is there cannot be known.
    staff = StaffWorld(tmp_path, sqlite_database, clock, given_of(office, base="dc=qnam,dc=example"))
    report = staff.wiring.comparer.run("qoffice", force=True)
    assert (report.outcome, report.why) == ("partial_answer", "refers elsewhere")


def test_a_directory_that_is_down_ends_nobody_and_is_asked_again_the_same_night(
    staff: StaffWorld, department: SlapdServer
) -> None:
    department.stop()
    staff.clock.advance(NIGHT)
    staff.wiring.comparer.nightly()
    assert {row["state"] for row in stored(staff.database, accounts)} == {"active"}
    last = staff.wiring.official_store.last_run("qoffice")
    assert last is not None
    assert last.outcome == "unavailable"
    department.start()
    directory = staff.wiring.directories["qoffice"]
    directory._servers.endpoints[0].breaker.succeeded()  # type: ignore[attr-defined]
    staff.wiring.comparer.nightly()
    assert staff.wiring.official_store.last_run("qoffice") == last, "not at once"
    staff.clock.advance(900)
    staff.wiring.comparer.nightly()
    again = staff.wiring.official_store.last_run("qoffice")
    assert again is not None
    assert again.outcome == "go"


def test_the_night_runs_once_a_day_after_its_hour(staff: StaffWorld, department: SlapdServer) -> None:
    midnight = (staff.clock.now() // NIGHT + 2) * NIGHT - 7 * 3600
    staff.clock.advance(midnight + 600 - staff.clock.now())
    assert staff.wiring.comparer.nightly() == 0
    assert staff.wiring.official_store.last_run("qoffice") is None
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    staff.clock.advance(3600)
    assert [staff.wiring.comparer.nightly() for _ in range(2)] == [1, 0]
    department.remove(f"uid={NAMES[1]},{PEOPLE}")
    assert staff.another().wiring.comparer.nightly() == 0
    staff.clock.advance(NIGHT)
    assert staff.wiring.housekeeper.tick()["directories"] == 1


def test_a_dry_run_says_everything_and_does_nothing(staff: StaffWorld, department: SlapdServer) -> None:
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    department.change(f"uid={NAMES[1]},{PEOPLE}", departmentNumber=OTHER)
    report = staff.wiring.comparer.run("qoffice", dry_run=True)
    assert (report.outcome, report.counts["gone"], report.counts["moved"]) == ("dry_run", 1, 1)
    assert {row["state"] for row in stored(staff.database, accounts)} == {"active"}
    assert staff.events("directory:compare") == []
    assert staff.wiring.official_store.last_run("qoffice") is None


def test_somebody_whom_another_directory_still_has_keeps_that_ones_roles_and_the_account(
    staff: StaffWorld, department: SlapdServer
) -> None:
    account_id = account_of(staff, NAMES[0])
    store = staff.wiring.official_store
    (row,) = store.of_account(account_id)
    store.add(replace(row, directory="khac"), staff.wiring.audit.record(AuditEvent(Event.OFFICIAL_ADMIT)))
    department.remove(f"uid={NAMES[0]},{PEOPLE}")
    staff.wiring.comparer.run("qoffice")
    assert (state_of(staff, account_id), held(staff, account_id)) == ("active", [])


def test_an_unknown_directory_is_not_found(staff: StaffWorld) -> None:
    with pytest.raises(NotFound):
        staff.wiring.comparer.run("khac")
