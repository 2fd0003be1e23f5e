"""Trusting the browser beside a code, in a real browser: axe, both languages, phone and desktop."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import urlencode

import pytest

from idp.authn.totp import STEP, code_at
from idp.storage.sqlite import SqliteDatabase
from policies.assurance import LOA_2
from tests.journeys.test_console_pages import InProcess
from tests.support.clock import FrozenClock
from tests.support.in_process import citizen
from tests.support.journeys import EVERY_WAY, chromium, context, looked_at, signed_in
from tests.support.token_world import TokenWorld
from tests.support.visit import BASE, Visitor, asked

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "language"), EVERY_WAY)
def test_the_box_is_read_ticked_and_spares_the_code(
    tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock, width: str, language: str
) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock, factors={"trusted_device_days": 30})
    account_id, person = citizen(world)
    seed = base64.b32decode(world.wiring.credentials.enrol_totp(account_id).secret)
    of = world.add_client()
    with chromium() as browser:
        visitor = Visitor(world)
        place = InProcess(visitor, context(browser, width, language).new_page())
        query = urlencode({**asked(of, acr_values=LOA_2), "ui_locales": language})
        # The page's forms come back to its own address: begin at the step's, not at the one that led there.
        page = place.open(
            visitor._http.get(f"/authorize?{query}", base_url=BASE).headers["Location"].removeprefix(BASE)
        )
        signed_in(page, person.code, person.password)
        page.wait_for_selector("#trust")
        assert not page.is_checked("#trust")
        looked_at(page, f"trust-box-{width}-{language}")
        page.check("#trust")
        page.fill("#otp", code_at(seed, clock.now() // STEP))
        page.click("#otp-submit")
        page.wait_for_selector("#consent-form")
    assert len(world.wiring.trusted_devices.of_account(account_id)) == 1
