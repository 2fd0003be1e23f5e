"""The pages on which people look after their account, in a real browser: axe, both languages, phone and desktop.

The browser talks to the deployment in process, through the application that the server would run.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from idp.model.message import Channel
from idp.model.session import Origin
from idp.model.upstream import Assertion
from idp.storage.sqlite import SqliteDatabase
from policies.assurance import LOA_2
from policies.recovery import Path as RecoveryPath
from policies.upstreams.levels import Assessed
from policies.upstreams.mapping import Mapped
from tests.journeys.test_console_pages import InProcess
from tests.support.clock import FrozenClock
from tests.support.in_process import citizen
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at
from tests.support.mailbox import BY_FILE
from tests.support.token_world import TokenWorld
from tests.support.told_world import PHONE
from tests.support.upstream_world import vnconnect_settings, vneid_settings
from tests.support.visit import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def surely(world: TokenWorld, account_id: str) -> Visitor:
    """Return the browser of somebody who has just signed in with two factors."""
    visitor = Visitor(world)
    amr = ("pwd", "otp", "mfa")
    _, secret = world.wiring.sessions.start(account_id, LOA_2, amr, Origin("192.0.2.7", "Firefox/130.0 (Linux)"))
    visitor._http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)
    return visitor


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_browser_is_trusted_and_taken_off_the_list_again(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock, **BY_FILE, factors={"trusted_device_days": 30})
    account_id, _ = citizen(world, **PHONE)
    world.wiring.credentials.enrol_totp(account_id)
    with chromium() as browser:
        place = InProcess(surely(world, account_id), context(browser, width, language).new_page())
        page = place.open(f"/account/security?lang={language}")
        looked_at(page, f"trust-before-{width}-{language}")
        page.click("#trust-device")
        looked_at(page, f"trust-{width}-{language}")
        page.click("#trust-submit")
        page.wait_for_selector("#notice")
        looked_at(page, f"trusted-{width}-{language}")
        page.click('[data-factor=trusted_device] a[href*="/remove/"]')
        looked_at(page, f"trust-removal-{width}-{language}")
        page.click("#remove-submit")
        page.wait_for_selector("#notice")
        assert page.locator("[data-factor=trusted_device]").count() == 0
    assert world.wiring.trusted_devices.of_account(account_id) == []


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_recovery_that_waits_is_seen_and_cancelled(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock)
    account_id, _ = citizen(world)
    world.wiring.recoveries.begin(account_id, RecoveryPath.REMOTE, actor=f"account:{account_id}")
    with chromium() as browser:
        place = InProcess(surely(world, account_id), context(browser, width, language).new_page())
        page = place.open(f"/account/security?lang={language}")
        looked_at(page, f"recovery-waits-{width}-{language}")
        page = place.open("/account")
        looked_at(page, f"recovery-waits-at-home-{width}-{language}")
        page.click("#recovery-waits a")
        looked_at(page, f"recovery-waiting-{width}-{language}")
        page.click("#recovery-submit")
        page.wait_for_selector("#notice")
        looked_at(page, f"recovery-cancelled-{width}-{language}")
    assert world.wiring.recoveries.live(account_id) is None


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_contact_is_taken_away_and_one_in_use_is_not(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock, **BY_FILE)
    account_id, _ = citizen(world, **PHONE)
    world.wiring.code_factors[Channel.SMS].enrol(account_id, actor="operator:local")
    with chromium() as browser:
        place = InProcess(surely(world, account_id), context(browser, width, language).new_page())
        page = place.open(f"/account/contacts?lang={language}")
        looked_at(page, f"contacts-{width}-{language}")
        page.click("#remove-sms")
        looked_at(page, f"contact-in-use-{width}-{language}")
        page = place.open("/account/contacts")
        page.click("#remove-mail")
        looked_at(page, f"contact-removal-{width}-{language}")
        page.click("#contact-removal-submit")
        page.wait_for_selector("[role=status]")
        looked_at(page, f"contact-removed-{width}-{language}")
        assert page.locator("#remove-mail").count() == 0
    assert "email" not in world.wiring.accounts.get(account_id).profile


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_a_way_in_is_closed_and_opened_again(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    nowhere: Any = SimpleNamespace(base="http://127.0.0.1:9")
    upstreams = {"vneid": vneid_settings(nowhere), "vnconnect": vnconnect_settings(nowhere)}
    world = TokenWorld(tmp_path, sqlite_database, clock, upstreams=upstreams, outbound={"allow": ["127.0.0.1:9"]})
    account_id, _ = citizen(world)
    for name in upstreams:
        told = Assertion(name, "chủ thể", Mapped(), Assessed(LOA_2, (), 2))
        world.wiring.upstream_links.link(told, account_id, "vouched")
    with chromium() as browser:
        place = InProcess(surely(world, account_id), context(browser, width, language).new_page())
        page = place.open(f"/account/security?lang={language}")
        looked_at(page, f"ways-{width}-{language}")
        page.click("[data-upstream=vneid] a")
        looked_at(page, f"way-close-{width}-{language}")
        page.click("#way-submit")
        page.wait_for_selector("#notice")
        looked_at(page, f"way-closed-{width}-{language}")
        page.click("[data-upstream=vneid] a")
        looked_at(page, f"way-reopen-{width}-{language}")
        page.click("#way-submit")
        page.wait_for_selector("#notice")
        assert page.locator("[data-upstream=vneid]").count() == 0
    assert [one.upstream for one in world.wiring.upstream_links.of_account(account_id)] == ["vnconnect"]


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_the_account_says_who_told_what(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    nowhere: Any = SimpleNamespace(base="http://127.0.0.1:9")
    upstreams = {"vneid": vneid_settings(nowhere)}
    world = TokenWorld(tmp_path, sqlite_database, clock, upstreams=upstreams, outbound={"allow": ["127.0.0.1:9"]})
    attributes = {"name": "Công dân mẫu 21", "birthdate": "2199-01-21", "gender": "male"}
    told = Assertion("vneid", "chủ thể", Mapped(attributes, "cccd", "049499000021"), Assessed(LOA_2, (), 2))
    account_id = world.wiring.upstream_links.create(told)
    values = {**attributes, "identity_level": "2", "address_formatted": "12 Trần Phú, phường Hải Châu, Đà Nẵng"}
    world.wiring.accounts.update(account_id, values, reason="thử")
    with chromium() as browser:
        place = InProcess(surely(world, account_id), context(browser, width, language).new_page())
        page = place.open(f"/account?lang={language}")
        assert page.locator(".source").count() == 6
        looked_at(page, f"identity-{width}-{language}")
