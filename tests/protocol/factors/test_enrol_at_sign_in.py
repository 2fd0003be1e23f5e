"""A department demands two factors and the person has one: turned away, or led to the second one where the operator wants that."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from idp.authn.totp import STEP, code_at
from idp.flows.dispatcher import Step, decide
from policies.assurance import LOA_1, LOA_2, LOA_3
from tests.support.authenticator import Authenticator
from tests.support.browser import Browser, Page
from tests.support.in_process import browser, citizen
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.visit import asked
from tests.unit.idp import test_dispatcher as cases


@pytest.fixture
def world(sqlite_database, tmp_path, clock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock, factors={"enrol_at_sign_in": True})


def signed_in(world: TokenWorld, here: Browser, of: Any, **changes: str) -> tuple[str, Page]:
    """Open a request of a client and sign in by password."""
    account_id, person = citizen(world)
    parameters = "&".join(f"{name}={value}" for name, value in asked(of, **changes).items())
    page = here.open(f"{ISSUER}/authorize?{parameters}")
    return account_id, here.submit(page, "login-form", identity_code=person.code, password=person.password)


def claims(world: TokenWorld, of: Any, here: Browser, page: Page) -> dict[str, Any]:
    """Agree, redeem, and return the ID token's claims."""
    page = here.submit(page, "consent-form", "consent-allow")
    assert page.callback is not None
    return world.verified(world.redeem(of, page.callback["code"]).json["id_token"])


def test_a_passkey_made_at_the_sign_in_leads_to_the_department(world: TokenWorld) -> None:
    portal, here = world.add_client(minimum_acr=LOA_2), browser(world)
    account_id, page = signed_in(world, here, portal)
    form = page.form("passkey-form")
    assert form is not None
    assert form["data-passkey"] == "create"
    page = here.submit(page, "passkey-form", passkey=Authenticator().create(str(form["data-options"])))
    found = claims(world, portal, here, page)
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "hwk", "user", "mfa"])
    assert len(world.wiring.passkeys.of_account(account_id)) == 1
    assert world.events("session:step-up", outcome="done")


def test_an_app_enrolled_at_the_sign_in_leads_to_the_department(world: TokenWorld) -> None:
    portal, here = world.add_client(minimum_acr=LOA_2), browser(world)
    _, page = signed_in(world, here, portal)
    page = here.open(f"{page.url}?way=enrol_app")
    seed = base64.b32decode((page.text_of("secret") or "").replace(" ", ""))
    page = here.submit(page, "app-form", code="000000")
    assert page.text_of("problem") is not None
    page = here.submit(page, "app-form", code=code_at(seed, world.clock.now() // STEP))
    found = claims(world, portal, here, page)
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "otp", "mfa"])


@pytest.mark.parametrize("way", ["enrol_passkey", "enrol_app"])
def test_who_wants_no_second_factor_goes_back_to_the_department(world: TokenWorld, way: str) -> None:
    portal, here = world.add_client(minimum_acr=LOA_2), browser(world)
    account_id, page = signed_in(world, here, portal)
    page = here.submit(here.open(f"{page.url}?way={way}"), "enrol-cancel-form", "enrol-cancel")
    assert page.callback is not None
    assert page.callback["error"] == "access_denied"
    assert world.wiring.factors.of(account_id) == {"password"}


def test_an_old_session_signs_in_again_before_it_enrols(world: TokenWorld) -> None:
    portal, strict, here = world.add_client(), world.add_client(minimum_acr=LOA_2), browser(world)
    _, page = signed_in(world, here, portal)
    here.submit(page, "consent-form", "consent-allow")
    world.clock.advance(301)
    parameters = "&".join(f"{name}={value}" for name, value in asked(strict).items())
    assert here.open(f"{ISSUER}/authorize?{parameters}").form("login-form") is not None


def test_a_dead_end_stays_one_where_the_operator_wants_it_so(sqlite_database, tmp_path, clock) -> None:
    world = TokenWorld(tmp_path, sqlite_database, clock)
    portal, here = world.add_client(minimum_acr=LOA_2), browser(world)
    _, page = signed_in(world, here, portal)
    assert page.form("unmet-form") is not None


@pytest.mark.parametrize(
    ("within", "auth_time", "minimum", "step"),
    [
        (0, cases.NOW, LOA_2, Step.EXPLAIN),
        (300, cases.NOW - 300, LOA_2, Step.ENROL),
        (300, cases.NOW - 301, LOA_2, Step.SIGN_IN),
        (300, cases.NOW, LOA_3, Step.EXPLAIN),
    ],
)
def test_only_two_factors_can_be_enrolled_and_only_right_after_a_sign_in(within, auth_time, minimum, step) -> None:
    case = cases.Case(Step.EXPLAIN, "", client={"minimum_acr": minimum}, session={"auth_time": auth_time}, reach=LOA_1)
    assert decide(replace(cases.facts_of(case), enrol_within=within)).step is step
