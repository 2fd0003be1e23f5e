"""An official signs in with the department's directory, in a real browser; a directory that hangs holds up nobody else of a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.officials import given_of
from tests.support.silent_servers import HungServer, hung
from tests.support.slapd import PASSWORD, SlapdServer
from tests.support.world import World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.servers]


@pytest.fixture(scope="module")
def silent() -> Iterator[HungServer]:
    with hung() as server:
        yield server


@pytest.fixture(scope="module")
def world(office: SlapdServer, silent: HungServer) -> Iterator[World]:
    patient = {"receive_timeout": 3, "timeout": 4, "parallel": 2, "breaker_failures": 100, "breaker_seconds": 1}
    address = (f"ldap://localhost:{silent.port}",)
    names = {"H47.05": "Sở Khoa học và Công nghệ"}
    office_given = given_of(office, unit="H47.05", unit_attribute="", unit_names=names)
    title = {"vi": "Sở Nông nghiệp và Môi trường", "en": "Department of Agriculture and Environment"}
    sources = [office_given, given_of(office, name="treo", title=title, servers=address, **patient)]
    with deployed("sqlite", settings={"DIRECTORIES__SOURCES": json.dumps(sources, default=str)}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def staff_page(world: World, browser: Browser, width: str, language: str, *, script: bool = True) -> Page:
    page = context(browser, width, language, script=script).new_page()
    page.goto(f"{world.issuer}/account")
    page.click("a[href='?way=directory']")
    expect(page.locator("#staff-login-form")).to_be_visible()
    return page


def fill(page: Page, username: str, password: str, directory: str = "qoffice") -> None:
    page.select_option("[name=directory]", directory)
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("#staff-login-submit")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_an_official_mistypes_then_signs_in(world: World, browser: Browser, width: str, language: str) -> None:
    page = staff_page(world, browser, width, language)
    looked_at(page, f"staff-{language}-{width}")
    fill(page, "an", "sai")
    expect(page.locator("#problem")).to_be_visible()
    assert page.input_value("[name=username]") == "an"
    assert page.input_value("[name=password]") == ""
    looked_at(page, f"staff-wrong-{language}-{width}")
    fill(page, "an", PASSWORD)
    expect(page.locator("#account-name")).to_contain_text("Cán bộ mẫu an")
    expect(page.locator("#account-office")).to_have_text("Sở Khoa học và Công nghệ")
    looked_at(page, f"staff-account-{language}-{width}")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_directory_that_hangs_says_come_back_and_not_wrong(
    world: World, browser: Browser, width: str, language: str
) -> None:
    page = staff_page(world, browser, width, language)
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        fill(page, "an", PASSWORD, "treo")
    assert posted.value.status == 503
    expect(page.locator("#problem")).to_be_visible()
    looked_at(page, f"staff-unavailable-{language}-{width}")


def test_the_form_works_without_a_script(world: World, browser: Browser) -> None:
    page = staff_page(world, browser, "desktop", "vi", script=False)
    fill(page, "binh", PASSWORD)
    expect(page.locator("#account-name")).to_contain_text("Cán bộ mẫu binh")


def test_while_a_directory_hangs_nobody_else_waits(world: World, browser: Browser) -> None:
    pages = [staff_page(world, browser, "desktop", "vi") for _ in range(2)]
    others = staff_page(world, browser, "desktop", "vi")
    citizen, person = context(browser, "desktop", "vi").new_page(), world.person()
    citizen.goto(f"{world.issuer}/account")
    for page in pages:
        page.select_option("[name=directory]", "treo")
        page.fill("[name=username]", "an")
        page.fill("[name=password]", PASSWORD)
        page.evaluate("document.getElementById('staff-login-submit').click()")
    assert requests.get(f"{world.issuer}/jwks", timeout=60).status_code == 200
    fill(others, "an", PASSWORD)
    expect(others.locator("#account-name")).to_be_visible()
    signed_in(citizen, person.code, person.password)
    expect(citizen.locator("#account-name")).to_be_visible()
    for page in pages:
        expect(page.locator("#problem")).to_be_visible()
