"""Sign-ins that end otherwise: a QR code that was declined, used or is gone, an upstream that is out; axe, both languages, phone and desktop.

The browser talks to the deployment in process, through the application that the server would run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.flows.upstream.breaker import LIMIT
from idp.storage.sqlite import SqliteDatabase
from tests.journeys.test_console_pages import InProcess
from tests.support.clock import FrozenClock
from tests.support.in_process import citizen
from tests.support.journeys import WAYS, chromium, context, looked_at
from tests.support.token_world import TokenWorld
from tests.support.upstream_world import vneid_settings
from tests.support.visit import BASE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """Return the browser; a screen goes on asking how its code stands, so its windows close before the deployment does."""
    yield running
    for one in running.contexts:
        one.close()


class Screen:
    """A browser of nobody's at the sign-in page: its transaction, and the cookie that binds the two."""

    def __init__(self, world: TokenWorld, browser: Browser, width: str, language: str) -> None:
        self.world, self.visitor = world, Visitor(world)
        place = InProcess(self.visitor, context(browser, width, language).new_page())
        place.open(f"/?lang={language}")
        start = self.visitor._http.get("/account", base_url=BASE).headers["Location"].removeprefix(BASE)
        self.transaction = start.rpartition("/")[2].partition("?")[0]
        self.page: Page = place.open(start)

    @property
    def pending(self) -> Any:
        """Return what the deployment keeps of it."""
        cookie = self.visitor._http.get_cookie("__Host-idp_browser", domain="id.example.vn")
        assert cookie is not None
        return self.world.wiring.pending.get(self.transaction, cookie.value).pending


def phone(world: TokenWorld, browser: Browser, number: int, width: str, language: str) -> InProcess:
    """Return a browser in which somebody has just signed in."""
    account_id, _ = citizen(world, number)
    place = InProcess(Visitor(world, account_id), context(browser, width, language).new_page())
    place.open(f"/account?lang={language}")
    return place


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_a_code_that_was_declined_says_so_on_both_screens_and_tells_a_stranger_nothing(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world, name = TokenWorld(tmp_path, sqlite_database, clock), f"{width}-{language}"
    screen = Screen(world, browser, width, language)
    screen.page.click("a[href='?way=qr']")
    expect(screen.page.locator("#qr-number")).to_be_visible()
    handle = screen.pending.qr
    mobile = phone(world, browser, 1, width, language)
    page = mobile.open(f"/qr/{handle}")
    page.click("#qr-deny")
    expect(page.locator("#qr-denied")).to_be_visible()
    looked_at(page, f"qr-phone-denied-{name}")
    expect(screen.page.locator("#qr-new")).to_be_visible()
    looked_at(screen.page, f"qr-screen-denied-{name}")
    # Who has the address learns nothing of the answer, and of one that never was as much.
    stranger = phone(world, browser, 2, width, language)
    for address in (f"/qr/{handle}", f"/qr/{'a' * 43}"):
        page = stranger.open(address)
        expect(page.locator("#problem")).to_be_visible()
        looked_at(page, f"qr-phone-{'used' if handle in address else 'gone'}-{name}")
    screen.page.click("#qr-new")
    expect(screen.page.locator("#qr-number")).to_be_visible()
    assert screen.pending.qr != handle


@pytest.mark.parametrize(("width", "language"), WAYS)
def test_an_outage_takes_the_button_away_and_leaves_the_password(
    browser: Browser, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    nowhere: Any = SimpleNamespace(base="http://127.0.0.1:9")
    upstreams = {"vneid": vneid_settings(nowhere), "mau": vneid_settings(nowhere, label={"vi": "Mẫu", "en": "Sample"})}
    allowed = {"allow": ["127.0.0.1:9"]}
    world = TokenWorld(tmp_path, sqlite_database, clock, upstreams=upstreams, outbound=allowed)
    screen, flow = Screen(world, browser, width, language), world.wiring.upstream_sign_in
    bound, here = screen.pending.browser, screen.transaction
    state, _ = flow._tools.departures.begin("mau", "192.0.2.7", browser=bound, transaction=here)
    place = InProcess(screen.visitor, screen.page)
    page = place.open(f"/upstream/mau/callback?error=temporarily_unavailable&state={state}")
    expect(page.locator("#error-code")).to_have_text("temporarily_unavailable")
    looked_at(page, f"upstream-unavailable-{width}-{language}")
    for _ in range(LIMIT):
        flow._tools.breakers.failed("mau")
    page.click("#upstream-back")
    expect(page.locator("#upstream-mau")).to_be_disabled()
    expect(page.locator("#upstream-vneid")).to_be_enabled()
    expect(page.locator("#login-submit")).to_be_enabled()
    looked_at(page, f"upstream-out-{width}-{language}")
