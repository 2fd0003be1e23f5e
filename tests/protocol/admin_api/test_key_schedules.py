"""One rotation moved to another moment and back: by the Admin API and the console, within bounds and on record."""

from __future__ import annotations

from datetime import datetime

import orjson
import pytest

from idp.clock import VIETNAM
from keys.rows import KeyRow
from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld

WHY = "Nghỉ Tết"


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def custodian(place: ApiWorld) -> Caller:
    return place.administrator("giữ khóa", Role.KEY_CUSTODIAN)


def active(place: ApiWorld) -> KeyRow:
    rows = place.wiring.key_service.rows()
    return next(row for row in rows if (row.alg, row.state) == ("ES256", "active"))


def details(place: ApiWorld) -> list[object]:
    return [orjson.loads(row["detail"])["moved_to"] for row in place.world.events("key:schedule")]


def test_a_custodian_moves_the_rotation_and_takes_it_back(place: ApiWorld, custodian: Caller) -> None:
    before = custodian("GET", f"/keys/{active(place).kid}").json
    at = before["retires"] + 86_400
    moved = custodian("POST", f"/keys/{before['kid']}/schedule", {"at": at, "reason": WHY})
    assert (moved.status, moved.json["events"]) == (
        200,
        [{"action": "schedule", "kid": before["kid"], "alg": "ES256"}],
    )
    after = custodian("GET", f"/keys/{before['kid']}").json
    assert (after["retires"], after["moved_from"]) == (at, before["retires"])
    assert custodian("POST", f"/keys/{before['kid']}/unschedule", {"reason": WHY}).status == 200
    assert custodian("GET", f"/keys/{before['kid']}").json == before
    assert details(place) == [at, None]
    assert {row["actor"] for row in place.world.events("key:schedule")} == {custodian.principal}


@pytest.mark.parametrize("end", ["earliest", "latest"])
def test_the_bounds_that_a_key_names_hold_and_beyond_them_the_field_is_named(
    place: ApiWorld, custodian: Caller, end: str
) -> None:
    key = custodian("GET", f"/keys/{active(place).kid}").json
    beyond = key[end] + (1 if end == "latest" else -1)
    refused = custodian("POST", f"/keys/{key['kid']}/schedule", {"at": beyond, "reason": WHY})
    assert refused.status == 422
    assert [(one["field"], one["code"]) for one in refused.json["errors"]] == [("at", "rotation_out_of_bounds")]
    assert custodian("POST", f"/keys/{key['kid']}/schedule", {"at": key[end], "reason": WHY}).status == 200


def test_only_an_active_key_has_a_rotation_to_move(place: ApiWorld, custodian: Caller) -> None:
    upcoming = next(row for row in place.wiring.key_service.rows() if row.state == "next")
    for verb, body in (("schedule", {"at": 2_000_000_000, "reason": WHY}), ("unschedule", {"reason": WHY})):
        refused = custodian("POST", f"/keys/{upcoming.kid}/{verb}", body)
        assert (refused.status, refused.json["code"]) == (409, "key_not_active")
        assert custodian("POST", f"/keys/unknown/{verb}", body).status == 404
    assert details(place) == []


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.SUPPORT, Role.CLIENT_MANAGER])
def test_nobody_else_moves_a_rotation_and_the_refusal_is_recorded(place: ApiWorld, role: Role) -> None:
    other, row = place.administrator("khác", role), active(place)
    assert other("POST", f"/keys/{row.kid}/schedule", {"at": row.latest, "reason": WHY}).status in {403, 404}
    assert other("POST", f"/keys/{row.kid}/unschedule", {"reason": WHY}).status in {403, 404}
    assert [actor for actor, _ in place.refusals()] == [other.principal] * 2
    assert active(place) == row


def test_the_page_moves_it_in_the_time_of_vietnam_shows_both_moments_and_takes_it_back(
    place: ApiWorld, custodian: Caller
) -> None:
    browser, row = Administrating(place, custodian.principal.partition(":")[2]), active(place)
    page = browser.open(f"/admin/keys/{row.kid}?lang=vi")
    assert page.soup.find("form", id="unschedule-form") is None
    assert row.latest is not None
    wanted = datetime.fromtimestamp(row.latest - 86_400, VIETNAM).replace(second=0)
    done = browser.submit(page, "schedule-form", at=wanted.strftime("%Y-%m-%dT%H:%M"), reason=WHY)
    assert done.status == 200
    assert active(place).retires == int(wanted.timestamp())
    assert "(đã dời)" in browser.open("/admin/keys?lang=vi").text
    assert "Thôi ký theo lịch chung" in done.text
    browser.submit(done, "unschedule-form", reason=WHY)
    assert active(place) == row


@pytest.mark.parametrize("typed", ["", "ngày mai", "2026-13-01T00:00", "1999-01-01T00:00", "2999-01-01T00:00"])
def test_the_page_says_what_is_wrong_with_a_moment(place: ApiWorld, custodian: Caller, typed: str) -> None:
    browser, row = Administrating(place, custodian.principal.partition(":")[2]), active(place)
    answer = browser.submit(browser.open(f"/admin/keys/{row.kid}"), "schedule-form", at=typed, reason=WHY)
    assert answer.status == 400
    assert active(place) == row
