"""Every list is searched in the console and by the API alike: words without diacritics, filters in the address, the same rows in its file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from idp.model.data_request import DataRequest
from idp.ports.data_requests import RequestQuery
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.units import Register
from tests.protocol.console.test_lists import FILES
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.reorganising import LAW, later
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Visitor, asked

DIRECTORIES = [
    {"name": name, "title": {"vi": title}, "servers": ("ldaps://127.0.0.1:1",), "base": "dc=mau"}
    for name, title in (("qoffice", "Sở Y tế"), ("noivu", "Sở Nội vụ"))
]
WITHOUT_WORDS = {
    "/accounts/unused": "names are sealed, so an account is looked for by its whole code",
    "/indicators": "the test has no month; tests.protocol.console.test_indicators has one",
    "/audit": "a record holds ids and codes, and each is a filter of its own",
}
# Codes as the real register has them, for a document of events is held against its rules.
PROVINCE, SHORT, BELOW, LONG, OTHER = "79", "790", "79001", "791", "48"
CODES = ((PROVINCE, None), (SHORT, PROVINCE), (LONG, PROVINCE), (OTHER, None))
SEARCHES = [
    # the list, its operation, words with how many rows they leave, and words that leave none
    ("/clients", "/clients", "mot cua", 1, "mot hai"),
    ("/consents", "/consents", "MOT CUA dien tu", 2, "mot hai"),
    ("/consents/figures", "/consent-counts", "so suc khoe", 1, "mot hai"),
    ("/consents/withdrawals", "/withdrawals", "one stop", 1, "mot hai"),
    ("/data-requests", "/data-requests", "suc", 1, "mot hai"),
    ("/data-protection/processing", "/data-protection/processing", "dien tu", 1, "mot hai"),
    ("/units", "/units", "xa 48", 1, "xa 49"),
    ("/units/changes", "/reorganisations", "sap-xep", 1, "khac"),
    ("/units/changes/decisions", "/unit-decisions", "xa 79001", 1, "xa 48"),
    ("/approvals", "/approvals", "mot cua", 1, "khac"),
    ("/approvals", "/approvals", "trung NGUOI", 1, "khac"),
    ("/administrators", "/admins", "xa 48", 1, "xa 49"),
    ("/administrators", "/admins", "nghi quyet", 1, "khac"),
    ("/directories", "/directories", "so noi vu", 1, "khac"),
    ("/settings", "/settings", "jwks_max_age", 1, "khac hẳn"),
]
FILTERS = [
    # the list with a filter, the operation with the same one, how many rows it leaves
    ("/administrators?unit=48", "/admins?unit=48", 1),
    ("/administrators?unit=none", "/admins?unit=none", 0),
    ("/approvals?action=account:merge", "/approvals?action=account:merge", 1),
    ("/approvals?decided=1&action=account:merge", "/approvals?state=decided&action=account:merge", 0),
    ("/directories?state=ill", "/directories?state=ill", 0),
    ("/directories?state=well", "/directories?state=well", 2),
    ("/upstreams?state=ill", "/upstreams?state=ill", 0),
    ("/keys?state=revoked", "/keys?state=revoked", 0),
    ("/keys?alg=ES256&state=active", "/keys?alg=ES256&state=active", 1),
    ("/units/changes?state=undone", "/reorganisations?state=undone", 0),
    ("/units/changes?state=planned", "/reorganisations?state=planned", 1),
    ("/accounts/unused?state=locked", "/accounts/unused?state=locked", 0),
]
WRONG = [
    ("/approvals?action=x", "/approvals?action=x"),
    ("/directories?state=x", "/directories?state=x"),
    ("/upstreams?state=x", "/upstreams?state=x"),
    ("/keys?state=x", "/keys?state=x"),
    ("/units/changes?state=x", "/reorganisations?state=x"),
    ("/accounts/unused?state=x", "/accounts/unused?state=x"),
    (f"/consents?q={'x' * 101}", f"/consents?q={'x' * 101}"),
    (f"/approvals?q={'x' * 101}", f"/approvals?q={'x' * 101}"),
]


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    """Return a province that has something in every list: two systems, people at both, what waits, and what a reorganisation left."""
    world = TokenWorld(tmp_path, sqlite_database, clock, directories={"sources": DIRECTORIES})
    made = ApiWorld(world)
    rows, today = [units.unit(*one) for one in CODES], made.wiring.units.today()
    made.register(Register([*rows, units.unit(BELOW, SHORT)]))
    made.client(BELOW, client_id="mo-coi")
    made.register(Register([*rows, units.unit(BELOW, SHORT, ends=today)]))
    names = {"client_name": "Một cửa điện tử", "client_name#en": "One stop"}
    first = made.client(SHORT, client_id="mot", scope="openid email", **names)
    second = made.client(LONG, client_id="hai", scope="openid email", client_name="Sổ sức khỏe")
    agreed(made, 1, first, second)
    person = agreed(made, 2, first, second)
    made.wiring.consents.withdraw(person, "mot", actor=f"account:{person}", reason="withdrawn")
    made.wiring.data_requests.file(person, "correct", "mot", "Chữ đệm bị sai.")
    made.wiring.data_requests.file(person, "delete", "hai", "Số điện thoại cũ.")
    made.grant("ngoài", Role.SUPPORT, OTHER)
    return made


def agreed(place: ApiWorld, number: int, *clients: Registered) -> str:
    """Return somebody who agreed to what each system asks for."""
    person = place.world.add_person(number)
    for one in clients:
        Visitor(place.world, person).allowed(asked(one))
    return person


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    """Return the provincial administrator, who has asked for two things that wait, and had the tree of units changed."""
    found = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    place.grant("hai", Role.PROVINCIAL_ADMINISTRATOR)
    second = Caller(place.app, place.token("hai"), "")
    change = {**place.document(SHORT), "scope": "openid profile identity", "client_name": "Một cửa điện tử"}
    assert found("PUT", "/clients/mot", change, If_Match="*").status == 202
    people = (place.account("an", SHORT), place.account("bình", SHORT))
    merge = {"into": people[1], "reason": "Trùng người"}
    assert found("POST", f"/accounts/{people[0]}/merge", merge).status == 202
    day = later(place.wiring.units.today(), 10)
    events = [{"kind": "dissolve", "effective": day, "from": [LONG], "legal_basis": LAW}]
    document = json.dumps({"format": "dinhdanh-units/1", "source": "mẫu", "units": [], "events": events})
    change = {"name": "Sắp-xếp.json", "document": document, "reason": "Nghị quyết"}
    waits = found("POST", "/reorganisations", change).json["approval"]["id"]
    assert second("POST", f"/approvals/{waits}/approve").json["state"] == "done"
    wish = {"principal": f"account:{people[0]}", "role": "support", "unit": LONG, "reason": "Nghị quyết 12"}
    assert found("POST", "/admins", wish).status == 201
    return found


@pytest.fixture
def browser(place: ApiWorld, boss: Caller) -> Administrating:
    """Return the same administrator's browser."""
    assert boss.principal == f"account:{place.account('tỉnh')}"
    return Administrating(place, place.account("tỉnh"))


def shown(browser: Administrating, address: str) -> int:
    page = browser.open(f"/admin{address}")
    assert page.status == 200, (address, page.text[:500])
    return len(page.soup.select("table.dense tbody tr"))


def filed(browser: Administrating, address: str) -> int:
    path, _, query = address.partition("?")
    answer = browser.http.get(f"/admin{path}.csv?{query}", base_url=BASE)
    assert answer.status_code == 200
    return len(list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))) - 1


def told(boss: Caller, address: str) -> int:
    answer = boss("GET", address)
    assert answer.status == 200, (address, answer.json)
    return len(answer.json["items"])


@pytest.mark.parametrize("path", FILES)
def test_every_list_is_searched_by_words_unless_there_are_none_to_look_for(browser: Administrating, path: str) -> None:
    fields = {str(one["name"]) for one in browser.open(f"/admin{path}").soup.select("#filter-form [name]")}
    assert ("q" in fields) is (path not in WITHOUT_WORDS)


def test_each_search_finds_without_diacritics_in_both_places_and_in_the_file(
    browser: Administrating, boss: Caller
) -> None:
    for path, operation, words, most, others in SEARCHES:
        for typed, count in ((words, most), (others, 0)):
            query = f"?q={quote(typed)}"
            found = (shown(browser, path + query), told(boss, operation + query), filed(browser, path + query))
            assert found == (count, count, count), (path, typed)


def test_the_word_before_an_id_alone_names_nobody(browser: Administrating, boss: Caller, place: ApiWorld) -> None:
    person = place.account("hai")
    for typed, count in (("acc", 0), ("account", 0), ("account:", 0), (person, 1), (f"account:{person}", 1)):
        query = f"/administrators?q={quote(typed)}"
        assert shown(browser, query) == told(boss, query.replace("administrators", "admins")) == count, typed


def test_a_search_for_a_system_opens_no_request_about_another(
    place: ApiWorld, boss: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    service = place.wiring.data_requests
    search = service.search

    def counted(query: RequestQuery) -> list[DataRequest]:
        found = search(query)
        opened.extend(one.client_id for one in found)
        return found

    monkeypatch.setattr(service, "search", counted)
    for words, expected in (("khong co", []), ("suc khoe", ["hai"])):
        opened.clear()
        assert told(boss, f"/data-requests?q={quote(words)}") == len(expected)
        assert opened == expected


def test_filters_are_folded_until_one_of_several_is_set(browser: Administrating) -> None:
    for address, is_open in (
        ("/keys", False),
        ("/keys?alg=ES256", True),
        ("/approvals", False),
        ("/approvals?q=x", True),
    ):
        fold = browser.open(f"/admin{address}").soup.select_one("details#filters")
        assert fold is not None
        assert fold.has_attr("open") is is_open, address
        assert fold.select("#filter-form [type=submit]")


def test_each_filter_leaves_the_same_in_both_places_and_in_the_file(browser: Administrating, boss: Caller) -> None:
    for address, operation, count in FILTERS:
        found = (shown(browser, address), told(boss, operation), filed(browser, address))
        assert found == (count, count, count), address


def test_figures_of_a_period_are_those_of_the_systems_that_are_meant(
    browser: Administrating, boss: Caller, place: ApiWorld
) -> None:
    until = place.world.clock.now() + 1
    period = f"since={until - 86400}&until={until}"
    every = boss("GET", f"/data-protection/report?{period}").json
    one = boss("GET", f"/data-protection/report?{period}&q=suc+khoe").json
    assert {row["client_id"] for row in every["systems"]} == {"mot", "hai"}
    assert [row["client_id"] for row in one["systems"]] == ["hai"]
    assert {row["client_id"] for row in one["requests"]} == {"hai"}
    assert one["looks"] is None, "what staff looked at belongs to no system"
    assert filed(browser, "/data-protection?q=suc+khoe") == 1


def test_what_is_no_filter_is_told_in_both_places(browser: Administrating, boss: Caller) -> None:
    for address, operation in WRONG:
        assert (browser.open(f"/admin{address}").status, boss("GET", operation).status) == (400, 422), address


def test_words_show_a_neighbour_nothing_of_others(place: ApiWorld, boss: Caller) -> None:
    neighbour = place.administrator("xã bên", Role.UNIT_ADMINISTRATOR, LONG)
    assert boss("GET", "/consents?q=mot+cua").json["items"]
    for operation in (
        *("/clients?q=mot", "/consents?q=mot+cua", "/consent-counts?q=mot+cua", "/withdrawals?q=mot+cua&state=all"),
        *("/data-requests?q=mot+cua", "/data-protection/processing?q=mot", "/admins?q=xa+48", f"/admins?unit={OTHER}"),
        *("/approvals?q=mot+cua", "/approvals?q=trung", f"/admins?unit={SHORT}", "/unit-decisions?q=79001"),
    ):
        assert neighbour("GET", operation).json["items"] == [], operation
    assert [one["client_id"] for one in neighbour("GET", "/consent-counts?q=suc+khoe").json["items"]] == ["hai"]
    assert {one["unit"] for one in neighbour("GET", f"/admins?unit={PROVINCE}").json["items"]} == {LONG}


def test_pages_of_a_search_lead_on(boss: Caller, browser: Administrating) -> None:
    for operation in ("/keys?limit=1", "/directories?limit=1", "/consent-counts?limit=1", "/admins?q=xa&limit=1"):
        first = boss("GET", operation).json
        path, _, query = operation.partition("?")
        second = boss("GET", f"{path}?{query}&cursor={first['next']}").json
        assert second["items"], operation
        assert first["items"] != second["items"], operation
    assert browser.open("/admin/keys?q=none").soup.select("table.dense") == []


def test_each_tile_of_the_first_page_counts_what_its_list_holds(browser: Administrating, place: ApiWorld) -> None:
    place.wiring.comparer.run("noivu")
    tiles = {str(one["href"]): one.strong.text for one in browser.open("/admin").soup.select(".tiles a") if one.strong}
    apart = {"/admin/keys": "a day", "/admin/audit/heads": "records that no list holds yet"}
    lists = {href for href in tiles if href not in apart}
    assert lists == {
        *("/admin/approvals", "/admin/clients?state=active", "/admin/clients?state=suspended"),
        *("/admin/consents?state=current", "/admin/units/changes/decisions"),
        *("/admin/directories?state=ill", "/admin/upstreams?state=ill"),
    }
    held = {href: filed(browser, href.removeprefix("/admin")) for href in lists}
    assert {href: int(tiles[href]) for href in lists} == held
    assert held["/admin/directories?state=ill"] == 1
    assert min(held[one] for one in ("/admin/approvals", "/admin/consents?state=current")) > 1
    assert tiles["/admin/keys"] in browser.open("/admin/keys").text
    assert tiles["/admin/audit/heads"] in browser.open("/admin/audit/heads").text
