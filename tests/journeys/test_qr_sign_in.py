"""Signing in on a computer by a phone, in a real browser: two contexts that share nothing but what the person sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.web.qr_picture import picture
from tests.support.browser import Person
from tests.support.journeys import EVERY_WAY, WIDTHS, chromium, context, looked_at, signed_in
from tests.support.world import World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with deployed("sqlite") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def screen(
    world: World, browser: Browser, width: str = "desktop", language: str = "vi", *, script: bool = True
) -> Page:
    """Return a computer that shows the code."""
    page = context(browser, width, language, script=script).new_page()
    page.goto(f"{world.issuer}/account")
    page.click("a[href='?way=qr']")
    expect(page.locator("#qr-number")).to_be_visible()
    return page


def scanned(world: World, page: Page) -> str:
    """Return the address that the code carries: read where it is kept, and compared with the picture."""
    transaction = page.url.rpartition("/signin/")[2].partition("?")[0]
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    handle = world.wiring.pending.get(transaction, cookies["idp_browser"]).pending.qr
    address = f"{world.issuer}/qr/{handle}"
    assert page.locator("svg.qr path").get_attribute("d") == picture(address).path
    return address


def phone(
    world: World, browser: Browser, person: Person, address: str, width: str = "phone", language: str = "vi"
) -> Page:
    """Return a phone that has scanned the code and signed in."""
    page = context(browser, width, language).new_page()
    page.goto(address)
    signed_in(page, person.code, person.password)
    expect(page.locator("#qr-answer-form")).to_be_visible()
    return page


def pick(page: Page, number: str | None) -> None:
    page.click(f"button[name='qr-number'][value='{number}']")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_phone_signs_the_computer_in(world: World, browser: Browser, width: str, language: str) -> None:
    person = world.person()
    # Either side may be small or large: a tablet scans, and a second phone shows the code.
    other = next(one for one in WIDTHS if one != width)
    desktop = screen(world, browser, width, language)
    looked_at(desktop, f"qr-screen-{width}-{language}")
    mobile = phone(world, browser, person, scanned(world, desktop), other, language)
    looked_at(mobile, f"qr-phone-{other}-{language}")
    assert mobile.locator("button[name='qr-number']").count() == 3
    expect(mobile.locator("#qr-browser")).to_contain_text("Chrome")
    pick(mobile, desktop.locator("#qr-number").text_content())
    expect(mobile.locator("#qr-approved")).to_be_visible()
    looked_at(mobile, f"qr-phone-approved-{other}-{language}")
    # The computer sees the answer by itself, and says who it is that was approved.
    expect(desktop.locator("#qr-continue")).to_be_visible()
    looked_at(desktop, f"qr-screen-approved-{width}-{language}")
    expect(desktop.locator("#qr-name")).to_contain_text("Công dân mẫu")
    desktop.click("#qr-continue")
    expect(desktop.locator("#account-name")).to_be_visible()


def test_without_a_script_the_person_says_that_the_phone_has_answered(world: World, browser: Browser) -> None:
    person = world.person()
    desktop = screen(world, browser, script=False)
    mobile = phone(world, browser, person, scanned(world, desktop))
    desktop.click("#qr-check")
    number = desktop.locator("#qr-number").text_content()
    pick(mobile, number)
    expect(mobile.locator("#qr-approved")).to_be_visible()
    desktop.click("#qr-check")
    desktop.click("#qr-continue")
    expect(desktop.locator("#account-name")).to_be_visible()


def test_declined_and_used_codes_say_so_on_both_screens(world: World, browser: Browser) -> None:
    person = world.person()
    desktop = screen(world, browser)
    address = scanned(world, desktop)
    mobile = phone(world, browser, person, address)
    mobile.click("#qr-deny")
    expect(mobile.locator("#qr-denied")).to_be_visible()
    expect(desktop.locator("#qr-new")).to_be_visible()
    # Another person who has the address learns nothing of the answer.
    stranger = context(browser, "phone", "vi").new_page()
    other = world.person()
    stranger.goto(address)
    signed_in(stranger, other.code, other.password)
    expect(stranger.locator("#problem")).to_be_visible()
    desktop.click("#qr-new")
    expect(desktop.locator("#qr-number")).to_be_visible()
    assert scanned(world, desktop) != address


def test_address_alone_shows_a_stranger_nothing(world: World, browser: Browser) -> None:
    page = context(browser, "phone", "vi").new_page()
    page.goto(f"{world.issuer}/qr/{'a' * 43}")
    expect(page.locator("#problem")).to_be_visible()
