"""The session frame in a real browser: a department's page asks it, and hears of the sign-out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.journeys import PATIENCE, chromium
from tests.support.web_pages import WebPages
from tests.support.world import World, deployed

ASKER = """<!doctype html><title>Hệ thống</title><iframe id="op" src="{frame}"></iframe>
<script>
window.answers = [];
addEventListener("message", (event) => window.answers.push(event.data));
window.ask = (text) => document.getElementById("op").contentWindow.postMessage(text, "{issuer}");
</script>"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with deployed("sqlite") as running:
        yield running


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(locale="vi-VN")
        page.set_default_timeout(PATIENCE)
        yield page


def framed(page: Page, host: str) -> None:
    """Open the asking page of an origin, with the session frame in it."""
    page.goto(f"{host}/")
    page.frame_locator("#op").locator("body").wait_for(state="attached")


def asked(page: Page, text: str) -> str:
    """Ask the frame, and return the one word that it answers."""
    page.evaluate("window.answers.length = 0")
    page.evaluate("text => window.ask(text)", text)
    page.wait_for_function("window.answers.length > 0")
    return str(page.evaluate("window.answers[0]"))


@pytest.mark.spec("OIDC Session Management", "3.2")
def test_department_hears_that_the_session_is_unchanged_and_then_that_it_ended(world: World, page: Page) -> None:
    person = world.person()
    with WebPages() as pages:
        host = f"http://localhost:{pages.host.rpartition(':')[2]}"
        pages.put("/callback", b"<!doctype html><title>x</title>", content_type="text/html")
        pages.put(
            "/",
            ASKER.format(frame=f"{world.issuer}/check_session", issuer=world.issuer).encode(),
            content_type="text/html",
        )
        rp = world.rp(redirect_uris=[f"{host}/callback"])
        page.goto(rp.begin(redirect_uri=f"{host}/callback").url)
        page.fill("[name=identity_code]", person.code)
        page.fill("[name=password]", person.password)
        page.click("#login-submit")
        page.click("#consent-allow")
        page.wait_for_url(f"{host}/callback**")
        state = str(page.evaluate("new URLSearchParams(location.search).get('session_state')"))
        framed(page, host)
        client_id = rp.client["client_id"]
        assert asked(page, f"{client_id} {state}") == "unchanged"
        assert asked(page, f"other {state}") == "changed"
        with WebPages() as strangers:
            elsewhere = f"http://localhost:{strangers.host.rpartition(':')[2]}"
            asker = ASKER.format(frame=f"{world.issuer}/check_session", issuer=world.issuer).encode()
            strangers.put("/", asker, content_type="text/html")
            framed(page, elsewhere)
            assert asked(page, f"{client_id} {state}") == "changed", "the origin is part of the state"
        framed(page, host)
        assert asked(page, f"{client_id} {state}") == "unchanged"
        for nonsense in ("", "x", f"{client_id} x.y", f"{client_id}  {state}"):
            assert asked(page, nonsense) == "error"
        page.goto(f"{world.issuer}/end_session")
        page.click("#logout-confirm")
        page.locator("#signed-out").wait_for()
        framed(page, host)
        assert asked(page, f"{client_id} {state}") == "changed"


@pytest.mark.spec("OIDC Front-Channel Logout", "3")
@pytest.mark.parametrize("width", [390, 1280])
def test_sign_out_loads_the_departments_page_and_goes_on(world: World, page: Page, width: int, tmp_path: Path) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    person = world.person()
    with WebPages() as pages:
        host = f"http://localhost:{pages.host.rpartition(':')[2]}"
        for path in ("/callback", "/out", "/bye"):
            pages.put(path, b"<!doctype html><title>x</title>", content_type="text/html")
        rp = world.rp(redirect_uris=[f"{host}/callback"], frontchannel_logout_uri=f"{host}/out")
        attempt = rp.begin(redirect_uri=f"{host}/callback")
        page.goto(attempt.url)
        page.fill("[name=identity_code]", person.code)
        page.fill("[name=password]", person.password)
        page.click("#login-submit")
        page.click("#consent-allow")
        page.wait_for_url(f"{host}/callback**")
        rp.redeem(attempt, page.evaluate("Object.fromEntries(new URLSearchParams(location.search))"))
        page.goto(f"{world.issuer}/end_session")
        page.click("#logout-confirm")
        page.locator("#signed-out").wait_for()
        page.screenshot(path=str(tmp_path / f"signed-out-{width}.png"))
        end = time.monotonic() + PATIENCE / 1000
        while not any(path.startswith("/out?iss=http") and "&sid=" in path for path in pages.asked):
            assert time.monotonic() < end, pages.asked
            page.wait_for_timeout(20)
        assert page.locator("iframe[data-logout]").count() == 1
