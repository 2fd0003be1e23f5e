"""A level that a person cannot show: told on a page of ours what is missing and what can be done, and then the department hears of it."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest

from idp.authn.totp import STEP, code_at
from policies.assurance import LOA_2, LOA_3
from tests.support.browser import Browser, Page
from tests.support.in_process import browser, citizen
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import asked

UNMET = "unmet_authentication_requirements"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [LOA_2]}}})


@pytest.fixture
def world(sqlite_database, tmp_path, clock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock)


def come(world: TokenWorld, here: Browser, of: Registered, *, second: bool = False, **changes: str) -> tuple[str, Page]:
    """Open a client's request and sign in by password; returns the account and the page after it."""
    account_id, person = citizen(world)
    if second:
        world.wiring.credentials.enrol_totp(account_id)
    page = here.open(f"{ISSUER}/authorize?{urlencode(asked(of, **changes))}")
    return account_id, here.submit(page, "login-form", identity_code=person.code, password=person.password)


def again(here: Browser, of: Registered, **changes: str) -> Page:
    """Open another request in a browser that is signed in."""
    return here.open(f"{ISSUER}/authorize?{urlencode(asked(of, **changes))}")


def refusals(world: TokenWorld) -> list[str]:
    return [one["reason"] for one in world.events("authorization:request", outcome="refused")]


def test_the_page_says_what_is_missing_and_the_department_hears_of_it_when_the_person_goes_back(
    world: TokenWorld,
) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    _, page = come(world, here, portal)
    assert page.status == 200
    assert page.soup.select_one("#unmet-enrol[href='/account/security']") is not None
    assert refusals(world) == ["acr_unreachable"]
    back = here.submit(page, "unmet-form", "unmet-leave")
    assert back.callback is not None
    assert (back.callback["error"], back.callback["state"]) == (UNMET, asked(portal)["state"])
    assert refusals(world) == ["acr_unreachable"], "recorded when it was read, and not once more"
    assert here.open(page.url).text_of("error-code") == "invalid_request"  # used up


def test_whoever_closes_the_page_was_refused_too_and_once_however_often_it_is_read(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    account_id, page = come(world, here, portal)
    for _ in range(2):
        assert here.open(page.url).form("unmet-form") is not None
    [row] = world.events("authorization:request", outcome="refused")
    assert (row["account_id"], row["client_id"], row["reason"]) == (
        account_id, portal.client.client_id, "acr_unreachable",
    )  # fmt: skip
    # Another request is another refusal.
    again(here, portal)
    assert refusals(world) == ["acr_unreachable", "acr_unreachable"]


def test_whoever_reads_of_one_refusal_and_is_refused_for_another_is_recorded_twice(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    account_id, page = come(world, here, portal)
    world.wiring.credentials.enrol_totp(account_id)
    page = here.open(f"{page.url}?way=stuck")
    back = here.submit(page, "unmet-form", "unmet-leave")
    assert back.callback is not None
    assert refusals(world) == ["acr_unreachable", "step_up_declined"]


def test_whoever_comes_signed_in_already_reads_it_too(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client()
    come(world, here, portal)
    assert again(here, world.add_client(minimum_acr=LOA_2)).form("unmet-form") is not None


def test_whoever_adds_a_second_factor_meanwhile_goes_on_where_the_page_stands(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    _, page = come(world, here, portal)
    tab = here.open(f"{ISSUER}/account/security/app")
    seed = base64.b32decode((tab.text_of("secret") or "").replace(" ", ""))
    here.submit(tab, "app-form", code=code_at(seed, world.clock.now() // STEP))
    world.clock.advance(STEP)
    page = here.open(page.url)
    if page.form("otp-form") is not None:
        page = here.submit(page, "otp-form", "otp-submit", otp=code_at(seed, world.clock.now() // STEP))
    assert page.form("consent-form") is not None


def test_where_only_an_upstream_could_help_no_factor_is_offered(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_3)
    _, page = come(world, here, portal)
    assert page.form("unmet-form") is not None
    assert page.soup.select_one("#unmet-enrol") is None


@pytest.mark.spec("OIDC Core", "5.5.1.1")
@pytest.mark.parametrize("changes", [{"prompt": "none"}, {"claims": ESSENTIAL}])
def test_a_department_that_asks_for_no_page_or_for_the_level_itself_hears_at_once(
    world: TokenWorld, changes: dict[str, str]
) -> None:
    here = browser(world)
    come(world, here, world.add_client())
    page = again(here, world.add_client(minimum_acr=LOA_2), **changes)
    assert page.callback is not None
    assert page.callback["error"] == UNMET


@pytest.mark.parametrize("changes", [{}, {"claims": ESSENTIAL}])
def test_whoever_has_the_telephone_elsewhere_goes_back_from_a_step_up(
    world: TokenWorld, changes: dict[str, str]
) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    _, page = come(world, here, portal, second=True, **changes)
    assert page.form("otp-form") is not None
    page = here.open(f"{page.url}?way=stuck")
    assert page.soup.select_one("a[href='/recover']") is not None
    assert page.soup.select_one("#unmet-enrol") is None
    back = here.submit(page, "unmet-form", "unmet-leave")
    assert back.callback is not None
    assert back.callback["error"] == UNMET
    assert refusals(world) == ["step_up_declined"]


def test_a_page_of_ours_that_is_out_of_reach_says_so_and_records_the_refusal(world: TokenWorld) -> None:
    here = browser(world)
    come(world, here, world.add_client())
    page = here.open(f"{ISSUER}/counter")
    assert page.status == 403
    assert here.open(page.url).status == 403
    assert page.soup.select_one("#unmet-enrol") is not None
    assert page.form("unmet-form") is None
    assert [one["reason"] for one in world.events("request:refuse")] == ["acr_unreachable"]


def test_the_button_without_the_token_of_the_form_changes_nothing(world: TokenWorld) -> None:
    here, portal = browser(world), world.add_client(minimum_acr=LOA_2)
    _, page = come(world, here, portal)
    refused = here.submit(page, "unmet-form", "unmet-leave", csrf_token="x")
    assert refused.text_of("error-code") is not None
    assert here.open(page.url).form("unmet-form") is not None
