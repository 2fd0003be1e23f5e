"""What a person sees and decides: consent, first password, wrong passwords, waiting, their own page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from tests.support.browser import Browser, Page, Person
from tests.support.rp import RelyingParty
from tests.support.world import World, deployed


def consent_page(world: World, rp: RelyingParty, person: Person, scope: str) -> tuple[Browser, Page, object]:
    """Return the consent page that a new browser gets to."""
    browser, attempt = world.browser(), rp.begin(scope=scope)
    page = browser.open(attempt.url)
    typed = {"identity_code": person.code, "password": person.password}
    return browser, browser.submit(page, "login-form", "login-submit", **typed), attempt


def boxes(page: Page) -> set[str]:
    """Return the optional claims on a consent page; none may be ticked beforehand."""
    found = page.soup.find_all("input", attrs={"name": "claim"})
    assert not [box for box in found if box.has_attr("checked")]
    return {str(box["value"]) for box in found}


@pytest.mark.spec("OIDC Core", "3.1.2.4")
@pytest.mark.spec("RFC 9101", "11.1")
def test_consent_is_asked_once_with_the_values_and_remembered(world: World, rp: RelyingParty) -> None:
    person = world.person(email="rieng@example.vn")
    browser, page, attempt = consent_page(world, rp, person, "openid profile email")
    assert page.form("consent-form")
    assert "rieng@example.vn" in page.text
    assert "Kiểm thử tự động" in page.text
    ended = browser.submit(page, "consent-form", "consent-allow", claim=["email"])
    shown = rp.userinfo(rp.redeem(attempt, ended.callback)).json()  # type: ignore[arg-type]
    assert shown["email"] == "rieng@example.vn"
    again = rp.begin(scope="openid profile email", prompt="none")
    silent = rp.redeem(again, browser.open(again.url).callback)
    assert rp.userinfo(silent).json() == shown


def test_what_was_left_unticked_is_not_released(world: World, rp: RelyingParty, person: Person) -> None:
    browser, page, attempt = consent_page(world, rp, person, "openid profile email")
    unticked = boxes(page)
    assert unticked
    ended = browser.submit(page, "consent-form", "consent-allow", claim=[])
    released = set(rp.userinfo(rp.redeem(attempt, ended.callback)).json())  # type: ignore[arg-type]
    assert not released & unticked


@pytest.mark.spec("OIDC Core", "11")
@pytest.mark.spec("OIDC Core", "3.1.2.4")
def test_consent_is_asked_again_when_something_is_added(world: World, rp: RelyingParty, person: Person) -> None:
    browser = world.browser()
    world.sign_in(rp, person, browser, scope="openid email")
    for scope in ("openid email phone", "openid email offline_access", "openid email identity"):
        page = browser.open(rp.begin(scope=scope).url)
        assert page.form("consent-form"), scope
        allowed = rp.begin(scope=scope)
        assert rp.redeem(allowed, browser.walk(allowed.url, person).callback)
        silent = rp.begin(scope=scope, prompt="none")
        assert rp.redeem(silent, browser.open(silent.url).callback)


@pytest.mark.spec("OIDC Core", "3.1.2.4")
@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_denial_is_told_to_the_client_and_not_remembered(world: World, rp: RelyingParty, person: Person) -> None:
    browser, page, attempt = consent_page(world, rp, person, "openid profile")
    ended = browser.submit(page, "consent-form", "consent-deny")
    assert rp.error_of(attempt, ended.callback) == "access_denied"  # type: ignore[arg-type]
    assert browser.open(rp.begin(scope="openid profile").url).form("consent-form")


def test_a_duty_by_law_is_told_and_not_asked(world: World, person: Person) -> None:
    rp = world.rp(consent="notice", legal_basis="public_duty")
    browser, page, attempt = consent_page(world, rp, person, "openid identity")
    assert page.form("consent-form")
    assert not boxes(page)
    ended = browser.submit(page, "consent-form", "consent-allow")
    assert rp.userinfo(rp.redeem(attempt, ended.callback)).json()["identity_code"] == person.code  # type: ignore[arg-type]


def test_an_issued_password_must_be_replaced_at_the_first_sign_in(world: World, rp: RelyingParty) -> None:
    person = world.person(must_change=True)
    browser, page, _attempt = consent_page(world, rp, person, "openid")
    assert page.form("password-form")
    assert browser.open(rp.begin(prompt="none").url).callback is not None
    for wrong in (
        ("ngắn", "ngắn"),
        ("một mật khẩu đủ dài", "và một cái khác hẳn"),
        (person.code, person.code),
        (person.password,) * 2,
    ):
        fields = {"new_password": wrong[0], "new_password_again": wrong[1]}
        assert browser.submit(page, "password-form", "password-submit", **fields).form("password-form")
    assert world.sign_in(rp, person).sub
    attempt, ended = world.walk(rp, replace(person, password=person.new_password), world.browser())
    assert rp.redeem(attempt, ended.callback).sub
    old = world.browser()
    typed = {"identity_code": person.code, "password": person.password}
    assert old.submit(old.open(rp.begin().url), "login-form", "login-submit", **typed).form("login-form")


def refusal(world: World, rp: RelyingParty, code: str, password: str) -> tuple[int, str]:
    """Return status and text of the answer to a wrong sign-in, without what differs from page to page anyway."""
    browser = world.browser()
    page = browser.submit(
        browser.open(rp.begin().url), "login-form", "login-submit", identity_code=code, password=password
    )
    assert page.form("login-form")
    bare = re.sub(r'(name="csrf_token" value|value|data-options)="[^"]*"', "", page.text)
    return page.status, bare


def test_known_unknown_locked_and_malformed_codes_are_refused_alike(world: World, rp: RelyingParty) -> None:
    known, locked = world.person(), world.person()
    world.provider.idp_json("accounts", "lock", locked.code, "--reason", "test")
    wanted = refusal(world, rp, known.code, "sai mật khẩu rồi")
    assert refusal(world, rp, "049499999999", "sai mật khẩu rồi") == wanted
    assert refusal(world, rp, locked.code, locked.password) == wanted
    assert refusal(world, rp, "không phải mã số", "sai mật khẩu rồi") == wanted


def test_a_sign_in_with_spaces_in_the_code_works(world: World, rp: RelyingParty, person: Person) -> None:
    spaced = f" {person.code[:3]} {person.code[3:6]} {person.code[6:]} "
    assert world.sign_in(rp, replace(person, code=spaced)).sub


def own_page(world: World, browser: Browser) -> Page:
    """Return the person's own page."""
    page = browser.open(f"{world.issuer}/account")
    assert page.soup.find(id="account-name")
    return page


def press(browser: Browser, world: World, path: str) -> Page:
    """Press the button of the form on the own page that posts to (or opens) a path."""
    page = own_page(world, browser)
    form = page.soup.find("form", attrs={"action": path})
    assert form is not None, path
    form["id"] = "pressed"  # type: ignore[index]
    return browser.submit(page, "pressed")


def test_the_own_page_needs_a_sign_in_of_its_own(world: World, person: Person) -> None:
    browser = world.browser()
    page = browser.open(f"{world.issuer}/account")
    typed = {"identity_code": person.code, "password": person.password}
    page = browser.submit(page, "login-form", "login-submit", **typed)
    assert page.soup.find(id="account-name")
    assert person.code not in page.text


def test_withdrawing_consent_kills_every_token_of_it(world: World, rp: RelyingParty, person: Person) -> None:
    browser = world.browser()
    tokens = world.sign_in(rp, person, browser, scope="openid email offline_access")
    other = world.sign_in(world.rp(client_name={"vi": "Sở khác", "en": "Another"}), person, browser)
    page = press(browser, world, f"/account/consents/{rp.client_id}")
    browser.submit(page, "withdraw-form", "withdraw-confirm")
    assert not rp.is_alive(tokens)
    answer = rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh)
    assert answer.json()["error"] == "invalid_grant"
    assert rp.userinfo(other).status_code == requests.codes.ok
    assert browser.open(rp.begin(scope="openid email").url).form("consent-form")


def test_signing_out_everywhere_ends_every_session_and_its_tokens(
    world: World, rp: RelyingParty, person: Person
) -> None:
    here, there = world.browser(), world.browser()
    both = [world.sign_in(rp, person, browser) for browser in (here, there)]
    press(here, world, "/account/sessions/end-all")
    for browser, tokens in zip((here, there), both, strict=True):
        assert not rp.is_alive(tokens)
        attempt = rp.begin(prompt="none")
        assert rp.error_of(attempt, browser.open(attempt.url).callback) == "login_required"


def test_nobody_can_end_the_session_of_somebody_else(world: World, rp: RelyingParty, person: Person) -> None:
    mine, theirs = world.browser(), world.browser()
    world.sign_in(rp, person, mine)
    tokens = world.sign_in(rp, world.person(), theirs)
    form = own_page(world, theirs).soup.find("form", attrs={"action": "/account/sessions/end"})
    assert form is not None
    session = form.find("input", attrs={"name": "session"})["value"]  # type: ignore[index, union-attr]
    page = own_page(world, mine)
    own_form = page.soup.find("form", attrs={"action": "/account/sessions/end"})
    own_form["id"] = "pressed"  # type: ignore[index]
    assert mine.submit(page, "pressed", session=str(session)).status == requests.codes.not_found
    assert rp.is_alive(tokens)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("production", marks=pytest.mark.servers)])
def strict(request: pytest.FixtureRequest) -> Iterator[World]:
    """Return a deployment that throttles."""
    with deployed(request.param, settings={"THROTTLE__ENABLED": "true"}) as running:
        yield running


@pytest.mark.spec("RFC 6749", "10.10")
def test_after_five_wrong_passwords_the_sixth_waits_known_or_not(strict: World) -> None:
    rp = strict.rp()
    for code in (strict.person().code, "049499888888"):
        answers = []
        for _ in range(7):
            browser = strict.browser()
            page = browser.open(rp.begin().url)
            typed = {"identity_code": code, "password": "sai mật khẩu rồi"}
            answers.append(browser.submit(page, "login-form", "login-submit", **typed))
        assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 900


def test_while_waiting_even_the_right_password_is_not_looked_at_and_others_are_free(strict: World) -> None:
    rp, victim = strict.rp(), strict.person()
    browser = strict.browser()
    page = browser.open(rp.begin().url)
    for _ in range(5):
        typed = {"identity_code": victim.code, "password": "sai mật khẩu rồi"}
        browser.submit(page, "login-form", "login-submit", **typed)
    right = browser.submit(page, "login-form", "login-submit", identity_code=victim.code, password=victim.password)
    assert right.status == requests.codes.too_many_requests
    assert strict.sign_in(rp, strict.person()).sub
