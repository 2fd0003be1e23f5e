"""A person with a passkey in a real browser: enrol, sign in without a code, step up; on a telephone and a desktop, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, CDPSession, Page

from policies.assurance import LOA_2
from tests.support.browser import Person
from tests.support.journeys import PATIENCE
from tests.support.journeys import chromium as running_chromium
from tests.support.web_pages import WebPages
from tests.support.world import World, deployed

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
EACH = [(language, width) for language in ("vi-VN", "en-US") for width in (360, 1280)]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with deployed("sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


class Desk:
    """One window with a device in it; every page that is shown is checked for accessibility and for errors of scripts."""

    def __init__(self, browser: Browser, language: str, width: int, *, conditional: bool = False) -> None:
        context = browser.new_context(locale=language, viewport={"width": width, "height": 800})
        context.set_default_timeout(PATIENCE)
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        if not conditional:
            # Else the device, which always says yes, signs in before anybody has pressed or typed anything.
            self.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.cdp: CDPSession = context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        self.device: str = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def seen(self, selector: str) -> None:
        """Wait for an element, and look at the whole page."""
        self.page.locator(selector).first.wait_for()
        self.page.wait_for_load_state("load")  # An element may be there before the stylesheet is.
        found = Axe().run(self.page)
        assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{self.page.url} is too wide"

    def keys(self) -> list[Any]:
        """Return what the device holds."""
        found: list[Any] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.device})["credentials"]
        return found

    def type_password(self, person: Person) -> None:
        """Sign in the old way."""
        self.page.fill("#identity_code", person.code)
        self.page.fill("#password", person.password)
        self.page.click("#login-submit")


@pytest.fixture(params=EACH, ids=[f"{language}-{width}" for language, width in EACH])
def desk(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Desk]:
    made = Desk(chromium, *request.param)
    yield made
    assert made.errors == []
    made.page.context.close()


def enrolled(world: World, desk: Desk) -> Person:
    """Enrol a passkey on the account's pages, and return who did."""
    person, page = world.person(), desk.page
    page.goto(f"{world.issuer}/account/security")
    desk.seen("#passkey-submit")
    desk.type_password(person)
    desk.seen("#add-passkey")
    page.click("#add-passkey")
    desk.seen("#passkey-submit")
    page.fill("#name", "Điện thoại của tôi")
    page.click("#passkey-submit")
    desk.seen("#notice")
    return person


def test_a_passkey_is_enrolled_and_no_second_one_by_the_same_device(world: World, desk: Desk) -> None:
    page = desk.page
    enrolled(world, desk)
    assert "Điện thoại của tôi" in page.inner_text("[data-factor=passkey]")
    (key,) = desk.keys()
    assert key["isResidentCredential"]
    assert key["rpId"] == "localhost"
    # The next change wants what the passkey proves; and as the device holds one already, the browser makes no second one.
    page.goto(f"{world.issuer}/account/security/passkey")
    desk.seen("#passkey-submit")
    page.click("#passkey-submit")
    page.locator("#name").wait_for()
    page.click("#passkey-submit")
    page.locator("#passkey-form [role=alert] p").wait_for(state="visible")
    desk.seen("#passkey-form [role=alert]")


def test_a_passkey_signs_in_without_a_code_and_steps_up(world: World, desk: Desk) -> None:
    person, page = enrolled(world, desk), desk.page
    with WebPages() as pages:
        host = f"http://localhost:{pages.host.rpartition(':')[2]}"
        pages.put("/callback", b"<!doctype html><title>x</title>", content_type="text/html")
        pages.put("/favicon.ico", b"", content_type="image/x-icon")
        rp = world.rp(redirect_uris=[f"{host}/callback"])

        def arrived(amr: list[str]) -> None:
            page.wait_for_url(f"{host}/callback**")
            tokens = rp.redeem(attempt, page.evaluate("Object.fromEntries(new URLSearchParams(location.search))"))
            assert (tokens.claims["acr"], tokens.claims["amr"]) == (LOA_2, amr)

        page.context.clear_cookies()
        attempt = rp.begin(redirect_uri=f"{host}/callback", acr_values=LOA_2)
        page.goto(attempt.url)
        page.click("#passkey-submit")
        page.click("#consent-allow")
        arrived(["hwk", "user", "mfa"])

        page.context.clear_cookies()
        attempt = rp.begin(redirect_uri=f"{host}/callback", acr_values=LOA_2)
        page.goto(attempt.url)
        desk.type_password(person)
        desk.seen("#passkey-submit")
        page.click("#passkey-submit")
        arrived(["pwd", "hwk", "user", "mfa"])


def test_the_browser_offers_the_passkey_in_the_field_of_the_code(world: World, chromium: Browser) -> None:
    person, desk = world.person(), Desk(chromium, "vi-VN", 360, conditional=True)
    page = desk.page
    page.goto(f"{world.issuer}/account/security/passkey")
    desk.type_password(person)
    page.click("#passkey-submit")
    page.locator("#notice").wait_for()
    page.context.clear_cookies()
    page.goto(f"{world.issuer}/account/security/app")
    # The device says yes to the offer at once; nothing is pressed, and the level is that of a change.
    page.locator("#secret").wait_for()
    assert desk.errors == []
    page.context.close()


def test_the_other_pages_are_fit_for_everybody(world: World, desk: Desk) -> None:
    person, page = world.person(), desk.page
    account_id = world.wiring.accounts.find(person.code).id
    page.goto(f"{world.issuer}/account/security/app")
    desk.type_password(person)
    desk.seen("#secret")
    page.goto(f"{world.issuer}/account/security/password")
    desk.seen("#change-password-form")
    world.wiring.credentials.enrol_totp(account_id)
    page.goto(f"{world.issuer}/account/security")
    desk.seen("[data-factor=totp]")
    page.goto(f"{world.issuer}/account/security/codes")
    desk.seen("#otp-form")
    world.wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")
    page.goto(f"{page.url}?way=recovery_code")
    desk.seen("#recovery-form")
    code = world.wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")[0]
    page.fill("#recovery_code", code)
    page.click("#recovery-submit")
    desk.seen("#codes-form")
    page.click("#codes-submit")
    desk.seen("#recovery-codes")
    page.emulate_media(media="print")
    assert page.locator("#recovery-codes li").count() == 10
    assert not page.locator("#codes-done").is_visible()
    page.emulate_media(media="screen")
    page.click("#codes-done")
    page.goto(f"{world.issuer}/account/security/remove/totp/totp")
    desk.seen("#remove-form")
