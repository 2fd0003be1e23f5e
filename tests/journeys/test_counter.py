"""Dual control at the counter in a real browser: two officials, each with two factors, and the person who comes back."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.authn import totp
from policies.delegation import TOP, Proposal, Role
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


def clerk(world: World, browser: Browser, width: str, language: str) -> Page:
    """Return an official who stands at the counter page."""
    wiring, person = world.wiring, world.person()
    account_id = wiring.accounts.find(person.code).id
    seed = base64.b32decode(wiring.credentials.enrol_totp(account_id).secret)
    grant = Proposal(f"account:{account_id}", Role.SUPPORT, TOP, int(time.time()) - 1, None)
    wiring.admins.grant(grant, by="operator:local", reason="thử")
    page = context(browser, width, language).new_page()
    page.goto(f"{world.issuer}/counter")
    signed_in(page, person.code, person.password)
    page.fill("#otp", totp.code_at(seed, int(time.time()) // totp.STEP))
    page.click("#otp-submit")
    expect(page.locator("#counter-form")).to_be_visible()
    return page


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_two_officials_bring_a_person_back(world: World, browser: Browser, width: str, language: str) -> None:
    person = world.person()
    first, second = clerk(world, browser, width, language), clerk(world, browser, width, language)
    looked_at(first, f"counter-{width}-{language}")
    first.fill("#identity_code", "049499999999")
    first.fill("#evidence", "CCCD gắn chip, đối chiếu khuôn mặt")
    first.fill("#reason", "quên mật khẩu")
    first.click("#counter-submit")
    expect(first.locator("#problem")).to_be_visible()
    first.fill("#identity_code", person.code)
    first.click("#counter-submit")
    expect(first.locator("#counter-begun")).to_be_visible()
    looked_at(first, f"counter-begun-{width}-{language}")
    code = first.locator("#activation-code").text_content()
    assert code
    assert first.locator("button[name='counter-approve']").count() == 0
    second.reload()
    expect(second.locator("button[name='counter-approve']")).to_be_visible()
    assert person.code not in second.content()
    looked_at(second, f"counter-waiting-{width}-{language}")
    second.click("button[name='counter-approve']")
    expect(second.locator(".empty")).to_be_visible()
    page = context(browser, width, language).new_page()
    page.goto(f"{world.issuer}/recover/activate")
    page.fill("#identity_code", person.code)
    page.fill("#activation_code", code)
    page.fill("#new_password", NEW)
    page.fill("#new_password_again", NEW)
    page.click("#activate-submit")
    expect(page.locator("#recover-done")).to_be_visible()


def test_citizen_has_no_business_at_the_counter(world: World, browser: Browser) -> None:
    person = world.person()
    account_id = world.wiring.accounts.find(person.code).id
    seed = base64.b32decode(world.wiring.credentials.enrol_totp(account_id).secret)
    page = context(browser, "phone", "vi").new_page()
    page.goto(f"{world.issuer}/counter")
    signed_in(page, person.code, person.password)
    page.fill("#otp", totp.code_at(seed, int(time.time()) // totp.STEP))
    page.click("#otp-submit")
    expect(page.locator("#error-code")).to_be_visible()
