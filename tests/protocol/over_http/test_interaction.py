"""What the request says about the person: prompts, ages, hints, languages, levels of assurance, single claims."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from idp.authn import totp
from tests.support.browser import Browser, Page, Person
from tests.support.rp import RelyingParty
from tests.support.world import World

LOA_1, LOA_2 = "urn:dinhdanh:loa:1", "urn:dinhdanh:loa:2"


@pytest.fixture
def at_home(world: World, rp: RelyingParty, person: Person) -> Browser:
    """Return a browser in which the person is signed in and has agreed to `openid`."""
    browser = world.browser()
    world.sign_in(rp, person, browser)
    return browser


@pytest.fixture
def authenticator(world: World, person: Person) -> Callable[[], str]:
    """Enrol a one-time code generator as an operator does, as at a counter; return what it shows."""
    secret = world.wiring.credentials.enrol_totp(world.wiring.accounts.find(person.code).id).secret
    seed = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return lambda: totp.code_at(seed, int(time.time()) // totp.STEP)


def refused(rp: RelyingParty, browser: Browser, **changes: str | None) -> str:
    """Return the error that a request comes back with at once."""
    attempt = rp.begin(**changes)
    return rp.error_of(attempt, browser.open(attempt.url).callback)


def asked(rp: RelyingParty, browser: Browser, **changes: str | None) -> Page:
    """Return the page that a request leads to."""
    page = browser.open(rp.begin(**changes).url)
    assert page.callback is None
    return page


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_single_sign_on_answers_without_a_page(rp: RelyingParty, at_home: Browser) -> None:
    for prompt in (None, "none"):
        attempt = rp.begin(prompt=prompt)
        assert rp.redeem(attempt, at_home.open(attempt.url).callback).sub


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.spec("OIDC Core", "3.1.2.3")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.spec("OIDC Core", "3.1.2.6")
def test_prompt_none_never_shows_a_page(world: World, rp: RelyingParty, at_home: Browser) -> None:
    assert refused(rp, world.browser(), prompt="none") == "login_required"
    assert refused(rp, at_home, prompt="none", scope="openid email") == "consent_required"
    assert refused(rp, at_home, prompt="none", max_age="0") == "login_required"


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_prompt_login_asks_for_the_password_again_and_moves_auth_time(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    time.sleep(1.1)
    before = int(time.time())
    assert asked(rp, at_home, prompt="login").form("login-form")
    assert world.sign_in(rp, person, at_home, prompt="login").claims["auth_time"] >= before


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_prompt_consent_asks_again_for_what_was_agreed_to(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    assert asked(rp, at_home, prompt="consent").form("consent-form")
    assert world.sign_in(rp, person, at_home, prompt="consent").sub


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_prompt_select_account_lets_the_person_go_on_or_be_somebody_else(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    first = world.sign_in(rp, person, at_home, prompt="select_account")
    attempt = rp.begin(prompt="select_account")
    page = at_home.submit(at_home.open(attempt.url), "account-form", "account-other")
    second = rp.redeem(attempt, at_home.walk(page, world.person()).callback)
    assert first.sub != second.sub


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.spec("RFC 9470", "5")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_max_age_asks_for_the_password_only_when_the_sign_in_is_older(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    attempt = rp.begin(max_age="600")
    assert rp.redeem(attempt, at_home.open(attempt.url).callback).claims["auth_time"]
    time.sleep(2.1)
    assert asked(rp, at_home, max_age="1").form("login-form")
    before = int(time.time())
    assert world.sign_in(rp, person, at_home, max_age="1").claims["auth_time"] >= before


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_login_hint_is_typed_in_already(rp: RelyingParty, browser: Browser) -> None:
    form = asked(rp, browser, login_hint='049499"<000001>').form("login-form")
    assert form is not None
    field = form.find(id="identity_code")
    assert field is not None
    assert field["value"] == '049499"<000001>'  # type: ignore[index]


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_id_token_hint_admits_its_person_only(world: World, rp: RelyingParty, person: Person, at_home: Browser) -> None:
    mine = world.sign_in(rp, person, at_home)
    attempt = rp.begin(id_token_hint=mine.id_token, prompt="none")
    assert rp.redeem(attempt, at_home.open(attempt.url).callback).sub == mine.sub
    other = world.browser()
    world.sign_in(rp, world.person(), other)
    assert refused(rp, other, id_token_hint=mine.id_token, prompt="none") == "login_required"
    assert asked(rp, other, id_token_hint=mine.id_token).form("login-form")
    attempt, page = world.walk(rp, world.person(), world.browser(), id_token_hint=mine.id_token)
    assert rp.error_of(attempt, page.callback) == "login_required", "somebody else signed in"


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_an_expired_id_token_is_a_hint_still(world: World, rp: RelyingParty, person: Person, at_home: Browser) -> None:
    mine = world.sign_in(rp, person, at_home)
    past = int(time.time()) - 7200
    signer = world.wiring.ring.refresh().signer("ES256")
    expired = signer.sign({**mine.claims, "iat": past, "exp": past + 600}, "JWT")
    attempt = rp.begin(id_token_hint=expired, prompt="none")
    assert rp.redeem(attempt, at_home.open(attempt.url).callback).sub == mine.sub


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_an_id_token_of_another_client_is_no_hint(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    other = world.sign_in(world.rp(client_name={"vi": "Sở khác", "en": "Another"}), person, at_home)
    assert refused(rp, at_home, id_token_hint=other.id_token, prompt="none") == "invalid_request"


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_an_access_token_is_no_hint(world: World, rp: RelyingParty, person: Person, at_home: Browser) -> None:
    tokens = world.sign_in(rp, person, at_home)
    assert refused(rp, at_home, id_token_hint=tokens.access, prompt="none") == "invalid_request"


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.spec("OIDC Core", "3.1.2.1")
@pytest.mark.parametrize(("locales", "language"), [("en vi", "en"), ("vi", "vi"), ("fr en", "en"), ("fr", "vi")])
def test_ui_locales_choose_the_language(world: World, rp: RelyingParty, locales: str, language: str) -> None:
    page = asked(rp, world.browser(languages="vi"), ui_locales=locales)
    assert page.soup.html is not None
    assert page.soup.html["lang"] == language


@pytest.mark.spec("OIDC Core", "15.1")
@pytest.mark.parametrize("display", ["page", "popup", "touch", "wap"])
@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_every_display_is_understood(rp: RelyingParty, browser: Browser, display: str) -> None:
    assert asked(rp, browser, display=display).form("login-form")


@pytest.mark.spec("OIDC Core", "3.1.2.1")
def test_a_voluntary_level_that_nobody_enrolled_for_still_signs_in_and_says_so(
    world: World, rp: RelyingParty, person: Person
) -> None:
    assert world.sign_in(rp, person, acr_values=LOA_2).claims["acr"] == LOA_1


def essential(*levels: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(levels)}}})


@pytest.mark.spec("OIDC Core", "5.5.1.1")
@pytest.mark.spec("OIDC Core Unmet Authentication Requirements", "1")
def test_an_essential_level_out_of_reach_is_refused(world: World, rp: RelyingParty, person: Person) -> None:
    attempt, page = world.walk(rp, person, world.browser(), claims=essential(LOA_2))
    assert rp.error_of(attempt, page.callback) == "unmet_authentication_requirements"


@pytest.mark.spec("RFC 9470", "5")
@pytest.mark.spec("OIDC Core", "5.5.1.1")
def test_an_essential_level_asks_for_the_one_time_code_and_is_then_stated(
    world: World, rp: RelyingParty, person: Person, authenticator: Callable[[], str]
) -> None:
    browser = world.browser()
    first = world.sign_in(rp, person, browser)
    assert (first.claims["acr"], set(first.claims["amr"])) == (LOA_1, {"pwd"})
    assert refused(rp, browser, prompt="none", claims=essential(LOA_2)) == "interaction_required"
    second = world.sign_in(rp, replace(person, otp=authenticator), browser, claims=essential(LOA_2))
    assert second.claims["acr"] == LOA_2
    assert {"pwd", "otp"} <= set(second.claims["amr"])
    assert second.claims["sid"] == first.claims["sid"]
    third = rp.begin(prompt="none", claims=essential(LOA_2))
    assert rp.redeem(third, browser.open(third.url).callback).claims["acr"] == LOA_2


def test_a_wrong_one_time_code_is_asked_again(
    world: World, rp: RelyingParty, person: Person, authenticator: Callable[[], str]
) -> None:
    browser = world.browser()
    world.sign_in(rp, person, browser)
    page = asked(rp, browser, claims=essential(LOA_2))
    wrong = f"{(int(authenticator()) + 1) % 1000000:06d}"
    again = browser.submit(page, "otp-form", "otp-submit", otp=wrong)
    assert again.form("otp-form")
    assert again.callback is None


@pytest.mark.spec("OIDC Core", "5.5")
def test_the_claims_parameter_names_single_claims_for_each_place(
    world: World, rp: RelyingParty, person: Person
) -> None:
    claims = json.dumps({"userinfo": {"name": None, "teleport": None}, "id_token": {"birthdate": {"essential": True}}})
    every = replace(person, optional_claims=("name", "birthdate"))
    tokens = world.sign_in(rp, every, claims=claims)
    assert tokens.claims["birthdate"] == "2199-05-01"
    assert "name" not in tokens.claims
    shown = rp.userinfo(tokens).json()
    assert shown["name"].startswith("Công dân mẫu")
    assert set(shown) == {"sub", "name"}


@pytest.mark.spec("OIDC Core", "5.5")
def test_the_claims_parameter_gives_nothing_beyond_the_registration(world: World, person: Person) -> None:
    rp = world.rp(scope="openid profile")
    claims = json.dumps({"userinfo": {"identity_code": {"essential": True}, "email": None}})
    every = replace(person, optional_claims=("identity_code", "email"))
    assert set(rp.userinfo(world.sign_in(rp, every, claims=claims)).json()) == {"sub"}


@pytest.mark.spec("OIDC Core", "3.1.2.2")
@pytest.mark.spec("OIDC Core", "5.5.1")
def test_the_claims_parameter_may_demand_a_subject(
    world: World, rp: RelyingParty, person: Person, at_home: Browser
) -> None:
    mine = world.sign_in(rp, person, at_home)
    wanted = json.dumps({"id_token": {"sub": {"value": mine.sub}}})
    attempt = rp.begin(claims=wanted, prompt="none")
    assert rp.redeem(attempt, at_home.open(attempt.url).callback).sub == mine.sub
    unknown = json.dumps({"id_token": {"sub": {"value": "somebody-else"}}})
    assert refused(rp, at_home, claims=unknown, prompt="none") == "login_required"


def test_a_client_that_demands_two_factors_gets_two(
    world: World, person: Person, authenticator: Callable[[], str]
) -> None:
    rp = world.rp(minimum_acr=LOA_2)
    assert world.sign_in(rp, replace(person, otp=authenticator)).claims["acr"] == LOA_2


@pytest.mark.spec("RFC 6749", "3.1.2")
def test_the_query_of_a_callback_that_has_one_is_kept(world: World, person: Person) -> None:
    there = f"http://127.0.0.1:9/callback?{urlencode({'tenant': 'a b'})}"
    rp = world.rp(redirect_uris=[there])
    _attempt, page = world.walk(rp, person, world.browser())
    assert (page.callback or {})["tenant"] == "a b"
