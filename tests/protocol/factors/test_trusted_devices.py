"""Trusted devices: what the password alone reaches there, what it never reaches, and how the trust ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from idp.authn.trusted_devices import GRACE, MOST
from idp.errors import Refused
from idp.services.locks import Ground
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import trusted_devices
from policies.assurance import LOA_1, LOA_2
from policies.delegation import TOP, Proposal, Role
from policies.locks import Reason
from tests.protocol.factors.test_security_pages import HOME, Citizen
from tests.protocol.people.test_new_devices import forget_session
from tests.support.browser import Browser, Page
from tests.support.clock import FrozenClock
from tests.support.device_world import device, typed
from tests.support.in_process import browser
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER, Registered, TokenWorld
from tests.support.visit import asked

DAY = 86400
COOKIE = "__Host-idp_trust"


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that lets people trust a browser for thirty days."""
    return TokenWorld(tmp_path, sqlite_database, clock, factors={"trusted_device_days": 30})


@pytest.fixture
def me(world: TokenWorld) -> Citizen:
    """Return a citizen with an app who has trusted the browser."""
    one = Citizen(world)
    one.add_app()
    page = one.here.submit(one.walk("/trust"), "trust-form", "trust-submit")
    assert page.url == f"{HOME}?notice=trusted"
    return one


def cookie(own: Browser) -> str:
    return next(str(one.value) for one in own.session.cookies if one.name == COOKIE)


def bring(own: Browser, secret: str) -> Browser:
    """Put a cookie that was copied into another browser."""
    own.session.cookies.set(COOKIE, secret, domain="id.example.vn", path="/", secure=True)
    return own


def asks(me: Citizen, of: Registered, own: Browser | None = None, **changes: str) -> Page:
    """Sign in with the password alone where a department demands two factors."""
    own = own or me.here
    forget_session(own)
    parameters = "&".join(f"{name}={value}" for name, value in asked(of, **{"acr_values": LOA_2, **changes}).items())
    page = own.open(f"{ISSUER}/authorize?{parameters}")
    if page.form("login-form"):
        typed = {"identity_code": me.person.code, "password": me.person.password}
        page = own.submit(page, "login-form", "login-submit", **typed)
    return own.submit(page, "consent-form", "consent-allow") if page.form("consent-form") else page


def claims(me: Citizen, of: Registered, page: Page) -> dict[str, Any]:
    assert page.callback is not None, page.text
    return me.world.verified(me.world.redeem(of, page.callback["code"]).json["id_token"])


@pytest.fixture
def of(world: TokenWorld) -> Registered:
    return world.add_client()


def test_the_password_reaches_level_two_there_and_tokens_say_how(me: Citizen, of: Registered) -> None:
    found = claims(me, of, asks(me, of))
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "rba"])
    assert asks(me, of, browser(me.world)).form("otp-form") is not None


def test_it_is_off_unless_an_operator_turns_it_on(tmp_path: Path, me: Citizen, of: Registered) -> None:
    off = TokenWorld(tmp_path, me.world.database, me.world.clock)
    assert off.wiring.trusted_devices.of_account(me.id) == []
    assert off.wiring.trusted_devices.use(me.id, cookie(me.here)) == ""
    with pytest.raises(Refused):
        off.wiring.trusted_devices.add(me.id, "Firefox", actor=f"account:{me.id}")


def test_a_browser_is_trusted_only_after_two_factors_and_the_person_is_told(world: TokenWorld) -> None:
    plain = Citizen(world, 2)
    assert plain.walk("/trust").status == 404
    assert "trust-device" not in plain.walk().text
    plain.add_app()
    world.clock.advance(301)  # type: ignore[attr-defined]
    page = plain.here.open(f"{HOME}/trust")
    assert page.form("login-form") is not None
    page = plain.walk("/trust")
    plain.here.submit(page, "trust-form", "trust-submit")
    [row] = world.wiring.trusted_devices.of_account(plain.id)
    assert row.expires_at == world.clock.now() + 30 * DAY
    detail = json.loads(str(world.events("credential:set")[-1]["detail"]))
    assert detail == {"kind": "trusted_device", "item": row.id}
    assert "trusted_device" in plain.factors()
    secret = cookie(plain.here).encode()
    assert all(
        secret not in bytes(value)
        for one in stored(world.database, trusted_devices)
        for value in one.values()
        if isinstance(value, bytes)
    )


def test_what_protects_the_account_is_not_for_a_trusted_device(me: Citizen, of: Registered) -> None:
    claims(me, of, asks(me, of))
    for path in ("/security/app", "/security/passkey", "/security/trust", "/security/remove/totp/totp", "/contacts"):
        assert me.here.open(f"{ISSUER}/account{path}").form("otp-form") is not None
    page = me.here.submit(me.here.open(f"{HOME}/passkey"), "otp-form", "otp-submit", otp=me.code())
    assert page.form("passkey-form") is not None
    [view] = [one for one in me.world.wiring.sessions.of_account(me.id) if one.session.acr == LOA_2][:1]
    assert view.session.amr == ("pwd", "otp", "mfa")


def test_whoever_asks_for_administration_gets_what_was_proved(me: Citizen) -> None:
    console = me.world.add_client(scope="openid admin:clients:read")
    found = claims(me, console, asks(me, console, acr_values=LOA_1, scope="openid admin:clients:read"))
    assert (found["acr"], found["amr"]) == (LOA_1, ["pwd"])
    assert asks(me, console, scope="openid admin:clients:read").form("otp-form") is not None


def test_another_device_gets_what_was_proved_here(me: Citizen, of: Registered) -> None:
    claims(me, of, asks(me, of))
    screen = device(me.world)
    codes = screen.codes()
    page = me.here.submit(typed(me.here, codes["user_code"]), "consent-form", "consent-allow")
    assert page.url.endswith("/device/done")
    found = me.world.verified(screen.poll(codes["device_code"]).json["id_token"])
    assert (found["acr"], found["amr"]) == (LOA_1, ["pwd"])
    demanding = device(me.world, minimum_acr=LOA_2)
    assert typed(me.here, demanding.codes()["user_code"]).form("otp-form") is not None


def test_staff_have_none_and_who_becomes_staff_uses_none(me: Citizen, of: Registered) -> None:
    proposal = Proposal(f"account:{me.id}", Role.AUDITOR, TOP, me.world.clock.now(), None)
    me.world.wiring.admins.grant(proposal, by="operator:local", reason="thử")
    assert not me.world.wiring.trusted_devices.may_have(me.id)
    assert me.walk("/trust").status == 404
    assert asks(me, of).form("otp-form") is not None


def test_a_cookie_is_good_once_and_a_copy_that_comes_later_ends_the_trust(me: Citizen, of: Registered) -> None:
    copied = cookie(me.here)
    claims(me, of, asks(me, of))
    assert cookie(me.here) != copied
    thief = bring(browser(me.world), copied)
    assert asks(me, of, thief).form("otp-form") is not None
    assert len(me.world.wiring.trusted_devices.of_account(me.id)) == 1
    me.world.clock.advance(GRACE)  # type: ignore[attr-defined]
    assert asks(me, of, bring(browser(me.world), copied)).form("otp-form") is not None
    assert me.world.wiring.trusted_devices.of_account(me.id) == []
    assert me.world.events("credential:remove")[-1]["reason"] == "copied"
    assert asks(me, of).form("otp-form") is not None


def test_a_cookie_is_one_persons(me: Citizen, of: Registered) -> None:
    other = Citizen(me.world, 2)
    other.add_app()
    assert asks(other, of, bring(browser(me.world), cookie(me.here))).form("otp-form") is not None
    assert len(me.world.wiring.trusted_devices.of_account(me.id)) == 1


def test_of_sixty_four_sign_ins_with_one_cookie_one_is_spared_the_second_factor(me: Citizen) -> None:
    devices, secret = me.world.wiring.trusted_devices, cookie(me.here)
    found = in_parallel(me.world.database, 64, lambda _number: devices.use(me.id, secret))
    assert len([one for one in found if one]) == 1


def test_the_trust_expires(me: Citizen, of: Registered) -> None:
    me.world.clock.advance(30 * DAY)  # type: ignore[attr-defined]
    assert me.world.wiring.trusted_devices.of_account(me.id) == []
    assert asks(me, of).form("otp-form") is not None


def _password(me: Citizen) -> None:
    me.world.wiring.credentials.set_password(me.id, me.person.password + " mới", actor=f"account:{me.id}")


def _lock(me: Citizen) -> None:
    me.world.wiring.locks.lock(me.id, Ground(Reason.OWN_REQUEST, "thử"))


def _everywhere(me: Citizen) -> None:
    page = me.here.open(f"{ISSUER}/account")
    me.here.submit(page, "end-all", "sign-out-everywhere")


def _app_lost(me: Citizen) -> None:
    me.world.wiring.factor_changes.take_away(me.id, "totp", "totp", actor="operator:local")


def _not_me(me: Citizen) -> None:
    page = me.here.open(f"{ISSUER}/account")
    link = page.soup.select_one('a[href^="/account/not-me/"]')
    assert link is not None
    page = me.here.open(f"{ISSUER}{link['href']}")
    form = page.soup.select_one("main form")
    assert form is not None
    me.here.submit(page, str(form["id"]))


def _removed(me: Citizen) -> None:
    [row] = me.world.wiring.trusted_devices.of_account(me.id)
    page = me.here.submit(me.walk(f"/remove/trusted_device/{row.id}"), "remove-form", "remove-submit")
    assert page.url == f"{HOME}?notice=removed"


@pytest.mark.parametrize("end", [_password, _lock, _everywhere, _app_lost, _not_me, _removed])
def test_the_trust_ends(me: Citizen, end: Any) -> None:
    end(me)
    assert me.world.wiring.trusted_devices.of_account(me.id) == []
    assert me.world.wiring.trusted_devices.use(me.id, cookie(me.here)) == ""
    record = me.world.events("credential:remove")[-1]
    assert json.loads(str(record["detail"]))["kind"] == "trusted_device"


def test_the_most_recent_ones_are_kept(me: Citizen) -> None:
    devices = me.world.wiring.trusted_devices
    for number in range(MOST):
        me.world.clock.advance(1)  # type: ignore[attr-defined]
        devices.add(me.id, f"Trình duyệt {number}", actor=f"account:{me.id}")
    assert [one.name for one in devices.of_account(me.id)] == [f"Trình duyệt {number}" for number in range(MOST)]


def test_the_loser_of_a_merge_leaves_nothing(me: Citizen) -> None:
    winner = me.world.add_person(3)
    me.world.wiring.accounts.merge(me.id, winner, reason="thử")
    assert stored(me.world.database, trusted_devices) == []
