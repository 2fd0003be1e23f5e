"""The console: who gets in, what each may see there, and that what it does is what the use cases do."""

from __future__ import annotations

import hashlib
import re

import pytest

from idp.flows.administration.paging import Window
from idp.model.session import Origin
from policies import assurance
from policies.delegation import Role
from tests.support.administered_world import AdministeredWorld
from tests.support.console import Administrating
from tests.support.visit import BASE

OPERATING = {"directories", "upstreams", "indicators", "settings"}
ONE_STOP = {
    "name_vi": "Một cửa điện tử",
    "purpose_vi": "Giải quyết hồ sơ",
    "unit": "79.1",
    "legal_basis": "public_duty",
    "consent": "ask",
    "token_endpoint_auth_method": "client_secret_basic",
    "redirect_uris": "https://motcua.example.vn/cb\r\nhttps://motcua.example.vn/cb2\r\n",
    "scope": ["openid", "profile"],
    "reason": "Công văn 1",
}


def paths(admin: AdministeredWorld, method: str) -> list[str]:
    rules = [route.rule for route in admin.wiring.console_routes() if method in route.methods]
    return [re.sub(r"<[^>]+>", "x", rule) for rule in rules]


def test_nobody_is_sent_to_sign_in_and_a_citizen_finds_no_such_page(admin: AdministeredWorld) -> None:
    stranger, citizen = Administrating(admin, None), Administrating(admin, admin.account("citizen"))
    for path in paths(admin, "GET"):
        assert stranger.http.get(path, base_url=BASE).headers["Location"].startswith("/signin/"), path
        assert citizen.http.get(path, base_url=BASE).status_code == 404, path
    for path in paths(admin, "POST"):
        assert citizen.http.post(path, base_url=BASE).status_code == 404, path
        assert stranger.http.post(path, base_url=BASE).status_code == 303, path


def test_no_form_is_taken_without_its_token(admin: AdministeredWorld, top: Administrating) -> None:
    assert top.open("/admin").status == 200
    before = len(admin.world.events("client:add"))
    for path in paths(admin, "POST"):
        assert top.http.post(path, data={"reason": "x"}, base_url=BASE).status_code == 400, path
    assert len(admin.world.events("client:add")) == before


def test_one_factor_is_not_enough(admin: AdministeredWorld) -> None:
    admin.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    weak = Administrating(admin, admin.account("root"), assurance.LOA_1)
    answer = weak.http.get("/admin", base_url=BASE)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/signin/")


def test_five_idle_minutes_end_the_administrators_session_and_use_prolongs_it(
    admin: AdministeredWorld, top: Administrating
) -> None:
    for _ in range(3):
        assert top.open("/admin").status == 200
        admin.world.clock.advance(200)
    assert top.open("/admin/clients").status == 200
    admin.world.clock.advance(301)
    assert top.http.get("/admin", base_url=BASE).headers["Location"].startswith("/signin/")


def test_who_signs_in_again_with_one_factor_is_asked_for_the_second(
    admin: AdministeredWorld, top: Administrating
) -> None:
    assert top.open("/admin").status == 200
    renewed = admin.wiring.sessions.renew(top.session, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    assert renewed is not None
    top.http.set_cookie("__Host-idp_session", renewed[1], domain="id.example.vn", secure=True)
    assert top.http.get("/admin", base_url=BASE).headers["Location"].startswith("/signin/")


def test_a_right_that_was_taken_away_is_gone_at_the_next_request(admin: AdministeredWorld) -> None:
    grant = admin.grant("an", Role.CLIENT_MANAGER)
    browser = Administrating(admin, admin.account("an"))
    assert browser.open("/admin/clients").status == 200
    admin.wiring.admins.revoke([grant], by="operator:local", reason="thử")
    assert browser.open("/admin/clients").status == 404


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (
            Role.PROVINCIAL_ADMINISTRATOR,
            {
                "clients",
                "accounts",
                "consents",
                "data-requests",
                "data-protection",
                "keys",
                "units",
                "administrators",
                "audit",
            }
            | OPERATING,
        ),
        (Role.CLIENT_MANAGER, {"clients", "units"}),
        (Role.KEY_CUSTODIAN, {"keys"}),
        (Role.CONSENT_OFFICER, {"clients", "consents", "data-requests", "data-protection", "units"}),
        (Role.SUPPORT, {"accounts", "units"}),
        (
            Role.AUDITOR,
            {"clients", "consents", "data-requests", "data-protection", "keys", "units", "administrators", "audit"}
            | OPERATING,
        ),
    ],
)
def test_the_menu_and_the_lists_are_those_of_the_role(admin: AdministeredWorld, role: Role, sees: set[str]) -> None:
    admin.grant("an", role)
    browser = Administrating(admin, admin.account("an"))
    menu = {str(one["href"]).rpartition("/")[2] for one in browser.open("/admin").soup.select(".menu a")}
    assert menu - {"admin", "approvals"} == sees
    areas = ("clients", "accounts", "consents", "keys", "units", "administrators", "audit", "indicators")
    for area in (*areas, "directories", "upstreams", "settings"):
        assert (browser.open(f"/admin/{area}").status == 200) == (area in sees), area


def test_a_communes_administrator_sees_its_own_systems_and_no_others(admin: AdministeredWorld) -> None:
    own, other = admin.client("79.1"), admin.client("48")
    admin.grant("an", Role.UNIT_ADMINISTRATOR, "79.1")
    browser = Administrating(admin, admin.account("an"))
    listed = browser.open("/admin/clients").text
    assert own.client.client_id in listed
    assert other.client.client_id not in listed
    assert browser.open(f"/admin/clients/{own.client.client_id}").status == 200
    missing, hidden = browser.open("/admin/clients/nothing"), browser.open(f"/admin/clients/{other.client.client_id}")
    assert (missing.status, hidden.status) == (404, 404)
    assert other.client.client_id not in browser.open("/admin/clients.csv").text


def test_a_system_is_checked_registered_changed_suspended_and_gets_new_secrets(
    admin: AdministeredWorld, top: Administrating
) -> None:
    wrong = top.submit(
        top.open("/admin/clients/new"),
        "client-form",
        name_vi="Một cửa",
        unit="79.1",
        redirect_uris="http://x.example.vn/cb",
    )
    assert wrong.soup.select_one("#redirect_uris-problem") is not None
    assert wrong.soup.select_one("#client-register") is None
    checked = top.submit(wrong, "client-form", **ONE_STOP)
    assert checked.soup.select_one("#client-register") is not None
    made = top.submit(checked, "client-form", **{**ONE_STOP, "client-register": "1"})
    secret = made.soup.select(".facts dd")[1].get_text()
    client_id = made.soup.select(".facts dd")[0].get_text()
    client = admin.wiring.clients.find(client_id)
    assert client is not None
    assert client.redirect_uris == ("https://motcua.example.vn/cb", "https://motcua.example.vn/cb2")
    assert [one.digest for one in client.secrets] == [hashlib.sha256(secret.encode()).digest()]
    shown = top.open(f"/admin/clients/{client_id}")
    assert secret not in shown.text
    edited = top.open(f"/admin/clients/{client_id}/edit")
    kept = top.confirm(edited, **{**ONE_STOP, "name_vi": "Một cửa mới"})
    assert kept.url.startswith(f"/admin/clients/{client_id}?"), kept.soup.get_text(" ", strip=True)
    admin.wiring.clients.refresh_if_older_than(0)
    changed = admin.wiring.clients.find(client_id)
    assert changed is not None
    assert changed.client_name["vi"] == "Một cửa mới"
    rotated = top.submit(top.open(f"/admin/clients/{client_id}"), "rotate-form", overlap="1", reason="Định kỳ")
    assert rotated.soup.select(".facts dd")[1].get_text() != secret
    assert top.submit(top.open(f"/admin/clients/{client_id}"), "suspend-form", reason="").status == 400
    top.submit(top.open(f"/admin/clients/{client_id}"), "suspend-form", reason="Bảo trì")
    assert admin.world.events("client:suspend", client_id=client_id)


def test_a_system_that_was_suspended_below_is_held_from_above(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    admin.acts.clients.suspend(admin.admin("quản lý", Role.CLIENT_MANAGER, "79.1"), client_id, "Bảo trì")
    shown = top.open(f"/admin/clients/{client_id}")
    assert "Giữ nguyên tạm khóa" in shown.soup.get_text()
    top.submit(shown, "suspend-form", reason="Sự cố")
    changes = admin.acts.clients.changes(admin.who("root"), client_id, Window("", 2)).rows
    assert [(one.action, one.reason) for one in changes] == [("suspend", "Sự cố"), ("suspend", "Bảo trì")]
    again = top.open(f"/admin/clients/{client_id}").soup
    assert again.select_one("#suspend-form") is None
    assert again.select_one("#resume-form") is not None


def test_a_registration_that_somebody_changed_meanwhile_is_not_overwritten(
    admin: AdministeredWorld, top: Administrating
) -> None:
    client_id = admin.client("79.1").client.client_id
    page = top.open(f"/admin/clients/{client_id}/edit")
    admin.wiring.clients.set_not_before(client_id, admin.world.clock.now())
    fields = {
        "name_vi": "X",
        "purpose_vi": "Y",
        "unit": "79.1",
        "legal_basis": "public_duty",
        "consent": "ask",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": "https://x.example.vn/cb",
        "scope": ["openid"],
    }
    assert top.confirm(page, **fields).status == 409


def test_the_identity_code_waits_for_a_second_person(admin: AdministeredWorld, top: Administrating) -> None:
    client_id = admin.client("79.1").client.client_id
    page = top.open(f"/admin/clients/{client_id}/edit")
    fields = {
        "name_vi": "X",
        "purpose_vi": "Y",
        "unit": "79.1",
        "legal_basis": "public_duty",
        "consent": "ask",
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": "https://x.example.vn/cb",
        "scope": ["openid", "identity"],
        "reason": "Công văn 2",
    }
    waiting = top.confirm(page, **fields)
    assert "/admin/approvals/" in waiting.url
    assert waiting.soup.select_one("#approve-form") is None, "nobody approves what they asked for"
    client = admin.wiring.clients.find(client_id)
    assert client is not None
    assert "identity" not in client.scope
    admin.grant("second", Role.PROVINCIAL_ADMINISTRATOR)
    second = Administrating(admin, admin.account("second"))
    done = second.submit(second.open(waiting.url.partition("?")[0]), "approve-form")
    assert done.status == 200
    admin.wiring.clients.refresh_if_older_than(0)
    client = admin.wiring.clients.find(client_id)
    assert client is not None
    assert "identity" in client.scope


def test_a_person_is_found_by_the_whole_code_shown_masked_and_revealed_with_a_reason(
    admin: AdministeredWorld, top: Administrating
) -> None:
    account_id = admin.world.add_person(7, unit="79.1")
    found = top.submit(top.open("/admin/accounts"), "filter-form", q="049499000007")
    assert account_id in found.text
    shown = top.open(f"/admin/accounts/{account_id}")
    assert "049499000007" not in shown.text
    assert top.submit(shown, "reveal-form", reason=" ").status == 400
    full = top.submit(shown, "reveal-form", reason="Công dân yêu cầu tại quầy")
    assert "049499000007" in full.text
    assert [row["reason"] for row in admin.world.events("account:show", account_id=account_id)][-1]


def test_an_account_is_locked_on_a_legal_ground_and_unlocked(admin: AdministeredWorld, top: Administrating) -> None:
    account_id = admin.world.add_person(8, unit="79.1")
    page = top.open(f"/admin/accounts/{account_id}")
    locked = top.submit(page, "lock-form", reason_code="own_request", reason="Đơn số 5", reference="")
    assert locked.soup.select_one("#unlock-form") is not None
    assert admin.wiring.accounts.get(account_id).state == "locked"
    top.submit(locked, "unlock-form", reason="Hết lý do")
    assert admin.wiring.accounts.get(account_id).state == "active"


def test_an_emergency_revocation_waits_and_a_rotation_too_soon_is_told(
    admin: AdministeredWorld, top: Administrating
) -> None:
    keys = top.open("/admin/keys")
    kid = next(row.kid for row in admin.wiring.key_service.rows() if row.state == "active" and row.alg == "ES256")
    assert top.submit(keys, "rotate-form", alg="ES256", reason="thử").status == 400
    waiting = top.submit(top.open(f"/admin/keys/{kid}"), "revoke-form", reason="Lộ khóa")
    assert "/admin/approvals/" in waiting.url
    assert next(row.state for row in admin.wiring.key_service.rows() if row.kid == kid) == "active"


def test_a_role_is_granted_over_a_unit_and_taken_away(admin: AdministeredWorld, top: Administrating) -> None:
    account_id = admin.account("new", "79.1")
    fields = {
        "principal": f"account:{account_id}",
        "role": "support",
        "unit": "79.1",
        "ends": "",
        "reason": "Quyết định 1",
    }
    done = top.submit(top.open("/admin/administrators/grant"), "grant-form", **fields)
    assert account_id in done.text
    (grant,) = admin.wiring.admins.held(f"account:{account_id}")
    top.submit(top.open(f"/admin/administrators/{grant.id}"), "revoke-form", reason="Chuyển công tác")
    assert admin.wiring.admins.held(f"account:{account_id}") == ()


def test_lists_go_on_by_cursor_and_a_search_needs_no_diacritics(admin: AdministeredWorld, top: Administrating) -> None:
    for number in range(55):
        admin.client("79.1", client_name=f"Hệ thống số {number}")
    first = top.open("/admin/clients")
    more = first.soup.select_one("a[rel=next]")
    assert more is not None
    assert top.open(str(more["href"])).status == 200
    found = top.open("/admin/clients?q=he+thong+so+54").soup.select("tbody tr")
    assert len(found) == 1
    assert "Hệ thống số 54" in found[0].get_text()
    for broken in ("?cursor=*", "?state=x", "?q=" + "x" * 200):
        assert top.open(f"/admin/clients{broken}").status == 400


def test_the_units_of_a_day_are_listed_and_a_code_tells_its_history(top: Administrating) -> None:
    assert "79.1" in top.open("/admin/units?under=79").text or top.open("/admin/units").status == 200
    assert top.open("/admin/units/79.1").status == 200
    assert top.open("/admin/units/changes").status == 200
    assert top.open("/admin/units?on=2025-99-01").status == 400


def test_the_audit_log_is_searched_by_event_and_case(top: Administrating) -> None:
    page = top.open("/admin/audit?event=unit:import&outcome=done")
    assert "unit:import" in page.soup.select("tbody")[0].get_text()
    assert top.open("/admin/audit?event=nothing").status == 400


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_there_in_both_languages(admin: AdministeredWorld, top: Administrating, language: str) -> None:
    client_id = admin.client("79.1").client.client_id
    account_id = admin.account("new", "79.1")
    pages = ["", "/clients", "/clients/new", f"/clients/{client_id}", f"/clients/{client_id}/edit"]
    pages += [f"/clients/{client_id}/changes", "/accounts"]
    pages += [f"/accounts/{account_id}", "/consents", "/consents/figures", "/keys", "/units", "/units/79.1"]
    pages += [
        "/units/changes",
        "/approvals",
        "/approvals?decided=1",
        "/administrators",
        "/administrators/grant",
        "/audit",
        "/settings",
        f"/clients/{client_id}/settings",
    ]
    for path in pages:
        mark = "&" if "?" in path else "?"
        page = top.open(f"/admin{path}{mark}lang={language}")
        html = page.soup.find("html")
        assert page.status == 200, (path, page.error)
        assert html is not None
        assert html["lang"] == language
