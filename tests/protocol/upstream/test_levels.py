"""Levels: what is asserted and in the table counts, step-up goes where only an upstream reaches, and an outage raises nothing."""

from __future__ import annotations

from typing import Any

import pytest

from idp.flows.upstream.breaker import LIMIT, PAUSE
from idp.storage.tables import sessions
from tests.support.browser import Page
from tests.support.in_process import citizen
from tests.support.stores import stored
from tests.support.upstream_world import LOA_3, UpstreamWorld


@pytest.mark.parametrize(("level", "acr"), [("1", "urn:dinhdanh:loa:1"), ("2", "urn:dinhdanh:loa:2"), ("3", LOA_3)])
def test_department_is_told_the_level_that_the_upstream_asserted(up: UpstreamWorld, level: str, acr: str) -> None:
    browser = up.browser()
    claims = up.finish(browser, up.through(browser, "vneid", level=level))
    assert claims["acr"] == acr
    assert ("face" in claims.get("amr", [])) == (level == "3")


def signed_in_by_password(up: UpstreamWorld, **parameters: Any) -> tuple[object, Page]:
    _, person = citizen(up.world, 21, birthdate="2199-01-21")
    browser = up.browser()
    page = up.begin(browser, **parameters)
    return browser, browser.submit(
        page, "login-form", "login-submit", identity_code=person.code, password=person.password
    )


def test_level_that_only_an_upstream_reaches_sends_the_person_there(up: UpstreamWorld) -> None:
    up.client = up.world.add_client(consent="notice", legal_basis="public_duty", minimum_acr=LOA_3)
    browser, page = signed_in_by_password(up)
    assert page.form("upstream-form") is not None
    assert page.form("login-form") is None
    page = browser.submit(page, "upstream-form", "upstream-vneid")  # type: ignore[attr-defined]
    page = browser.submit(page, "simulator-form", "simulator-allow", citizen="mau-21", level="3")  # type: ignore[attr-defined]
    claims = up.finish(browser, up.onward(browser, page))  # type: ignore[arg-type]
    assert claims["acr"] == LOA_3
    assert len(stored(up.world.database, sessions)) == 1


def test_step_up_that_stays_too_low_says_so_and_gives_nothing(up: UpstreamWorld) -> None:
    up.client = up.world.add_client(consent="notice", legal_basis="public_duty", minimum_acr=LOA_3)
    browser, page = signed_in_by_password(up)
    page = browser.submit(page, "upstream-form", "upstream-vneid")  # type: ignore[attr-defined]
    page = browser.submit(page, "simulator-form", "simulator-allow", citizen="mau-21", level="2")  # type: ignore[attr-defined]
    assert page.soup.find(id="upstream-low") is not None
    page = up.onward(browser, page)  # type: ignore[arg-type]
    assert page.form("upstream-form") is not None
    assert page.callback is None


def test_step_up_by_somebody_else_is_refused_and_changes_nothing(up: UpstreamWorld) -> None:
    up.client = up.world.add_client(consent="notice", legal_basis="public_duty", minimum_acr=LOA_3)
    browser, page = signed_in_by_password(up)
    before = stored(up.world.database, sessions)
    page = browser.submit(page, "upstream-form", "upstream-vneid")  # type: ignore[attr-defined]
    page = browser.submit(page, "simulator-form", "simulator-allow", citizen="mau-22", level="3")  # type: ignore[attr-defined]
    assert page.text_of("error-code") == "access_denied"
    assert up.refusals() == ["other_person"]
    assert stored(up.world.database, sessions) == before


def test_upstream_that_proves_no_freshness_is_not_offered_where_it_is_asked(up: UpstreamWorld) -> None:
    asked: tuple[dict[str, Any], ...] = ({"prompt": "login"}, {"max_age": "60"})
    for parameters in asked:
        page = up.begin(up.browser(), **parameters)
        assert page.soup.find(id="upstream-vneid") is None
        assert page.soup.find(id="upstream-mau") is not None


def test_old_sign_in_upstream_is_no_fresh_one(up: UpstreamWorld) -> None:
    up.simulators["mau"].faults = {"old_auth_time"}
    page = up.through(up.browser(), "mau", prompt="login")
    assert page.text_of("error-code") == "access_denied"
    assert up.refusals() == ["not_fresh"]
    up.simulators["mau"].faults = {"no_auth_time"}
    assert up.through(up.browser(), "mau", max_age="60").text_of("error-code") == "access_denied"
    assert up.refusals()[-1] == "auth_time_missing"


def test_upstream_that_is_out_loses_its_button_for_a_while_and_the_other_ways_stay(up: UpstreamWorld) -> None:
    browsers = [up.browser(address=f"198.51.{number}.7") for number in range(LIMIT)]
    addresses = [up.callback(browser, "vneid") for browser in browsers]
    up.simulators["vneid"].faults = {"down"}
    for browser, address in zip(browsers, addresses, strict=True):
        page = browser.open(address)
        assert (page.status, page.text_of("error-code")) == (503, "temporarily_unavailable")
    assert up.refusals() == ["unavailable"] * LIMIT
    page = up.begin(up.browser())
    button = page.soup.find(id="upstream-vneid")
    assert button is not None
    assert button.has_attr("disabled")  # type: ignore[union-attr]
    assert page.form("login-form") is not None
    up.simulators["vneid"].faults = set()
    up.world.clock.advance(PAUSE)
    browser = up.browser()
    assert up.finish(browser, up.through(browser, "vneid"))["acr"] == "urn:dinhdanh:loa:1"


def test_fallback_never_counts_as_the_higher_level(up: UpstreamWorld) -> None:
    up.client = up.world.add_client(consent="notice", legal_basis="public_duty", minimum_acr=LOA_3)
    for name in ("vneid", "vnconnect", "mau"):
        for _ in range(LIMIT):
            up.world.wiring.upstream_sign_in._tools.breakers.failed(name)
    _, page = signed_in_by_password(up)
    assert page.callback is None
    assert page.form("upstream-form") is not None
    assert [row["acr"] for row in stored(up.world.database, sessions)] == ["urn:dinhdanh:loa:1"]


def test_preferred_level_is_let_go_where_the_person_has_no_link(up: UpstreamWorld) -> None:
    browser, page = signed_in_by_password(up, acr_values=LOA_3)
    assert up.finish(browser, page)["acr"] == "urn:dinhdanh:loa:1"  # type: ignore[arg-type]
