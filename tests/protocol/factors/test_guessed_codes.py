"""One-time codes that are guessed: the person goes on in a browser of theirs, and nobody gets more tries by making browsers known."""

from __future__ import annotations

import pytest

from tests.protocol.factors.test_security_pages import HOME, Citizen
from tests.protocol.people.test_new_devices import forget_session
from tests.support.browser import Browser, Page
from tests.support.in_process import browser
from tests.support.token_world import TokenWorld


@pytest.fixture
def me(world: TokenWorld) -> Citizen:
    """Return a citizen who has an authenticator app and was signed in with both factors here."""
    one = Citizen(world)
    one.add_app()
    one.walk("/codes")
    return one


def at_code(me: Citizen, own: Browser) -> Page:
    """Return the page that asks for the code, after the password."""
    page = own.open(f"{HOME}/codes")
    if page.form("login-form"):
        page = own.submit(page, "login-form", "login-submit", identity_code=me.person.code, password=me.person.password)
    assert page.form("otp-form") is not None
    return page


def guesses(me: Citizen, patience: int = 0) -> int:
    """Let somebody who has the password guess codes, each five in a new browser elsewhere; return how many were looked at.

    He waits as long as he is told, and goes when that is more than ``patience`` seconds.
    """
    looked_at = 0
    for number in range(1, 60):
        thief = browser(me.world, address=f"198.51.{number}.7")
        page = at_code(me, thief)
        for _ in range(5):
            page = thief.submit(page, "otp-form", "otp-submit", otp="000000")
            if page.status != 429:
                looked_at += 1
                continue
            pause = int(page.headers["Retry-After"])
            if pause > patience:
                return looked_at
            me.world.clock.advance(pause)  # type: ignore[attr-defined]
    raise AssertionError("nobody stopped the guesses")


def test_the_person_goes_on_in_a_browser_of_two_factors_while_somebody_guesses_codes(me: Citizen) -> None:
    guesses(me, patience=120)
    forget_session(me.here)
    page = at_code(me, me.here)
    elsewhere = browser(me.world, address="203.0.113.9")
    there = at_code(me, elsewhere)
    code = me.code()
    assert elsewhere.submit(there, "otp-form", "otp-submit", otp=code).status == 429
    assert me.here.submit(page, "otp-form", "otp-submit", otp=code).form("codes-form") is not None
    assert elsewhere.submit(there, "otp-form", "otp-submit", otp=me.code()).status == 429


def test_new_browsers_with_the_password_alone_get_no_counters_of_their_own(me: Citizen) -> None:
    assert guesses(me) <= me.world.wiring.sign_in_throttle.limits.person.free + 5


def test_a_stolen_cookie_gives_five_tries_and_then_waits(me: Citizen) -> None:
    cookies = me.here.session.cookies
    thief = browser(me.world, address="198.51.100.7")
    for cookie in [one for one in cookies if one.name == "__Host-idp_device"]:
        thief.session.cookies.set_cookie(cookie)
    page = at_code(me, thief)
    statuses = []
    for _ in range(7):
        page = thief.submit(page, "otp-form", "otp-submit", otp="000000")
        statuses.append(page.status)
    assert statuses == [200] * 5 + [429] * 2
