"""Coming back to one's account, and throwing somebody out of it, in a real browser."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.authn import totp
from policies.recovery import Path
from tests.support.browser import Person
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.world import World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW = "mật khẩu hoàn toàn mới 27"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with deployed("sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def opened(world: World, browser: Browser, path: str, width: str, language: str = "vi") -> Page:
    page = context(browser, width, language).new_page()
    page.goto(world.issuer + path)
    return page


def activate(page: Page, person: Person, code: str, password: str) -> None:
    page.fill("#identity_code", person.code)
    page.fill("#activation_code", code)
    page.fill("#new_password", password)
    page.fill("#new_password_again", password)
    page.click("#activate-submit")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_person_comes_back_with_the_code_of_the_counter(
    world: World, browser: Browser, width: str, language: str
) -> None:
    person = world.person()
    account_id = world.wiring.accounts.find(person.code).id
    begun = world.wiring.recoveries.begin(account_id, Path.COUNTER, evidence="CCCD", reason="quên mật khẩu")
    page = opened(world, browser, "/account", width, language)
    page.click("details summary")
    page.click("a[href='/recover']")
    looked_at(page, f"recover-{width}-{language}")
    page.click("a[href='/recover/activate']")
    looked_at(page, f"recover-activate-{width}-{language}")
    activate(page, person, "AAAA-BBBB-CCCC-DDDD", NEW)
    expect(page.locator("#problem")).to_be_visible()
    looked_at(page, f"recover-wrong-{width}-{language}")
    activate(page, person, begun.activation_code.lower(), NEW)
    expect(page.locator("#recover-done")).to_be_visible()
    looked_at(page, f"recover-done-{width}-{language}")
    page.click("main a.primary")
    signed_in(page, person.code, NEW)
    expect(page.locator("#account-name")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_recovery_from_afar_shows_its_code_once_and_can_be_cancelled(
    world: World, browser: Browser, width: str, language: str
) -> None:
    person = world.person()
    wiring = world.wiring
    account_id = wiring.accounts.find(person.code).id
    seed = wiring.credentials.enrol_totp(account_id).secret
    sheet = wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")
    page = opened(world, browser, "/recover", width, language)
    page.fill("#identity_code", person.code)
    page.fill("#recovery_code", sheet[0])
    page.fill("#otp", totp.code_at(base64.b32decode(seed), int(time.time()) // totp.STEP))
    page.click("#recover-submit")
    expect(page.locator("#recover-begun")).to_be_visible()
    looked_at(page, f"recover-begun-{width}-{language}")
    code = page.locator("#activation-code").text_content()
    assert code
    page.click("a[href='/recover/activate']")
    activate(page, person, code, NEW)
    expect(page.locator("#problem")).to_be_visible()
    owner = opened(world, browser, "/recover/cancel", width, language)
    looked_at(owner, f"recover-cancel-{width}-{language}")
    owner.fill("#identity_code", person.code)
    owner.fill("#cancel_code", "WRONGONE")
    owner.click("#cancel-submit")
    expect(owner.locator("#problem")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_person_throws_somebody_out_who_had_the_password(
    world: World, browser: Browser, width: str, language: str
) -> None:
    person = world.person()
    thief = opened(world, browser, "/account", "desktop")
    signed_in(thief, person.code, person.password)
    expect(thief.locator("#account-name")).to_be_visible()
    page = opened(world, browser, "/account", width, language)
    signed_in(page, person.code, person.password)
    looked_at(page, f"account-history-{width}-{language}")
    page.locator("a[href^='/account/not-me/']").nth(1).click()
    expect(page.locator("#not-me-form")).to_be_visible()
    looked_at(page, f"not-me-{width}-{language}")
    page.click("#not-me-submit")
    # Straight to a password of the person's own; the old one is not taken.
    for password in (person.password, NEW):
        page.fill("[name=new_password]", password)
        page.fill("[name=new_password_again]", password)
        page.click("#password-submit")
    expect(page.locator("#account-name")).to_be_visible()
    thief.goto(f"{world.issuer}/account")
    expect(thief.locator("#login-form")).to_be_visible()
    signed_in(thief, person.code, person.password)
    expect(thief.locator("#problem")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_what_a_stranger_added_is_put_before_the_person(
    world: World, browser: Browser, width: str, language: str
) -> None:
    person = world.person()
    account_id = world.wiring.accounts.find(person.code).id
    seed = base64.b32decode(world.wiring.credentials.enrol_totp(account_id).secret)
    thief = opened(world, browser, "/account", "desktop")
    signed_in(thief, person.code, person.password)
    expect(thief.locator("#account-name")).to_be_visible()
    world.wiring.recovery_codes.renew(account_id, actor=f"account:{account_id}")
    page = opened(world, browser, "/account", width, language)
    signed_in(page, person.code, person.password)
    page.locator("a[href^='/account/not-me/']").last.click()
    page.fill("#otp", totp.code_at(seed, int(time.time()) // totp.STEP))
    page.click("#otp-submit")
    expect(page.locator("#not-me-added")).to_be_visible()
    looked_at(page, f"not-me-added-{width}-{language}")
    page.click("#not-me-submit")
    page.fill("[name=new_password]", NEW)
    page.fill("[name=new_password_again]", NEW)
    page.click("#password-submit")
    expect(page.locator("#notice")).to_be_visible()
    looked_at(page, f"not-me-list-{width}-{language}")
    page.click("[data-factor=recovery_code] a[href^='/account/security/remove/']")
    expect(page.locator("main form")).to_be_visible()
