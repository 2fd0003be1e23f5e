"""A citizen's first visit in a real browser: an issued password, one's own, consent; then the account, a withdrawal and its receipt.

Axe, both languages, phone and desktop.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from idp.storage.sqlite import SqliteDatabase
from tests.journeys.test_console_pages import InProcess
from tests.support.clock import FrozenClock
from tests.support.in_process import PASSWORD, citizen
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.token_world import REDIRECT, TokenWorld
from tests.support.visit import BASE, Visitor, asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW = "mật khẩu chỉ mình tôi biết 27"
PURPOSE = {"vi": "Trả kết quả hồ sơ qua thư điện tử", "en": "To send results by e-mail"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def agrees(visitor: Visitor, route: Route, arrived: list[str]) -> None:
    """Answer the form of consent, and stand in for the department that the answer leads to; all else is the application's."""
    if "consent-allow" not in (route.request.post_data or ""):
        route.fallback()
        return
    answered = visitor._http.post(
        urlsplit(route.request.url).path,
        data=route.request.post_data_buffer,
        content_type=route.request.headers["content-type"],
        base_url=BASE,
    )
    onward = urlsplit(answered.headers["Location"])
    arrived.append(visitor._http.get(onward.path, base_url=BASE).headers["Location"])
    route.fulfill(body="department", content_type="text/plain")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_the_first_sign_in_leads_to_the_department_and_what_was_agreed_to_is_withdrawn_with_a_receipt(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world, name = TokenWorld(tmp_path, sqlite_database, clock), f"{width}-{language}"
    account_id, person = citizen(world, email="an@example.vn", email_verified="true")
    world.wiring.credentials.set_password(account_id, PASSWORD, must_change=True)
    of = world.add_client(purpose=PURPOSE)
    visitor = Visitor(world)
    query = urlencode({**asked(of, scope="openid profile email"), "ui_locales": language})
    start = visitor._http.get(f"/authorize?{query}", base_url=BASE).headers["Location"].removeprefix(BASE)
    page = InProcess(visitor, context(browser, width, language).new_page()).open(start)
    looked_at(page, f"first-sign-in-{name}")
    signed_in(page, person.code, "không phải mật khẩu này")
    page.wait_for_selector("#problem")
    looked_at(page, f"first-wrong-{name}")
    signed_in(page, person.code, PASSWORD)
    page.wait_for_selector("#password-form")
    looked_at(page, f"first-password-{name}")
    page.fill("#new_password", PASSWORD)
    page.fill("#new_password_again", PASSWORD)
    page.click("#password-submit")
    page.wait_for_selector("#problem")
    looked_at(page, f"first-password-kept-{name}")
    page.fill("#new_password", NEW)
    page.fill("#new_password_again", NEW)
    page.click("#password-submit")
    page.wait_for_selector("#consent-form")
    looked_at(page, f"first-consent-{name}")
    arrived: list[str] = []
    page.route("**/signin/*", lambda route: agrees(visitor, route, arrived))
    page.click("#consent-allow")
    page.wait_for_selector("text=department")
    assert arrived[0].startswith(REDIRECT)
    _withdraw(page, language, name)


def _withdraw(page: Page, language: str, name: str) -> None:
    page.goto(f"{BASE}/account?lang={language}")
    looked_at(page, f"first-account-{name}")
    page.click("section[aria-labelledby=consents] button")
    page.wait_for_selector("#withdraw-form")
    looked_at(page, f"withdraw-{name}")
    page.click("#withdraw-confirm")
    page.click("#withdrawal-receipts")
    page.wait_for_selector("main .rows a")
    looked_at(page, f"withdrawn-receipts-{name}")
    page.click("main .rows a")
    page.wait_for_selector("#receipt-ended")
    looked_at(page, f"withdrawal-receipt-{name}")
    assert page.text_content("#receipt-number")
