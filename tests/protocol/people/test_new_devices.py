"""A sign-in in a browser that was never used for the account is told of; one in a known browser is not."""

from __future__ import annotations

from idp.storage.tables import known_devices
from tests.support.browser import Browser
from tests.support.in_process import browser, citizen
from tests.support.mailbox import Mailbox
from tests.support.stores import stored
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.told_world import PHONE

HOME = f"{ISSUER}/account"
COOKIE = "__Host-idp_device"


def forget_session(own: Browser) -> None:
    """Let the browser lose its session, and keep what it is known by."""
    jar = own.session.cookies
    for cookie in [one for one in jar if one.name == "__Host-idp_session"]:
        jar.clear(cookie.domain, cookie.path, cookie.name)


def test_the_person_is_told_once_for_each_browser(told_world: TokenWorld) -> None:
    box, (_, person) = Mailbox(told_world), citizen(told_world, **PHONE)
    own = browser(told_world)
    own.walk(HOME, person, home=HOME)
    assert box.told() == [("new_device", "mail", "mau@example.vn")]
    forget_session(own)
    own.walk(HOME, person, home=HOME)
    assert box.told() == []
    browser(told_world).walk(HOME, person, home=HOME)
    assert box.told() == [("new_device", "mail", "mau@example.vn")]


def test_a_second_person_in_the_same_browser_is_told_too_and_both_stay_known(told_world: TokenWorld) -> None:
    box, own = Mailbox(told_world), browser(told_world)
    people = [citizen(told_world, number, email=f"mau{number}@example.vn", **PHONE)[1] for number in (1, 2)]
    for person in (*people, *people):
        forget_session(own)
        own.walk(HOME, person, home=HOME)
    assert [address for _, _, address in box.told()] == ["mau1@example.vn", "mau2@example.vn"]


def test_the_cookie_is_kept_long_and_is_out_of_reach_of_scripts(told_world: TokenWorld) -> None:
    own, (account_id, person) = browser(told_world), citizen(told_world)
    own.walk(HOME, person, home=HOME)
    [cookie] = [one for one in own.session.cookies if one.name == COOKIE]
    assert cookie.secure
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert told_world.wiring.devices.is_known(account_id, cookie.value)
    [row] = stored(told_world.database, known_devices)
    assert str(cookie.value).encode() not in bytes(row["digest"]) + bytes(row["origin"])


def test_a_wrong_password_makes_no_browser_known(told_world: TokenWorld) -> None:
    own, (_, person) = browser(told_world), citizen(told_world)
    page = own.open(HOME)
    own.submit(page, "login-form", "login-submit", identity_code=person.code, password="falsch falsch falsch")
    assert stored(told_world.database, known_devices) == []
    assert COOKIE not in own.session.cookies


def test_without_a_verified_contact_the_sign_in_works_and_the_log_says_that_nobody_was_told(
    told_world: TokenWorld,
) -> None:
    own, (account_id, person) = browser(told_world), citizen(told_world, email_verified="false")
    assert own.walk(HOME, person, home=HOME).status == 200
    assert Mailbox(told_world).told() == []
    [event] = told_world.events("message:notice")
    assert (event["account_id"], event["reason"]) == (account_id, "no_verified_contact")
