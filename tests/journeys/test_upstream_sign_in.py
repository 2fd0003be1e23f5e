"""A citizen signs in with VNeID and VNConnect (simulated) in a real browser, links and recovers an account, meets an outage, signs out of both."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from examples.upstream_simulators.provider import Simulator
from idp.storage.tables import recoveries
from tests.support.accounts import sample_code
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.upstream_world import (
    KEY,
    key_file,
    oidc_settings,
    served,
    simulator,
    vnconnect_settings,
    vneid_settings,
)
from tests.support.world import World, deployed

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NEW = "mật khẩu hoàn toàn mới 27"
CLOCK: Any = SimpleNamespace(now=lambda: int(time.time()))


@pytest.fixture(scope="module")
def simulators() -> Iterator[Mapping[str, Simulator]]:
    with ExitStack() as stack:
        yield {
            "vneid": stack.enter_context(served(simulator("vneid", CLOCK, receiver=KEY.public_key()))),
            "vnconnect": stack.enter_context(served(simulator("vnconnect", CLOCK))),
            "mau": stack.enter_context(served(simulator("oidc", CLOCK))),
        }


@pytest.fixture(scope="module")
def world(simulators: Mapping[str, Simulator], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    file: Path = key_file(tmp_path_factory.mktemp("upstream"))
    marked = {"is_simulator": True}
    upstreams = {
        "vneid": vneid_settings(simulators["vneid"], file, **marked),
        "vnconnect": vnconnect_settings(simulators["vnconnect"], logout="redirect", **marked),
        "mau": oidc_settings(simulators["mau"], **marked),
    }
    hosts = [urlsplit(one.base).netloc for one in simulators.values()]
    settings = {"UPSTREAMS": json.dumps(upstreams), "OUTBOUND__ALLOW": json.dumps(hosts)}
    with deployed("sqlite", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def sign_in_page(world: World, browser: Browser, width: str, language: str, *, script: bool = True) -> Page:
    page = context(browser, width, language, script=script).new_page()
    page.goto(f"{world.issuer}/account")
    expect(page.locator("#login-form")).to_be_visible()
    return page


def choose(page: Page, citizen: str, level: str = "1") -> None:
    page.check(f"[name=citizen][value={citizen}]")
    page.check(f"[name=level][value='{level}']")
    page.click("#simulator-allow")


@pytest.mark.parametrize("name", ["vneid", "vnconnect"])
@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_citizen_signs_in_upstream_and_out_of_both(
    world: World, browser: Browser, simulators: Mapping[str, Simulator], name: str, width: str, language: str
) -> None:
    page = sign_in_page(world, browser, width, language)
    looked_at(page, f"upstream-sign-in-{language}-{width}")
    page.click(f"#upstream-{name}")
    choose(page, "mau-21")
    # Whichever upstream comes second finds the account by the vouched code, and says so.
    if page.locator("#upstream-linked").count():
        looked_at(page, f"upstream-linked-{language}-{width}")
        page.click("#upstream-continue")
    page.wait_for_url(f"{world.issuer}/account**")
    expect(page.locator("body")).to_contain_text("Công dân mẫu 21")
    told = len(simulators[name].ended)
    page.goto(f"{world.issuer}/end_session")
    page.click("#logout-confirm")
    expect(page.locator("#signed-out")).to_be_visible()
    assert len(simulators[name].ended) - told == (1 if name == "vnconnect" else 0)
    page.goto(f"{world.issuer}/account")
    expect(page.locator("#login-form")).to_be_visible()


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_pages_between_are_readable(world: World, browser: Browser, width: str, language: str) -> None:
    page = sign_in_page(world, browser, width, language)
    page.click("#upstream-vneid")
    page.click("#simulator-deny")
    looked_at(page, f"upstream-denied-{language}-{width}")
    page.click("#upstream-back")
    page.goto(f"{page.url}?way=upstream")
    looked_at(page, f"upstream-way-{language}-{width}")
    page.click("#upstream-mau")
    choose(page, "mau-22")
    expect(page.locator("#upstream-link-form")).to_be_visible()
    looked_at(page, f"upstream-link-{language}-{width}")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_level_that_only_vneid_reaches(world: World, browser: Browser, width: str, language: str) -> None:
    person = world.person()
    rp = world.rp(minimum_acr="urn:dinhdanh:loa:3")
    page = context(browser, width, language).new_page()
    page.goto(rp.begin().url)
    signed_in(page, person.code, person.password)
    expect(page.locator("#upstream-form")).to_be_visible()
    looked_at(page, f"upstream-step-up-{language}-{width}")
    page.click("#upstream-vneid")
    choose(page, "mau-22", "3")
    expect(page.locator("#error-code")).to_have_text("access_denied")
    looked_at(page, f"upstream-other-{language}-{width}")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_who_proves_himself_at_vneid_again_comes_back_with_a_new_password(
    world: World, browser: Browser, width: str, language: str
) -> None:
    page, code, name = sign_in_page(world, browser, width, language), sample_code(21), f"{width}-{language}"
    page.click("#upstream-vneid")
    choose(page, "mau-21", "2")
    if page.locator("#upstream-linked").count():
        page.click("#upstream-continue")
    expect(page.locator("#account-name")).to_be_visible()
    page = recover_page(world, browser, width, language)
    looked_at(page, f"recover-upstream-{name}")
    leave(page, code, "mau-22")
    expect(page.locator("#error-code")).to_have_text("access_denied")
    looked_at(page, f"recover-upstream-refused-{name}")
    page.click("#upstream-back")
    leave(page, code, "mau-21")
    activation = page.locator("#activation-code").text_content()
    assert activation
    looked_at(page, f"recover-upstream-begun-{name}")
    page.click("a[href='/recover/activate']")
    activate(page, code, activation)
    expect(page.locator("#problem")).to_be_visible()
    over = update(recoveries).where(recoveries.c.ended_at.is_(None)).values(ready_at=0)
    with world.wiring.database.transaction() as tx:
        tx.run(world.wiring.database.prepare(over), {})
    activate(page, code, activation)
    expect(page.locator("#recover-done")).to_be_visible()
    page.goto(f"{world.issuer}/account")
    signed_in(page, code, NEW)
    expect(page.locator("#account-name")).to_be_visible()


def recover_page(world: World, browser: Browser, width: str, language: str) -> Page:
    page = context(browser, width, language).new_page()
    page.goto(f"{world.issuer}/recover")
    expect(page.locator("#recover-upstream-form")).to_be_visible()
    return page


def leave(page: Page, code: str, citizen: str) -> None:
    page.fill("#recover-upstream-form [name=identity_code]", code)
    page.click("#recover-upstream-vneid")
    choose(page, citizen, "2")


def activate(page: Page, code: str, activation: str) -> None:
    page.fill("#identity_code", code)
    page.fill("#activation_code", activation)
    page.fill("#new_password", NEW)
    page.fill("#new_password_again", NEW)
    page.click("#activate-submit")


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_envelopes_that_were_tampered_with_or_sent_before_sign_nobody_in(
    world: World, browser: Browser, simulators: Mapping[str, Simulator], width: str, language: str
) -> None:
    page = sign_in_page(world, browser, width, language)
    page.click("#upstream-vneid")
    choose(page, "mau-21")
    page.wait_for_url(f"{world.issuer}/**")
    try:
        for fault in ("tampered_code", "replayed_userinfo"):
            simulators["vneid"].faults = {fault}
            page = sign_in_page(world, browser, width, language)
            page.click("#upstream-vneid")
            choose(page, "mau-22")
            expect(page.locator("#error-code")).to_have_text("access_denied")
            looked_at(page, f"upstream-{fault}-{language}-{width}")
            page.goto(f"{world.issuer}/account")
            expect(page.locator("#login-form")).to_be_visible()
    finally:
        simulators["vneid"].faults = set()


def test_buttons_work_without_a_script(world: World, browser: Browser) -> None:
    page = sign_in_page(world, browser, "phone", "vi", script=False)
    page.click("#upstream-vneid")
    page.click("#simulator-deny")
    expect(page.locator("#error-code")).to_have_text("access_denied")
