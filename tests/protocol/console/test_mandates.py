"""Mandates on an account's page and by the API: seen from either party, ended by the office of whoever is acted for, at once and on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from idp.model.mandate import Mandate
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.mandated_world import Town
from tests.support.token_world import TokenWorld
from tests.support.units import LONG, SHORT


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock)


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    return place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)


@pytest.fixture
def town(place: ApiWorld) -> Town:
    return Town(place.world)


@pytest.fixture
def across(place: ApiWorld, town: Town) -> Mandate:
    """Return the mandate by which somebody of 79.10 acts for a business of 79.1."""
    columns = {"code_type": "mst", "code": "0314409058", "name": "Công ty mẫu 02", "unit": SHORT}
    accounts = place.wiring.accounts
    place.known("công ty", accounts.add(accounts.draft(columns)))
    place.known("giám đốc", place.world.add_person(12, unit=LONG))
    return town.represent(actor=place.account("giám đốc"), principal=place.account("công ty"))


def ending(caller: Caller, account_id: str, mandate: Mandate, reason: str = "Quyết định 7") -> int:
    return caller("POST", f"/accounts/{account_id}/mandates/{mandate.id}/end", {"reason": reason}).status


def test_both_parties_show_it_and_the_look_is_recorded(place: ApiWorld, boss: Caller, town: Town) -> None:
    mandate = town.represent()
    for account_id in (town.an, town.business):
        (one,) = boss("GET", f"/accounts/{account_id}/mandates").json["items"]
        assert (one["id"], one["state"], one["may_end"]) == (mandate.id, "accepted", True)
        assert "evidence" not in one
        assert place.world.events("account:show", account_id=account_id)[-1]["reason"] == "mandates"
    assert boss("GET", f"/accounts/{town.binh}/mandates").json == {"items": []}


def test_what_it_carried_ends_at_once_and_both_are_told(place: ApiWorld, boss: Caller, town: Town) -> None:
    mandate = town.represent()
    tokens = town.tokens(town.visitor(), mandate.id, scope="openid offline_access", prompt="consent")
    assert place.world.userinfo(tokens["access_token"]).status == 200
    assert ending(boss, town.business, mandate) == 200
    assert place.world.userinfo(tokens["access_token"]).status == 401
    assert place.wiring.mandates.get(mandate.id).state == "revoked"
    (event,) = place.world.events("mandate:revoke")
    assert event["actor"] == boss.principal
    assert ending(boss, town.business, mandate) == 409
    assert boss("GET", f"/accounts/{town.an}/mandates").json["items"][0]["may_end"] is False


def test_who_reaches_the_actor_alone_sees_it_and_cannot_end_it(place: ApiWorld, across: Mandate) -> None:
    here = place.administrator("xã này", Role.SUPPORT, SHORT)
    there = place.administrator("xã kia", Role.SUPPORT, LONG)
    (seen,) = there("GET", f"/accounts/{place.account('giám đốc')}/mandates").json["items"]
    assert seen["may_end"] is False
    assert ending(there, place.account("giám đốc"), across) == 403
    assert ending(there, place.account("công ty"), across) == 404
    assert {actor for actor, _ in place.refusals()} == {there.principal}
    assert len(place.refusals()) == 2
    assert place.wiring.mandates.get(across.id).state == "accepted"
    assert ending(here, place.account("công ty"), across) == 200


def test_mandate_of_others_is_not_reached_by_an_account_within_reach(place: ApiWorld, town: Town, boss: Caller) -> None:
    mandate = town.represent()
    assert ending(boss, town.binh, mandate) == 404
    assert boss("POST", f"/accounts/{town.binh}/mandates/{'0' * 26}/end", {"reason": "x"}).status == 404
    assert [reason for _, reason in place.refusals()] == ["unknown", "unknown"]
    assert place.wiring.mandates.get(mandate.id).state == "accepted"


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CLIENT_MANAGER, Role.CONSENT_OFFICER])
def test_no_other_role_sees_or_ends_mandates(place: ApiWorld, town: Town, role: Role) -> None:
    mandate = town.represent()
    other = place.administrator("khác", role)
    assert other("GET", f"/accounts/{town.business}/mandates").status == 404
    assert ending(other, town.business, mandate) == 404


def test_page_shows_both_sides_and_ends_one(place: ApiWorld, town: Town, boss: Caller) -> None:
    mandate = town.represent()
    browser = Administrating(place, boss.principal.partition(":")[2])
    page = browser.open(f"/admin/accounts/{town.an}")
    assert [row["reason"] or "" for row in place.world.events("account:show")] == [""], "one look at a page is one"
    assert f"/admin/accounts/{town.business}" in {str(one["href"]) for one in page.soup.select("td a")}
    assert browser.open(f"/admin/accounts/{town.binh}").soup.find(id="mandate-form") is None
    empty = browser.submit(page, "mandate-form", mandate=mandate.id, reason=" ")
    assert empty.status == 400
    done = browser.submit(page, "mandate-form", mandate=mandate.id, reason="Đã thôi chức")
    assert done.status == 200
    assert place.wiring.mandates.get(mandate.id).end_reason == "Đã thôi chức"
    assert browser.open(f"/admin/accounts/{town.an}").soup.find(id="mandate-form") is None


def test_more_mandates_than_a_page_holds_are_reached_by_cursor_in_both_places(
    place: ApiWorld, town: Town, boss: Caller
) -> None:
    made = {town.represent().id for _ in range(3)}
    path, seen, cursor = f"/accounts/{town.an}/mandates", [], ""
    for _ in made:
        page = boss("GET", f"{path}?limit=1{cursor}").json
        seen += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page.get('next', '')}"
    assert (set(seen), len(seen), "next" in page) == (made, 3, False)
    own = {town.represent(actor=town.an).id for _ in range(50)}
    browser = Administrating(place, boss.principal.partition(":")[2])
    first = browser.open(f"/admin/accounts/{town.an}")
    (more,) = first.soup.select("a[rel=next]")
    second = browser.open(str(more["href"]))
    assert (len(made | own), second.status, second.soup.select("a[rel=next]")) == (53, 200, [])
    assert boss("GET", f"{path}?cursor=x").status == 422
