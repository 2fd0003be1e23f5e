"""Every list of the console as a file: what the filters leave and the reader may see, streamed, recorded, and harmless to spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest

from idp.endpoints.admin import sheets
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.units import LONG, SHORT
from tests.support.visit import BASE

FILES = {
    "/clients": "client_id",
    "/consents": "id",
    "/consents/figures": "client_id",
    "/consents/withdrawals": "id",
    "/data-protection": "client_id",
    "/data-protection/processing": "client_id",
    "/data-requests": "number",
    "/keys": "kid",
    "/units": "code",
    "/units/changes": "id",
    "/units/changes/decisions": "kind",
    "/accounts/unused": "account_id",
    "/approvals": "id",
    "/administrators": "id",
    "/audit": "id",
    "/settings": "name",
    "/directories": "name",
    "/upstreams": "name",
    "/indicators": "scope",
}


def rows(browser: Administrating, path: str) -> list[list[str]]:
    answer = browser.http.get(f"/admin{path}", base_url=BASE)
    assert answer.status_code == 200, path
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


@pytest.mark.parametrize(("path", "head"), FILES.items())
def test_every_list_is_there_as_a_file_and_taking_it_is_recorded(
    admin: AdministeredWorld, top: Administrating, path: str, head: str
) -> None:
    links = {str(one["href"]).partition("?")[0] for one in top.open(f"/admin{path}").soup.select("a.button")}
    assert f"/admin{path}.csv" in links
    assert rows(top, f"{path}.csv")[0][0] == head
    (event,) = admin.world.events("admin:export")
    assert event["actor"] == f"account:{admin.account('root')}"
    assert event["target"].startswith("list:")


def test_the_console_has_no_list_without_a_file(admin: AdministeredWorld) -> None:
    rules = {route.rule for route in admin.wiring.console_routes() if route.methods == ("GET",)}
    # People are never listed: they are looked for by a whole code.
    lists = {f"/admin{path}" for path in FILES}
    areas = {rule for rule in rules if rule.count("/") == 2 and not rule.endswith(".csv")}
    assert areas - lists == {"/admin/accounts"}
    assert {f"{path}.csv" for path in lists} == {rule for rule in rules if rule.endswith(".csv")}


def test_a_file_holds_what_the_filters_leave_and_the_link_to_it_keeps_them(
    admin: AdministeredWorld, top: Administrating
) -> None:
    kept, other = admin.client(SHORT), admin.client(LONG)
    link = top.open("/admin/clients?unit=79.1&q=0123456789012").soup.select('a[href*=".csv"]')[0]
    assert str(link["href"]) == "/admin/clients.csv?q=0123456789012&unit=79.1"
    found = {row[0] for row in rows(top, "/clients.csv?unit=79.1")}
    assert kept.client.client_id in found
    assert other.client.client_id not in found
    top.http.get(str(link["href"]), base_url=BASE)
    detail = orjson.loads(admin.world.events("admin:export")[-1]["detail"])
    assert detail == {"filters": {"q": "*", "unit": "79.1"}}


def test_a_file_is_made_page_by_page_while_it_leaves(
    admin: AdministeredWorld, top: Administrating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST", 2)
    for _ in range(5):
        admin.client(SHORT)
    asked: list[Any] = []
    search = admin.acts.clients.search

    def counted(_self: object, who: Any, query: Any, window: Any) -> Any:
        asked.append(window)
        return search(who, query, window)

    monkeypatch.setattr(type(admin.acts.clients), "search", counted)
    answer = top.http.get("/admin/clients.csv", base_url=BASE, buffered=False)
    pieces = answer.iter_encoded()
    next(pieces)
    next(pieces)
    assert len(asked) == 1
    rest = b"".join(pieces)
    assert len(asked) == 3
    assert rest.count(b"\r\n") == 3


def test_no_spreadsheet_sees_a_formula(admin: AdministeredWorld, top: Administrating) -> None:
    for name in ("=1+1", "+84", "-1", "@SUM(A1)", "\uff1d1+1"):
        admin.client(SHORT, client_name=name)
    names = {row[1] for row in rows(top, "/clients.csv")[1:]}
    assert names == {"'=1+1", "'+84", "'-1", "'@SUM(A1)", "'\uff1d1+1"}


def test_no_formula_begins_where_a_spreadsheet_set_to_vietnamese_parts_cells(
    admin: AdministeredWorld, top: Administrating
) -> None:
    for name in ("Xã;=1+1", "Xã; @SUM(A1)", 'Xã;"-1"', "Xã;x", "Xã;;\uff1d1"):
        admin.client(SHORT, client_name=name)
    names = {row[1] for row in rows(top, "/clients.csv")[1:]}
    assert names == {"Xã;'=1+1", "Xã; '@SUM(A1)", 'Xã;"\'-1"', "Xã;x", "Xã;;'\uff1d1"}


def test_a_neighbour_whose_code_begins_alike_takes_nothing_of_the_others(admin: AdministeredWorld) -> None:
    own, other = admin.client(SHORT), admin.client(LONG)
    admin.grant("an", Role.UNIT_ADMINISTRATOR, SHORT)
    admin.grant("bình", Role.UNIT_ADMINISTRATOR, LONG)
    browser = Administrating(admin, admin.account("an"))
    text = str(rows(browser, "/clients.csv"))
    assert own.client.client_id in text
    assert other.client.client_id not in text
    assert other.client.client_id not in str(rows(browser, f"/clients.csv?unit={LONG}"))
    assert admin.account("bình") not in str(rows(browser, "/administrators.csv"))


def test_who_may_read_the_log_but_not_take_it_gets_no_file_and_it_is_recorded(admin: AdministeredWorld) -> None:
    client = admin.client(SHORT).client
    admin.grant("an", Role.UNIT_ADMINISTRATOR, SHORT)
    browser = Administrating(admin, admin.account("an"))
    page = browser.open(f"/admin/audit?client={client.client_id}")
    assert page.status == 200
    assert page.soup.select('a[href*=".csv"]') == []
    assert browser.open(f"/admin/audit.csv?client={client.client_id}").status == 403
    assert admin.refusals()[-1] == (f"account:{admin.account('an')}", "not_held")
    assert admin.world.events("admin:export") == []


def test_a_wrong_filter_or_cursor_is_told_and_no_file_begins(admin: AdministeredWorld, top: Administrating) -> None:
    for path in ("/clients.csv?state=x", "/audit.csv?from=2026-13-01", "/administrators.csv?role=x"):
        assert top.open(f"/admin{path}").status == 400, path
    assert admin.world.events("admin:export") == []


def test_a_right_that_was_taken_away_or_a_stale_session_takes_no_file(admin: AdministeredWorld) -> None:
    grant = admin.grant("an", Role.CLIENT_MANAGER)
    browser = Administrating(admin, admin.account("an"))
    assert rows(browser, "/clients.csv")
    admin.world.clock.advance(301)
    assert browser.http.get("/admin/clients.csv", base_url=BASE).headers["Location"].startswith("/signin/")
    admin.wiring.admins.revoke([grant], by="operator:local", reason="thử")
    assert browser.open("/admin/clients.csv").status == 404


def test_the_log_is_cut_by_days(top: Administrating) -> None:
    assert top.open("/admin/audit?from=2001-01-01&to=2001-01-02").soup.select("tbody tr") == []
    assert top.open("/admin/audit?from=2001-01-01").soup.select("tbody tr") != []
