"""Signing out: asked by a department, told to all of them, and what pairwise identifiers let them compare."""

from __future__ import annotations

import time
from collections.abc import Iterator

import jwt
import pytest
import requests

from tests.support.browser import Browser, Page, Person
from tests.support.receiver import Receiver
from tests.support.rp import RelyingParty, Tokens
from tests.support.world import World

AFTER = "http://127.0.0.1:9/bye"


@pytest.fixture
def portal(world: World) -> RelyingParty:
    """Return a department that may be returned to after the sign-out."""
    return world.rp(post_logout_redirect_uris=[AFTER])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a listening back-channel endpoint."""
    with Receiver() as listening:
        yield listening


def is_signed_in(rp: RelyingParty, browser: Browser) -> bool:
    """Tell whether a silent request gets a code."""
    attempt = rp.begin(prompt="none")
    return "code" in (browser.open(attempt.url).callback or {})


def at_home(world: World, rp: RelyingParty, person: Person) -> tuple[Browser, Tokens]:
    """Return a browser that is signed in, and the tokens of it."""
    browser = world.browser("http://127.0.0.1:9/")
    return browser, world.sign_in(rp, person, browser)


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_with_its_id_token_a_department_signs_out_and_gets_the_person_back(
    world: World, portal: RelyingParty, person: Person
) -> None:
    browser, tokens = at_home(world, portal, person)
    page = browser.open(portal.logout_url(id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTER, state="s/1"))
    assert page.url.startswith(AFTER)
    assert page.callback == {"state": "s/1"}
    assert not is_signed_in(portal, browser)
    assert not portal.is_alive(tokens)


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_the_request_may_come_by_post(world: World, portal: RelyingParty, person: Person) -> None:
    browser, tokens = at_home(world, portal, person)
    answer = browser.session.post(
        portal.discovery["end_session_endpoint"], data={"id_token_hint": tokens.id_token}, timeout=30
    )
    assert answer.status_code == requests.codes.ok
    assert not is_signed_in(portal, browser)


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_without_a_hint_the_person_is_asked_and_may_stay(world: World, portal: RelyingParty, person: Person) -> None:
    browser, _tokens = at_home(world, portal, person)
    url = portal.logout_url(client_id=portal.client_id, post_logout_redirect_uri=AFTER)
    page = browser.open(url)
    assert page.form("logout-form")
    assert is_signed_in(portal, browser)
    browser.submit(page, "logout-form", "logout-cancel")
    assert is_signed_in(portal, browser)
    assert browser.submit(browser.open(url), "logout-form", "logout-confirm").url.startswith(AFTER)
    assert not is_signed_in(portal, browser)


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
@pytest.mark.spec("OIDC RP-Initiated Logout", "6")
def test_the_hint_of_another_session_signs_nobody_out_unasked(
    world: World, portal: RelyingParty, person: Person
) -> None:
    _old, stale = at_home(world, portal, person)
    browser, _fresh = at_home(world, portal, world.person())
    assert browser.open(portal.logout_url(id_token_hint=stale.id_token)).form("logout-form")
    assert is_signed_in(portal, browser)


def error_shown(page: Page) -> bool:
    """Tell whether an error was shown and the browser was sent nowhere."""
    return page.callback is None and page.status == 400 and page.text_of("error-code") == "invalid_request"


@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.spec("OIDC RP-Initiated Logout", "4")
@pytest.mark.spec("FAPI 2.0 Security Profile", "5.3.2.1")
@pytest.mark.spec("OIDC RP-Initiated Logout", "3")
def test_an_unregistered_return_address_is_never_followed(world: World, portal: RelyingParty, person: Person) -> None:
    browser, tokens = at_home(world, portal, person)
    browser.stops.append("https://evil.example")
    evil = {"post_logout_redirect_uri": "https://evil.example/"}
    assert error_shown(browser.open(portal.logout_url(id_token_hint=tokens.id_token, **evil)))
    assert error_shown(browser.open(portal.logout_url(client_id=portal.client_id, **evil)))
    asked = browser.open(portal.logout_url(**evil))
    assert (asked.status, asked.callback, bool(asked.form("logout-form"))) == (200, None, True)
    assert "evil" not in asked.text
    assert error_shown(browser.open(portal.logout_url(id_token_hint=tokens.id_token, client_id="another")))
    assert is_signed_in(portal, browser)


@pytest.mark.spec("OIDC Back-Channel Logout", "2.3")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.5")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.4")
def test_every_department_of_the_session_gets_a_logout_token_for_its_own_sid(
    world: World, portal: RelyingParty, person: Person, receiver: Receiver
) -> None:
    told = world.rp(backchannel_logout_uri=receiver.url, backchannel_logout_session_required=True)
    browser, _ = at_home(world, portal, person)
    tokens = world.sign_in(told, person, browser)
    browser.submit(browser.open(portal.logout_url()), "logout-form", "logout-confirm")
    form = receiver.next()
    assert set(form) == {"logout_token"}
    claims = told.logout_claims(form["logout_token"][0])
    assert (claims["sub"], claims["sid"]) == (tokens.sub, tokens.claims["sid"])
    assert receiver.is_silent(1.5)


@pytest.mark.spec("OIDC Back-Channel Logout", "2.5")
def test_a_department_that_was_down_is_told_again_with_a_fresh_token(
    world: World, person: Person, receiver: Receiver
) -> None:
    told = world.rp(backchannel_logout_uri=receiver.url, client_name={"vi": "Hay hỏng", "en": "Often down"})
    browser, tokens = at_home(world, told, person)
    receiver.status = 500
    browser.open(told.logout_url(id_token_hint=tokens.id_token))
    first = told.logout_claims(receiver.next()["logout_token"][0])
    receiver.status = 200
    second = told.logout_claims(receiver.next()["logout_token"][0])
    assert first["jti"] != second["jti"]
    assert first["sid"] == second["sid"]


@pytest.mark.spec("OIDC Core", "8.1")
@pytest.mark.spec("OIDC Back-Channel Logout", "2.1")
def test_two_departments_cannot_join_what_they_know(world: World, rp: RelyingParty, person: Person) -> None:
    other = world.rp(client_name={"vi": "Sở khác", "en": "Another"})
    browser = world.browser()
    mine, theirs = world.sign_in(rp, person, browser), world.sign_in(other, person, browser)
    inside = [jwt.decode(one.access, options={"verify_signature": False}) for one in (mine, theirs)]
    assert mine.sub != theirs.sub
    assert mine.claims["sid"] != theirs.claims["sid"]
    alike = {name for name in inside[0] if inside[0][name] == inside[1].get(name)}
    assert alike <= {"iss", "aud", "exp", "iat", "scope", "auth_time", "acr", "amr"}


@pytest.mark.spec("OIDC Core", "2")
@pytest.mark.spec("OIDC Core", "8.1")
def test_a_person_is_the_same_subject_at_one_department_for_ever(
    world: World, rp: RelyingParty, person: Person
) -> None:
    assert world.sign_in(rp, person).sub == world.sign_in(rp, person).sub


@pytest.mark.spec("OIDC Core", "8")
def test_departments_of_one_sector_know_the_same_subject(world: World, person: Person) -> None:
    one = world.rp(client_name={"vi": "Một"})
    two = world.rp(client_name={"vi": "Hai"}, sector=world.wiring.clients.known(one.client_id).sector_id)
    assert world.sign_in(one, person).sub == world.sign_in(two, person).sub


def test_a_session_ended_by_the_operator_ends_at_once(world: World, rp: RelyingParty, person: Person) -> None:
    browser, tokens = at_home(world, rp, person)
    assert world.provider.idp_json("sessions", "revoke", person.code, "--reason", "test")["ended"] == 1
    assert not is_signed_in(rp, browser)
    assert not rp.is_alive(tokens)


@pytest.mark.spec("OIDC Back-Channel Logout", "2.7")
@pytest.mark.spec("OIDC Core", "11")
def test_only_offline_access_outlives_the_session(world: World, rp: RelyingParty, person: Person) -> None:
    browser, online = at_home(world, rp, person)
    offline = world.sign_in(rp, person, browser, scope="openid offline_access")
    browser.open(rp.logout_url(id_token_hint=online.id_token))
    time.sleep(0.1)
    assert rp.post("token", grant_type="refresh_token", refresh_token=online.refresh).json()["error"] == "invalid_grant"
    assert rp.refresh(offline).access


def test_a_locked_account_is_out_at_once(world: World, rp: RelyingParty, person: Person) -> None:
    browser, tokens = at_home(world, rp, person)
    world.provider.idp_json("accounts", "lock", person.code, "--reason", "test")
    assert not rp.is_alive(tokens)
    assert not is_signed_in(rp, browser)
    page = browser.open(rp.begin().url)
    typed = {"identity_code": person.code, "password": person.password}
    assert browser.submit(page, "login-form", "login-submit", **typed).form("login-form")
