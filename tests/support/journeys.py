"""A real browser for journeys: contexts of either width and language, and what every page of ours must hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

_WHOLE: Final = Path("/usr/bin/chromium")
_FRAMELESS: Final = Path("/usr/bin/chromium-headless-shell")
"""Chromium without the frame of windows, which costs as much as the pages."""
WIDTHS: Final = {"phone": 360, "desktop": 1280}
PATIENCE: Final = 120_000
"""Milliseconds that a page may take, on a machine that is busy with other things; nothing waits longer than it must."""
PICTURES: Final = os.environ.get("IDP_TEST_PICTURES", "")
"""A folder where every page that is looked at is kept as a picture."""
EVERY_WAY: Final = [("phone", "vi"), ("desktop", "en"), ("desktop", "vi"), ("phone", "en")]
"""Widths and languages of people's journeys."""
WAYS: Final = EVERY_WAY if PICTURES else EVERY_WAY[:2]
"""Those of the console's pages: each of them once, and every pair where somebody looks at the pictures."""
_RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@contextmanager
def chromium(*, is_whole: bool = False) -> Iterator[Browser]:
    """Run Chromium, frameless where that is installed; skips the test where neither is.

    ``is_whole`` for who asks the window where it is: only the whole one tells the address of a page that could not be loaded.
    """
    found = _WHOLE if is_whole or not _FRAMELESS.exists() else _FRAMELESS
    if not found.exists():
        pytest.skip("apt-get install chromium")
    with sync_playwright() as driver:
        expect.set_options(timeout=PATIENCE)
        browser = driver.chromium.launch(executable_path=str(found), args=["--no-sandbox"], timeout=PATIENCE)
        yield browser
        browser.close()


def context(browser: Browser, width: str, language: str, *, script: bool = True) -> BrowserContext:
    """Return a browser of a person's own, with cookies of its own."""
    made = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 800},
        locale={"vi": "vi-VN", "en": "en-GB"}[language],
        java_script_enabled=script,
    )
    made.set_default_timeout(PATIENCE)
    return made


def looked_at(page: Page, name: str) -> None:
    """Hold what every page must: no violation of WCAG 2.2 AA that axe finds, and nothing wider than the window.

    Where ``PICTURES`` is set the page is kept there.
    """
    page.wait_for_load_state("load")  # a click returns before the stylesheet of the page that it leads to is there
    found: Any = Axe().run(page, options=_RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def signed_in(page: Page, code: str, password: str) -> None:
    """Fill the sign-in page in."""
    page.fill("[name=identity_code]", code)
    page.fill("[name=password]", password)
    page.click("#login-submit")
