"""The whole story in a real browser: sign in at the portal, walk into the one-stop system, be out of both at once; come by VNeID, and administer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

_BROWSER: Final = "/usr/bin/chromium"
_FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_NEWS: Final = 15.0


def tell(
    issuer: str, systems: tuple[str, str], codes: tuple[str, str], password: str, say: Callable[[str], None]
) -> None:
    """Drive the story of two people; raises ``AssertionError`` where it goes another way."""
    (portal, one_stop), (code, other) = systems, codes
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_BROWSER, args=list(_FLAGS))
        try:
            page = browser.new_page(locale="vi-VN")
            _sign_in(page, portal, code, password)
            say("signed in at the portal")
            _walk_in(page, one_stop)
            say("signed in at the one-stop system without another question")
            _sign_out(page, portal, one_stop)
            say("signed out once, out of both")
            page = browser.new_context(locale="vi-VN").new_page()
            _come_by_vneid(page, portal, other)
            say("another person signed in by VNeID (a simulator, not the real one)")
            _administer(browser.new_context(locale="vi-VN").new_page(), issuer, other, password)
            say("and came into the console of administrators with two factors")
        finally:
            browser.close()


def _sign_in(page: Page, portal: str, code: str, password: str) -> None:
    page.goto(portal)
    page.click("#sign-in")
    page.fill("#login-form [name=identity_code]", code)
    page.fill("#login-form [name=password]", password)
    page.click("#login-submit")
    page.click("#consent-allow")
    expect(page.locator("#person-name")).to_have_text("Công dân mẫu 01")
    expect(page.locator("#claim-identity_code")).to_have_text(code)


def _walk_in(page: Page, one_stop: str) -> None:
    """One click, and the person is there: no form of the provider may come between."""
    asked: list[str] = []
    page.on("framenavigated", lambda frame: asked.append(frame.url))
    page.goto(one_stop)
    page.click("#sign-in")
    expect(page.locator("#person-name")).to_have_text("Công dân mẫu 01")
    questions = [url for url in asked if "/signin/" in url]
    if questions:
        message = f"the second system asked again: {questions}"
        raise AssertionError(message)


def _sign_out(page: Page, portal: str, one_stop: str) -> None:
    page.goto(portal)
    page.click("#sign-out")
    expect(page.locator("#sign-in")).to_be_visible()
    deadline = time.monotonic() + _NEWS
    while time.monotonic() < deadline:
        page.goto(one_stop)
        if page.locator("#sign-in").is_visible():
            return
        time.sleep(0.2)
    message = "the one-stop system was not told of the sign-out"
    raise AssertionError(message)


def _come_by_vneid(page: Page, portal: str, code: str) -> None:
    """The button leads to a page that says what it is; back here the person learns that the account was linked."""
    page.goto(portal)
    page.click("#sign-in")
    expect(page.locator("#upstream-vneid")).to_contain_text("mô phỏng")
    page.click("#upstream-vneid")
    expect(page.locator("h1")).to_contain_text("mô phỏng")
    page.check("#simulator-form [name=citizen][value=mau-02]")
    page.click("#simulator-allow")
    page.click("#upstream-continue")
    page.click("#consent-allow")
    expect(page.locator("#person-name")).to_have_text("Công dân mẫu 02")
    expect(page.locator("#claim-identity_code")).to_have_text(code)


def _administer(page: Page, issuer: str, code: str, password: str) -> None:
    """The console asks for two factors, which this account has by VNeID alone."""
    page.goto(f"{issuer}/admin/clients")
    page.fill("#login-form [name=identity_code]", code)
    page.fill("#login-form [name=password]", password)
    page.click("#login-submit")
    page.click("#upstream-vneid")
    page.check("#simulator-form [name=citizen][value=mau-02]")
    page.check("#simulator-form [name=level][value='2']")
    page.click("#simulator-allow")
    expect(page.locator("main")).to_contain_text("demo-one-stop")


def main() -> None:
    """Tell the story that the arguments name; the password comes by stdin."""
    issuer, portal, one_stop, code, other = sys.argv[1:]
    password = sys.stdin.readline().strip()
    tell(issuer, (portal, one_stop), (code, other), password, lambda news: print(news, flush=True))  # noqa: T201 - a script
    print("the story ended well")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
