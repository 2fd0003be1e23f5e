"""A department that asks for more than a person has, in a real browser: what the page advises works, axe, both languages, phone and desktop."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from clients.documents import to_metadata
from idp.authn.totp import STEP, code_at
from idp.storage.sqlite import SqliteDatabase
from policies.assurance import LOA_2, LOA_3
from tests.journeys.test_console_pages import InProcess
from tests.protocol.mandates.test_assisted import Office
from tests.support.clock import FrozenClock
from tests.support.in_process import citizen
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.mandated_world import sure_visitor
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Visitor, asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def place(browser: Browser, world: TokenWorld, width: str, language: str, acr: str) -> InProcess:
    """Return a browser at the sign-in page of a department that demands a level."""
    made = shown(browser, Visitor(world), width, language)
    ask(made, world.add_client(minimum_acr=acr), language)
    return made


def shown(browser: Browser, visitor: Visitor, width: str, language: str) -> InProcess:
    """Return a browser that shows what a visitor sees."""
    made = InProcess(visitor, context(browser, width, language).new_page())
    made.page.context.route("**/*", made._answer)
    return made


def ask(made: InProcess, of: Registered, language: str) -> None:
    """Come from a department."""
    query = urlencode({**asked(of), "ui_locales": language})
    made.open(made._visitor._http.get(f"/authorize?{query}", base_url=BASE).headers["Location"].removeprefix(BASE))


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_who_lacks_a_second_factor_reads_why_adds_one_and_goes_on(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock)
    _, person = citizen(world)
    page = place(browser, world, width, language, LOA_2).page
    signed_in(page, person.code, person.password)
    page.wait_for_selector("#unmet-form")
    looked_at(page, f"unmet-{width}-{language}")
    with page.expect_popup() as opened:
        page.click("#unmet-enrol")
    tab = opened.value
    tab.click("#add-app")
    seed = base64.b32decode((tab.text_content("#secret") or "").replace(" ", ""))
    tab.fill("#code", code_at(seed, clock.now() // STEP))
    tab.click("#app-submit")
    tab.wait_for_selector("#notice")
    tab.close()
    clock.advance(STEP)
    page.click("#unmet-again")
    page.wait_for_selector("#otp-form")
    page.click("a[href='?way=stuck']")
    looked_at(page, f"unmet-stuck-{width}-{language}")
    page.click("#unmet-again")
    page.fill("#otp", code_at(seed, clock.now() // STEP))
    page.click("#otp-submit")
    page.wait_for_selector("#consent-form")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_clerk_reads_which_systems_an_assistance_does_not_reach_and_why(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    office = Office(TokenWorld(tmp_path, sqlite_database, clock))
    office.duty()
    above = office.add_system(minimum_acr=LOA_2)
    clerk = sure_visitor(office.world, office.an)
    made = shown(browser, clerk, width, language)
    made.open(f"/assist?lang={language}")
    expect(made.page.locator(f"input[value='{above.client.client_id}']")).to_be_disabled()
    looked_at(made.page, f"assist-floor-{width}-{language}")
    office.begin(clerk)
    system = office.counter.client
    office.world.wiring.clients.update(system.client_id, {**to_metadata(system), "minimum_acr": LOA_2})
    ask(made, office.counter, language)
    made.page.wait_for_selector("#unmet-form")
    looked_at(made.page, f"unmet-assisted-{width}-{language}")
    made.page.click("#unmet-assist")
    made.page.wait_for_selector("#assist-end")


@pytest.mark.parametrize(("width", "language"), [("phone", "vi"), ("desktop", "en")])
def test_a_level_that_nothing_here_reaches_leaves_the_counter_and_the_way_back(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock)
    _, person = citizen(world)
    page = place(browser, world, width, language, LOA_3).page
    signed_in(page, person.code, person.password)
    page.wait_for_selector("#unmet-form")
    assert page.locator("#unmet-enrol").count() == 0
    looked_at(page, f"unmet-high-{width}-{language}")
    page.goto(f"{BASE}/counter")
    page.wait_for_selector("#unmet-why")
    looked_at(page, f"unmet-own-{width}-{language}")
