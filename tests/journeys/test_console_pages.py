"""Every page of the console, and of receipts and one's own data, in a real browser: axe, both languages, phone and desktop.

The browser talks to the deployment in process, through the application that the server would run.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from idp.flows.administration.mandates import MandateWish
from idp.model.approval import Approval
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from policies.units import Register
from tests.support import units
from tests.support.administered_world import AdministeredWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.journeys import WAYS, chromium, context, looked_at
from tests.support.token_world import TokenWorld
from tests.support.visit import BASE, Visitor, asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = (
    *(
        "",
        "/clients",
        "/clients/new",
        "/accounts",
        "/accounts/unused",
        "/consents",
        "/consents/figures",
        "/data-requests",
        "/keys",
    ),
    *("/units", "/units/79.1", "/units/changes", "/approvals", "/administrators", "/administrators/grant"),
    *("/audit", "/data-protection/breach", "/settings", "/settings/level-3"),
)


DUTY = {
    "id": "settle",
    "text": {"vi": "Giải quyết hồ sơ", "en": "To settle a dossier"},
    "legal_basis": "public_duty",
    "claims": ["name", "identity_code"],
}


@pytest.fixture
def admin(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> AdministeredWorld:
    """Return a deployment whose administrator of everything is called root."""
    found = AdministeredWorld(TokenWorld(tmp_path, sqlite_database, clock))
    found.grant("root", Role.PROVINCIAL_ADMINISTRATOR)
    return found


class InProcess:
    """Answers a page's requests by the application."""

    def __init__(self, visitor: Visitor, page: Page) -> None:
        self._visitor = visitor
        self.page = page
        page.route("**/*", self._answer)

    def open(self, path: str) -> Page:
        self.page.goto(BASE + path)
        return self.page

    def _answer(self, route: Route) -> None:
        asked_for = urlsplit(route.request.url)
        path = f"{asked_for.path}?{asked_for.query}" if asked_for.query else asked_for.path
        answer = self._visitor._http.open(
            path,
            method=route.request.method,
            data=route.request.post_data_buffer,
            content_type=route.request.headers.get("content-type"),
            base_url=BASE,
            follow_redirects=True,
        )
        headers = dict(answer.headers)
        route.fulfill(status=answer.status_code, headers=headers, body=answer.get_data())


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_every_page_holds_what_pages_must(admin: AdministeredWorld, width: str, language: str) -> None:
    root = Administrating(admin, admin.account("root"))
    client = admin.client("79.1", scope="openid email")
    person = admin.world.add_person(1)
    citizen = Visitor(admin.world, person)
    citizen.allowed(asked(client))
    (consent,) = admin.wiring.consents.of_account(person)
    kid = next(row.kid for row in admin.wiring.key_service.rows() if row.state == "active")
    waiting = admin.acts.keys.revoke(admin.who("root"), kid, "thử")
    of_client = f"/clients/{client.client.client_id}"
    names = [
        *PAGES,
        *(of_client, f"{of_client}/changes", f"{of_client}/settings", f"{of_client}/correct-purpose"),
        *(f"/accounts/{person}", f"/consents/{consent.id}", f"/keys/{kid}", f"/approvals/{waiting.id}"),
    ]
    own = ["/", "/developers", "/account/receipts", f"/account/receipts/{consent.id}", "/account/data"]
    with chromium() as browser:
        for visitor, paths in ((root, [f"/admin{name}" for name in names]), (citizen, own)):
            page = InProcess(visitor, context(browser, width, language).new_page())
            for path in paths:
                looked_at(
                    page.open(f"{path}?lang={language}"), path.strip("/").replace("/", "-") + f"-{width}-{language}"
                )


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_open_forms_of_a_key_and_of_a_business_hold_what_pages_must(
    admin: AdministeredWorld, width: str, language: str
) -> None:
    root, who = Administrating(admin, admin.account("root")), admin.who("root")
    row = next(row for row in admin.wiring.key_service.rows() if row.state == "active")
    assert row.latest is not None
    admin.acts.keys.move(who, row.kid, row.latest, "Nghỉ Tết")
    accounts = admin.wiring.accounts
    business = accounts.add(accounts.draft({"code_type": "mst", "code": "0100233488", "name": "Công ty mẫu 01"}))
    paper = ("business_registration", "0100233488, cấp ngày 12/03/2026")
    wish = MandateWish("representative", admin.world.add_person(1), *paper)
    waiting = admin.acts.mandates.give(who, business, wish, "Đã xem bản chính")
    with chromium() as browser:
        visitor = InProcess(root, context(browser, width, language).new_page())
        for name in (f"keys/{row.kid}", f"accounts/{business}", f"approvals/{waiting.id}", "keys"):
            page = visitor.open(f"/admin/{name}?lang={language}")
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            looked_at(page, f"open-{name.partition('/')[0]}-{len(name)}-{width}-{language}")


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_the_registration_of_a_system_names_wrong_lines_and_shows_the_answers_before_they_count(
    admin: AdministeredWorld, width: str, language: str
) -> None:
    with chromium() as browser:
        root = Administrating(admin, admin.account("root"))
        page = InProcess(root, context(browser, width, language).new_page()).open(f"/admin/clients/new?lang={language}")
        for name, text in {"name_vi": "Một cửa điện tử", "purpose_vi": "Giải quyết hồ sơ", "unit": "79.1"}.items():
            page.fill(f"#{name}", text)
        page.fill(
            "#redirect_uris", "https://motcua.example.vn/cb\nhttp://motcua.example.vn/cb\nhttps://*.example.vn/cb"
        )
        page.click("#client-check")
        page.wait_for_selector("#redirect_uris-problem")
        assert page.locator("#redirect_uris-problem p").count() == 2
        looked_at(page, f"client-form-wrong-{width}-{language}")
        page.fill("#redirect_uris", "https://motcua.example.vn/cb\nhttps://motcua.example.vn/cb2")
        page.click("#client-check")
        page.wait_for_selector("#client-register")
        looked_at(page, f"client-form-answers-{width}-{language}")
        page.click("#client-register")
        page.wait_for_selector(".facts")
        (made,) = [one for one in admin.wiring.clients.all() if one.client_name["vi"] == "Một cửa điện tử"]
        assert made.redirect_uris == ("https://motcua.example.vn/cb", "https://motcua.example.vn/cb2")


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_a_sign_in_in_theory_and_a_test_sign_in_tell_what_happens_and_why(
    admin: AdministeredWorld, width: str, language: str
) -> None:
    client = admin.client("79.1", scope="openid profile email", minimum_acr="urn:dinhdanh:loa:2").client.client_id
    person = admin.world.add_person(1)
    admin.wiring.credentials.set_password(person, "Sông Thu Bồn 1975 mùa nước nổi")
    admin.wiring.credentials.enrol_totp(person)
    with chromium() as browser:
        root = Administrating(admin, admin.account("root"))
        page = InProcess(root, context(browser, width, language).new_page())
        asked_at = page.open(f"/admin/clients/{client}/simulate?lang={language}")
        looked_at(asked_at, f"simulation-form-{width}-{language}")
        asked_at.fill("#account", person)
        asked_at.click("#simulation-submit")
        asked_at.wait_for_selector("#section-2")
        looked_at(asked_at, f"simulation-{width}-{language}")
        tried_at = page.open(f"/admin/clients/{client}/test?lang={language}")
        looked_at(tried_at, f"trial-form-{width}-{language}")
        tried_at.click("#trial-submit")
        tried_at.wait_for_selector("#section-5")
        looked_at(tried_at, f"trial-{width}-{language}")


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_purposes_are_written_and_read_as_people_will_read_them(
    admin: AdministeredWorld, width: str, language: str
) -> None:
    client = admin.client("79.1", scope="openid profile email phone identity", purposes=[DUTY]).client.client_id
    with chromium() as browser:
        root = Administrating(admin, admin.account("root"))
        page = InProcess(root, context(browser, width, language).new_page())
        looked_at(page.open(f"/admin/clients/{client}/purposes?lang={language}"), f"purposes-{width}-{language}")
        form = page.open(f"/admin/clients/{client}/new-purpose?lang={language}")
        for name, text in {"id": "tell", "text_vi": "Báo kết quả", "text_en": "To send the result"}.items():
            form.fill(f"#{name}", text)
        form.check("input[name=claims][value=email]")
        form.check("input[name=optional_claims][value=phone_number]")
        looked_at(form, f"purpose-form-{width}-{language}")
        form.click("#client-check")
        form.wait_for_selector("#client-register")
        looked_at(form, f"purpose-answers-{width}-{language}")
        form.click("#client-register")
        form.wait_for_selector(".facts")
        looked_at(form, f"purposes-two-{width}-{language}")
    assert [one["id"] for one in admin.wiring.clients.known(client).purposes] == ["settle", "tell"]


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_a_second_person_reads_the_change_and_a_fault_is_told(
    admin: AdministeredWorld, width: str, language: str
) -> None:
    admin.grant("xã cũ", Role.CLIENT_MANAGER, "79.1")
    client = admin.client("79.1", scope="openid profile").client
    document = {**admin.document("79.1"), "purposes": [{**DUTY, "claims": ["name"]}]}
    waiting = admin.acts.client_changes.update(admin.who("root"), client.client_id, document, version=client.version)
    assert isinstance(waiting, Approval)
    rows = [one for one in units.register().units if one.code not in {"79.1", "79.1.1"}]
    ended = units.unit("79.1", "79", ends=admin.wiring.units.today())
    admin.register(Register([*rows, ended]))
    decide = f"/admin/units/changes/decide?kind=client&holder={client.client_id}&unit=79.1@{ended.valid_from}"
    with chromium() as browser:
        root = Administrating(admin, admin.account("root"))
        page = InProcess(root, context(browser, width, language).new_page())
        looked_at(page.open(f"/admin/approvals/{waiting.id}?lang={language}"), f"second-person-{width}-{language}")
        looked_at(page.open(decide), f"decide-{width}-{language}")
        shown = page.open(f"/admin/clients/{client.client_id}")
        shown.click("#suspend summary")
        shown.fill("#suspend-reason", "x" * 501)
        shown.click("#suspend-submit")
        shown.wait_for_selector("#case-code")
        looked_at(shown, f"problem-{width}-{language}")
