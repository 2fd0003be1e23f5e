"""Reorganisations handed in by administrators: shown first, done by two, undone by two before their day, and what is left to decide."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.units import Register
from tests.support import units
from tests.support.api_world import ApiWorld, Caller
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.reorganising import CODES, DISTRICT, EAST, LAW, PROVINCE, WEST, later, merger
from tests.support.token_world import TokenWorld
from tests.support.visit import BASE


@pytest.fixture
def place(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> ApiWorld:
    found = ApiWorld(TokenWorld(tmp_path, sqlite_database, clock))
    found.register(Register([units.unit(code, parent) for code, parent in CODES]))
    return found


@pytest.fixture
def boss(place: ApiWorld) -> Caller:
    return place.administrator("một", Role.PROVINCIAL_ADMINISTRATOR)


@pytest.fixture
def second(place: ApiWorld) -> Caller:
    return place.administrator("hai", Role.PROVINCIAL_ADMINISTRATOR)


def day(place: ApiWorld, ahead: int = 10) -> str:
    return later(place.wiring.units.today(), ahead)


def body(place: ApiWorld, ahead: int = 10, **more: Any) -> dict[str, Any]:
    return {"name": "sap-xep.json", "document": merger(day(place, ahead)), **more}


def test_preview_tells_everything_that_is_touched_and_writes_nothing(place: ApiWorld, boss: Caller) -> None:
    client, lost = place.client(EAST).client.client_id, place.client(DISTRICT).client.client_id
    place.grant("xã", Role.CLIENT_MANAGER, units.key(EAST))
    place.account("dân", EAST)
    shown = boss("POST", "/reorganisation-previews", body(place)).json
    assert shown["effective"] == day(place)
    touched = {(one["kind"], one["holder"]): one["fate"] for one in shown["items"]}
    assert touched["client", client] == "moves"
    assert touched["client", lost] == "ends"
    assert {one["kind"] for one in shown["sums"]} == {"client", "role", "residence"}
    assert boss("GET", "/reorganisations").json == {"items": []}
    assert place.world.events("unit:reorganise") == []
    only = boss("POST", "/reorganisation-previews", body(place, only_decisions=True)).json["items"]
    assert lost in {one["holder"] for one in only}
    assert client not in {one["holder"] for one in only}


def test_preview_comes_a_page_at_a_time(place: ApiWorld, boss: Caller) -> None:
    clients = {place.client(EAST).client.client_id for _ in range(5)}
    seen: list[str] = []
    more: dict[str, Any] = {}
    while True:
        shown = boss("POST", "/reorganisation-previews", body(place, limit=2, **more)).json
        seen += [one["holder"] for one in shown["items"]]
        if "next" not in shown:
            break
        more = {"cursor": shown["next"]}
    assert len(seen) == len(set(seen))
    assert clients <= set(seen)


def test_two_do_it_and_the_second_sees_what_it_does_before(place: ApiWorld, boss: Caller, second: Caller) -> None:
    client = place.client(EAST).client.client_id
    asked = boss("POST", "/reorganisations", body(place, reason="sắp xếp"))
    assert asked.status == 202
    approval = asked.json["approval"]["id"]
    assert boss("GET", "/reorganisations").json == {"items": []}
    assert boss("POST", f"/approvals/{approval}/approve").status == 403
    shown = second("GET", f"/approvals/{approval}/reorganisation").json
    assert client in {one["holder"] for one in shown["items"]}
    assert second("POST", f"/approvals/{approval}/approve").json["state"] == "done"
    (entry,) = boss("GET", "/reorganisations").json["items"]
    assert (entry["state"], entry["effective"], entry["may_undo"]) == ("planned", day(place), True)
    (record,) = place.world.events("unit:reorganise")
    assert record["actor"] == boss.principal


def test_it_counts_from_its_day_on_and_leaves_a_list_to_decide(place: ApiWorld, boss: Caller, second: Caller) -> None:
    moved, lost = place.client(EAST), place.client(DISTRICT)
    asked = boss("POST", "/reorganisations", body(place, reason="sắp xếp")).json["approval"]["id"]
    second("POST", f"/approvals/{asked}/approve")
    assert boss("GET", f"/units/{EAST}").json["unit"]["full_name"].startswith("Xã 79001")
    place.world.clock.advance(11 * 86400)
    boss.token = place.token("một")
    assert boss("GET", f"/units/{EAST}").json["unit"] is None
    waiting = {one["holder"] for one in boss("GET", "/unit-decisions").json["items"]}
    assert lost.client.client_id in waiting
    assert moved.client.client_id not in waiting
    below = place.administrator("xã", Role.UNIT_ADMINISTRATOR, units.key(WEST, day(place, -1)))
    assert below("GET", "/unit-decisions").json == {"items": []}


def test_it_is_undone_by_two_and_only_before_its_day(place: ApiWorld, boss: Caller, second: Caller) -> None:
    asked = boss("POST", "/reorganisations", body(place, reason="sắp xếp")).json["approval"]["id"]
    second("POST", f"/approvals/{asked}/approve")
    (entry,) = boss("GET", "/reorganisations").json["items"]
    undo = second("POST", f"/reorganisations/{entry['id']}/undo", {"reason": "nhầm"}).json["approval"]["id"]
    assert boss("GET", f"/reorganisations/{entry['id']}").json["state"] == "planned"
    assert boss("POST", f"/approvals/{undo}/approve").json["state"] == "done"
    assert boss("GET", f"/reorganisations/{entry['id']}").json["state"] == "undone"
    again = boss("POST", "/reorganisations", body(place, 5, reason="lần hai")).json["approval"]["id"]
    second("POST", f"/approvals/{again}/approve")
    newest = boss("GET", "/reorganisations").json["items"][0]
    place.world.clock.advance(6 * 86400)
    boss.token = place.token("một")
    assert boss("POST", f"/reorganisations/{newest['id']}/undo", {"reason": "muộn"}).status == 403


def test_what_begins_today_or_earlier_is_not_taken_here(place: ApiWorld, boss: Caller) -> None:
    for ahead in (0, -5):
        assert boss("POST", "/reorganisation-previews", body(place, ahead)).status == 403
        assert boss("POST", "/reorganisations", body(place, ahead, reason="x")).status == 403
    assert boss("GET", "/approvals").json["items"] == []


def test_one_whose_day_came_while_it_waited_is_not_carried_out(place: ApiWorld, boss: Caller, second: Caller) -> None:
    asked = boss("POST", "/reorganisations", body(place, 1, reason="gấp")).json["approval"]["id"]
    place.world.clock.advance(86400 - 60)
    second.token = place.token("hai")
    assert second("POST", f"/approvals/{asked}/approve").status == 409
    assert place.world.events("unit:reorganise") == []


@pytest.mark.parametrize(
    ("name", "document"),
    [("x.json", "{"), ("x.json", "[]"), ("x.txt", "{}"), ("x.csv", "a,b\n1,2"), ("x.json", '{"format": "khác"}')],
)
def test_faulty_document_is_refused_with_its_faults(place: ApiWorld, boss: Caller, name: str, document: str) -> None:
    answer = boss("POST", "/reorganisation-previews", {"name": name, "document": document})
    assert answer.status == 422
    assert answer.json["errors"]


def test_nobody_else_reorganises_or_sees_what_waits(place: ApiWorld, boss: Caller) -> None:
    asked = boss("POST", "/reorganisations", body(place, reason="sắp xếp")).json["approval"]["id"]
    others = [
        place.administrator("xã", Role.UNIT_ADMINISTRATOR, units.key(PROVINCE)),
        place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR, units.key(PROVINCE)),
        place.administrator("kiểm toán", Role.AUDITOR),
    ]
    for who in others:
        assert who("POST", "/reorganisation-previews", body(place)).status == 403
        assert who("POST", "/reorganisations", body(place, reason="x")).status == 403
        assert who("GET", f"/approvals/{asked}/reorganisation").status == 404
        assert who("POST", f"/approvals/{asked}/approve").status == 404
    assert len(place.refusals()) == 12


def uploaded(browser: Administrating, name: str, content: bytes) -> Any:
    page = browser.open("/admin/units/reorganise")
    token = page.soup.select("#upload-form input[name=csrf_token]")[0]["value"]
    data = {"csrf_token": str(token), "document": (BytesIO(content), name)}
    return browser.http.post("/admin/units/reorganise", data=data, base_url=BASE)


def test_pages_upload_preview_ask_approve_and_undo(place: ApiWorld) -> None:
    for name in ("một", "hai"):
        place.grant(name, Role.PROVINCIAL_ADMINISTRATOR)
    one, two = (Administrating(place, place.account(name)) for name in ("một", "hai"))
    lost = place.client(DISTRICT).client.client_id
    answer = uploaded(one, "sap-xep.json", b"\xef\xbb\xbf" + merger(day(place)).encode())
    assert answer.status_code == 303, answer.text[-1500:]
    preview = one.open(answer.headers["Location"])
    assert lost in preview.text
    assert lost in one.open("/admin/units/reorganise?show=1&only=1").text
    asked = one.submit(preview, "ask-form", reason="sắp xếp")
    approval = asked.url.partition("?")[0].rpartition("/")[2]
    assert merger(day(place)) not in two.open(f"/admin/approvals/{approval}").text
    assert lost in two.open(f"/admin/approvals/{approval}/reorganisation").text
    two.submit(two.open(f"/admin/approvals/{approval}"), "approve-form")
    (entry,) = place.wiring.reorganisations.all()
    assert entry.source == "sap-xep.json"
    page = one.open(f"/admin/units/changes/{entry.id}")
    assert "undo-form" in page.text
    one.submit(page, "undo-form", reason="nhầm")
    assert len(place.world.events("approval:request")) == 2


def test_draft_is_ones_own_and_what_is_no_document_is_a_page_not_a_fault(place: ApiWorld) -> None:
    for name in ("một", "hai"):
        place.grant(name, Role.PROVINCIAL_ADMINISTRATOR)
    one, two = (Administrating(place, place.account(name)) for name in ("một", "hai"))
    uploaded(one, "sap-xep.json", merger(day(place)).encode())
    assert two.open("/admin/units/reorganise?show=1").status == 404
    for name, content in (("a.json", b"\xff\xfe"), ("a.json", b""), ("a.exe", b"{}"), ("a.json", b"{}"), ("", b"{}")):
        assert uploaded(one, name, content).status_code == 400, (name, content)
    assert uploaded(one, "a.json", b" " * 70_000).status_code in {400, 413}


def with_text(document: str, where: str, text: str) -> str:
    held = json.loads(document)
    if where == "member":
        held[text] = 1
    elif where == "code":
        held["events"][0]["from"] = [text, EAST]
    else:
        held["units"][0][where] = text
    return json.dumps(held)


@pytest.mark.parametrize("where", ["member", "code", "name", "type", "full_name"])
@pytest.mark.parametrize("text", ["\ud800", "Xã\0"])
def test_characters_that_no_register_keeps_are_a_fault_of_the_document(
    place: ApiWorld, boss: Caller, where: str, text: str
) -> None:
    document = with_text(merger(day(place)), where, text)
    for path, more in (("/reorganisation-previews", {}), ("/reorganisations", {"reason": "thử"})):
        answer = boss("POST", path, {"name": "a.json", "document": document, **more})
        assert answer.status == 422
        assert "characters" in str(answer.json["errors"])
    browser = Administrating(place, place.account("một"))
    assert uploaded(browser, "a.json", document.encode()).status_code == 400
    assert uploaded(browser, "a.csv", b"record,code\nunit,\0").status_code == 400


def test_unit_page_tells_what_it_was_made_of_and_what_belongs_to_it(place: ApiWorld) -> None:
    place.client(EAST)
    for name in ("một", "hai"):
        place.grant(name, Role.PROVINCIAL_ADMINISTRATOR)
    boss, second = (Caller(place.app, place.token(name), "") for name in ("một", "hai"))
    asked = boss("POST", "/reorganisations", body(place, reason="sắp xếp")).json["approval"]["id"]
    second("POST", f"/approvals/{asked}/approve")
    place.world.clock.advance(11 * 86400)
    browser = Administrating(place, place.account("một"))
    shown = browser.open(f"/admin/units/{WEST}").text
    assert LAW in shown
    assert "Xã 79001" in shown
    assert LAW in browser.open(f"/admin/units/{EAST}").text
    on = day(place, -11)
    assert "Xã 79001" in browser.open(f"/admin/units?under={PROVINCE}&on={on}").text
