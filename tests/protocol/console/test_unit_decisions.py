"""What a reorganisation leaves is decided where it is listed: a system gets another unit, a right goes on over another one, or ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Proposal, Role
from policies.units import Register
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld
from tests.support.units import BELOW, LONG, PROVINCE, SHORT


@pytest.fixture
def place(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> ApiWorld:
    """Return a province in which a commune with a system and an administrator went without successor today."""
    made = ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))
    made.client(SHORT, client_id="mo-coi", scope="openid profile")
    made.grant("xã cũ", Role.CLIENT_MANAGER, SHORT)
    rows = [one for one in units.register().units if one.code not in {SHORT, BELOW}]
    made.register(Register([*rows, units.unit(SHORT, PROVINCE, ends=made.wiring.units.today())]))
    return made


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    return place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)


def waiting(boss: Caller) -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in boss("GET", "/unit-decisions").json["items"]}


def verdict(boss: Caller, kind: str, **more: str) -> Any:
    one = waiting(boss)[kind]
    body = {"kind": kind, "holder": one["holder"], "unit": one["unit"], "reason": "Nghị quyết 1", **more}
    return boss("POST", "/unit-decisions", body)


def approved(place: ApiWorld, answer: Any) -> None:
    """Let a second person agree: what belongs to no unit any more is taken away by two."""
    assert answer.status == 202
    second = place.administrator_once("hai", Role.PROVINCIAL_ADMINISTRATOR)
    assert second("POST", f"/approvals/{answer.json['approval']['id']}/approve").json["state"] == "done"


def test_system_gets_another_unit_and_leaves_the_list(place: ApiWorld, boss: Caller) -> None:
    assert verdict(boss, "client", verdict="move", target=LONG).status == 204
    assert place.wiring.clients.known("mo-coi").unit == LONG
    assert "client" not in waiting(boss)
    (record,) = place.world.events("client:update")
    assert record["actor"] == boss.principal
    assert "Nghị quyết 1" in str(record["detail"])


def test_role_goes_on_over_another_unit_or_ends(place: ApiWorld, boss: Caller) -> None:
    principal = f"account:{place.account('xã cũ')}"
    approved(place, verdict(boss, "role", verdict="move", target=LONG))
    (held,) = [one for one in place.wiring.admins.held(principal) if one.revoked_at is None]
    assert (held.unit.code, held.role) == (LONG, Role.CLIENT_MANAGER)
    assert "role" not in waiting(boss)


def test_role_that_has_not_begun_begins_on_its_day_over_the_other_unit(place: ApiWorld, boss: Caller) -> None:
    principal, admins = f"account:{place.account('xã cũ')}", place.wiring.admins
    (old,) = admins.held(principal)
    begins = place.world.clock.now() + 30 * 86400
    admins.revoke([old], by="operator:local", reason="thử")
    admins.grant(Proposal(principal, old.role, old.unit, begins, None), by="operator:local", reason="thử")
    approved(place, verdict(boss, "role", verdict="move", target=LONG))
    (held,) = [one for one in admins.held(principal) if one.revoked_at is None]
    assert (held.unit.code, held.begins) == (LONG, begins)


def test_role_that_ends_is_taken_away(place: ApiWorld, boss: Caller) -> None:
    approved(place, verdict(boss, "role", verdict="end"))
    assert [
        one for one in place.wiring.admins.held(f"account:{place.account('xã cũ')}") if one.revoked_at is None
    ] == []
    assert "role" not in waiting(boss)


@pytest.mark.parametrize(
    ("kind", "changes", "status"),
    [
        ("client", {"verdict": "end"}, 422),
        ("client", {"verdict": "move", "target": "không-có"}, 422),
        ("role", {"verdict": "move", "target": "không-có"}, 422),
        ("role", {"verdict": "move"}, 422),
        ("role", {"verdict": "move", "target": LONG, "holder": "account:ai client-manager"}, 404),
    ],
)
def test_what_is_no_decision_changes_nothing(
    place: ApiWorld, boss: Caller, kind: str, changes: dict[str, str], status: int
) -> None:
    assert verdict(boss, kind, **changes).status == status
    assert {"client", "role"} <= waiting(boss).keys()


def test_whoever_reads_a_part_of_the_tree_decides_nothing(place: ApiWorld, boss: Caller) -> None:
    one = waiting(boss)["client"]
    below = place.administrator("xã", Role.UNIT_ADMINISTRATOR, LONG)
    body = {"kind": "client", "holder": one["holder"], "unit": one["unit"], "verdict": "move", "target": LONG}
    assert below("POST", "/unit-decisions", {**body, "reason": "của tôi"}).status == 404
    assert place.wiring.clients.known("mo-coi").unit == SHORT
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    assert auditor("POST", "/unit-decisions", {**body, "reason": "của tôi"}).status == 403


def test_it_is_decided_on_the_page_that_the_list_leads_to(place: ApiWorld, boss: Caller) -> None:
    browser = Administrating(place, place.account("tỉnh"))
    listed = browser.open("/admin/units/changes/decisions")
    ways = [str(one["href"]) for one in listed.soup.select("a[href*='/changes/decide?']")]
    assert len(ways) == 2
    page = browser.open(next(one for one in ways if "kind=client" in one))
    assert "mo-coi" in page.text
    after = browser.submit(page, "move-form", target=LONG, reason="Nghị quyết 1")
    assert after.status == 200
    assert place.wiring.clients.known("mo-coi").unit == LONG
    role = browser.open(next(one for one in ways if "kind=role" in one))
    asked = browser.submit(role, "end-form", reason="Hết nhiệm vụ")
    assert "/admin/approvals/" in asked.url
    assert "client" not in waiting(boss)
