"""Acting for a business, appointing staff, and assisting a citizen, in a real browser: both languages, telephone and desktop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from idp.model.session import Origin
from idp.services.mandate_drafts import Draft
from policies.assurance import LOA_2
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.world import CALLBACK, World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
START = "http://127.0.0.1:9/start"
UNIT = "20335"


@dataclass
class Town:
    """A deployment with a business and an agency."""

    world: World
    business: str
    agency: str

    def account(self, code: str) -> str:
        """Return the id behind a code."""
        return str(self.world.wiring.accounts.find(code).id)

    def mandate(self, kind: str, principal: str, actor: str, evidence: str, **changes: Any) -> None:
        """Record and accept a mandate."""
        made = self.world.wiring.mandates.propose(Draft(kind, principal, actor, evidence, "số 12", **changes))
        self.world.wiring.mandates.accept(made.id)

    def sure(self, browser: Browser, width: str, language: str, account_id: str) -> BrowserContext:
        """Return a browser in which somebody is signed in with two factors."""
        origin = Origin("127.0.0.1", "Chromium")
        _, secret = self.world.wiring.sessions.start(account_id, LOA_2, ("pwd", "otp", "mfa"), origin)
        made = context(browser, width, language)
        made.add_cookies([{"name": "idp_session", "value": secret, "url": self.world.issuer}])
        return made


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    def add(world: World, scheme: str, code: str, name: str) -> str:
        accounts = world.wiring.accounts
        return str(accounts.add(accounts.draft({"code_type": scheme, "code": code, "name": name})))

    with deployed("sqlite") as world:
        business = add(world, "mst", "0100233488", "Công ty TNHH Mẫu Quảng Nam")
        yield Town(world, business, add(world, "agency", "H47.14", "UBND xã mẫu"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(is_whole=True) as running:
        yield running


def opened(made: BrowserContext) -> Page:
    """Return a page whose visits to the department end in a page of a word."""
    made.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="department", content_type="text/plain"))
    return made.new_page()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_representative_chooses_the_business_switches_back_and_appoints(
    town: Town, browser: Browser, width: str, language: str
) -> None:
    world, name = town.world, f"{language}-{width}"
    person, colleague = world.person(), world.person()
    me = town.account(person.code)
    procedures = ("1.002835", "1.000001")
    town.mandate("representative", town.business, me, "business_registration", may_delegate=True, procedures=procedures)
    rp = world.rp(capacities=["person", "organisation"])
    page = opened(context(browser, width, language))
    attempt = rp.begin(scope="openid profile identity")
    page.goto(attempt.url)
    signed_in(page, person.code, person.password)
    expect(page.locator("#capacity-form")).to_be_visible()
    looked_at(page, f"capacity-{name}")
    page.locator("input[name=capacity]").nth(1).check()
    page.click("#capacity-submit")
    expect(page.locator("#acting")).to_contain_text("Công ty TNHH Mẫu Quảng Nam")
    looked_at(page, f"capacity-consent-{name}")
    page.click("#consent-allow")
    page.wait_for_url(f"{CALLBACK}**")
    tokens = rp.redeem(attempt, _sent(page))
    assert tokens.claims["on_behalf_of"]["procedures"] == sorted(procedures)
    page.goto(f"{world.issuer}/account/mandates")
    looked_at(page, f"mandates-{name}")
    page.locator("#switch-form input[value=person]").check()
    page.click("#switch-submit")
    expect(page.locator("[role=status]")).to_be_visible()
    again = rp.begin(scope="openid")
    page.goto(again.url)
    page.click("#consent-allow")
    page.wait_for_url(f"{CALLBACK}**")
    assert "on_behalf_of" not in rp.redeem(again, _sent(page)).claims
    _appoint(town, opened(town.sure(browser, width, language, me)), colleague.code, name)


def _appoint(town: Town, page: Page, code: str, name: str) -> None:
    page.goto(f"{town.world.issuer}/account/mandates/new")
    looked_at(page, f"mandate-new-{name}")
    page.fill("#identity_code", code)
    page.fill("#procedures", "9.9")
    page.locator("input[name=evidence_kind]").first.check()
    page.fill("#evidence", "số 12/UQ ngày 01/11/2026")
    page.click("#mandate-propose")
    expect(page.locator("#problem")).to_be_visible()
    looked_at(page, f"mandate-new-refused-{name}")
    page.fill("#procedures", "1.002835")
    page.click("#mandate-propose")
    expect(page.locator("[role=status]")).to_be_visible()
    looked_at(page, f"mandates-given-{name}")
    page.locator("section[aria-labelledby=given] a.button.secondary").first.click()
    expect(page.locator("#mandate-revoke")).to_be_visible()
    looked_at(page, f"mandate-{name}")
    page.click("#mandate-revoke")
    expect(page.locator("[role=status]")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_an_offer_is_read_and_accepted(town: Town, browser: Browser, width: str, language: str) -> None:
    world = town.world
    person = world.person()
    draft = Draft("representative", town.business, town.account(person.code), "business_registration", "số 7")
    world.wiring.mandates.propose(draft)
    page = opened(context(browser, width, language))
    page.goto(f"{world.issuer}/account/mandates")
    signed_in(page, person.code, person.password)
    page.locator("section[aria-labelledby=held] a.button").first.click()
    expect(page.locator("#mandate-accept")).to_be_visible()
    looked_at(page, f"mandate-offer-{language}-{width}")
    page.click("#mandate-accept")
    expect(page.locator("#switch-form")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_clerk_assists_a_citizen_and_gets_the_browser_back(
    town: Town, browser: Browser, width: str, language: str
) -> None:
    world, name = town.world, f"{language}-{width}"
    clerk, citizen = world.person(), world.person()
    town.mandate("clerk", town.agency, town.account(clerk.code), "assignment_decision", unit=UNIT)
    rp = world.rp(capacities=["person", "assisted"], initiate_login_uri=START)
    page = opened(town.sure(browser, width, language, town.account(clerk.code)))
    page.goto(f"{world.issuer}/assist")
    looked_at(page, f"assist-{name}")
    page.fill("#identity_code", citizen.code)
    page.locator("input[name=document]").first.check()
    page.fill("#number", citizen.code)
    page.fill("#purpose", "Nộp hồ sơ đất đai")
    page.locator("input[name=present]").check()
    page.click("#assist-submit")
    page.wait_for_url(f"{START}**")
    attempt = rp.begin(scope="openid profile")
    page.goto(attempt.url)
    expect(page.locator("#acting")).to_be_visible()
    looked_at(page, f"assist-consent-{name}")
    page.click("#consent-allow")
    page.wait_for_url(f"{CALLBACK}**")
    tokens = rp.redeem(attempt, _sent(page))
    assert tokens.claims["act"]["unit"] == UNIT
    page.goto(f"{world.issuer}/assist")
    looked_at(page, f"assist-running-{name}")
    page.click("#assist-end")
    expect(page.locator("#assist-form")).to_be_visible()
    page.goto(f"{world.issuer}/account")
    expect(page.locator("#account-name")).to_be_visible()


def _sent(page: Page) -> Any:
    return dict(parse_qsl(urlsplit(page.url).query))
