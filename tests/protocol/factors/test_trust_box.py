"""Trusting the browser beside a code, and departments that take no trusted browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clients.documents import to_metadata
from idp.model.message import Channel
from idp.storage.sqlite import SqliteDatabase
from policies.assurance import LOA_1, LOA_2
from policies.delegation import TOP, Proposal, Role
from tests.protocol.factors.test_security_pages import Citizen
from tests.protocol.factors.test_trusted_devices import asks, claims
from tests.support.browser import Page
from tests.support.clock import FrozenClock
from tests.support.in_process import browser
from tests.support.mailbox import BY_FILE, Mailbox
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.told_world import PHONE

ONE_FACTOR = ["pwd"]
SPARED = ["pwd", "rba"]


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that lets people trust a browser for thirty days."""
    return TokenWorld(tmp_path, sqlite_database, clock, factors={"trusted_device_days": 30}, **BY_FILE)


@pytest.fixture
def me(world: TokenWorld) -> Citizen:
    """Return a citizen with an app who has trusted no browser."""
    one = Citizen(world)
    one.add_app()
    return one


def typed(me: Citizen, page: Page, **box: str) -> Page:
    """Answer the code page, with or without the box."""
    page = me.here.submit(page, "otp-form", "otp-submit", otp=me.code(), **box)
    return me.here.submit(page, "consent-form", "consent-allow") if page.form("consent-form") else page


def boxes(page: Page) -> list[Any]:
    return page.soup.select("#otp-form input[type=checkbox]")


def test_the_box_is_shown_beside_the_code_and_never_ticked(me: Citizen) -> None:
    page = asks(me, me.world.add_client(), browser(me.world))
    [box] = boxes(page)
    assert box["name"] == "trust"
    assert not box.has_attr("checked")
    assert "30" in page.soup.select_one("label:has(#trust)").text  # type: ignore[union-attr]


def test_who_ticks_it_is_spared_the_code_next_time_and_who_does_not_is_asked(me: Citizen) -> None:
    of = me.world.add_client()
    assert claims(me, of, typed(me, asks(me, of)))["acr"] == LOA_2
    assert me.world.wiring.trusted_devices.of_account(me.id) == []
    me.world.clock.advance(30)  # type: ignore[attr-defined]
    first = claims(me, of, typed(me, asks(me, of), trust="1"))
    assert (first["acr"], first["amr"]) == (LOA_2, ["pwd", "otp", "mfa"])
    [row] = me.world.wiring.trusted_devices.of_account(me.id)
    assert row.name
    assert claims(me, of, asks(me, of))["amr"] == SPARED


def test_a_wrong_code_trusts_nothing(me: Citizen) -> None:
    page = asks(me, me.world.add_client())
    page = me.here.submit(page, "otp-form", "otp-submit", otp="000000", trust="1")
    assert boxes(page)
    assert me.world.wiring.trusted_devices.of_account(me.id) == []


def test_the_box_is_beside_codes_that_are_sent_too(world: TokenWorld) -> None:
    me = Citizen(world, 3, **PHONE)
    world.wiring.code_factors[Channel.SMS].enrol(me.id, actor="operator:local")
    of, mailbox = world.add_client(), Mailbox(world)
    page = asks(me, of)
    assert boxes(page)
    page = me.here.submit(page, "otp-form", "otp-submit", otp=mailbox.code("sms"), trust="1")
    me.here.submit(page, "consent-form", "consent-allow")
    assert claims(me, of, asks(me, of))["amr"] == SPARED


def test_nobody_who_may_not_is_offered_it_or_gets_it_by_asking(me: Citizen) -> None:
    proposal = Proposal(f"account:{me.id}", Role.AUDITOR, TOP, me.world.clock.now(), None)
    of = me.world.add_client()
    me.world.wiring.admins.grant(proposal, by="operator:local", reason="thử")
    page = asks(me, of)
    assert not boxes(page)
    assert claims(me, of, typed(me, page, trust="1"))["acr"] == LOA_2
    assert me.world.wiring.trusted_devices.of_account(me.id) == []


def test_our_own_pages_and_administration_do_not_offer_it(me: Citizen) -> None:
    console = me.world.add_client(scope="openid admin:clients:read")
    assert not boxes(asks(me, console, scope="openid admin:clients:read"))
    page = browser(me.world).open(f"{ISSUER}/account/security")
    assert not boxes(page)


def test_a_department_that_takes_none_asks_each_time_and_offers_none(me: Citizen) -> None:
    easy, strict = me.world.add_client(), me.world.add_client(accept_trusted_devices=False)
    claims(me, easy, typed(me, asks(me, easy), trust="1"))
    assert claims(me, easy, asks(me, easy))["amr"] == SPARED
    me.world.clock.advance(30)  # type: ignore[attr-defined]
    page = asks(me, strict)
    assert page.form("otp-form") is not None
    assert not boxes(page)
    found = claims(me, strict, typed(me, page, trust="1"))
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", "otp", "mfa"])
    assert len(me.world.wiring.trusted_devices.of_account(me.id)) == 1


def test_tokens_for_the_resource_of_such_a_department_are_asked_a_code_for_too(me: Citizen) -> None:
    register = "https://dat-dai.example.vn/api"
    me.world.add_client(accept_trusted_devices=False, resource_identifiers=[register])
    of = me.world.add_client(allowed_resources=[register])
    claims(me, of, typed(me, asks(me, of), trust="1"))
    assert claims(me, of, asks(me, of))["amr"] == SPARED
    assert asks(me, of, resource=register).form("otp-form") is not None


def test_it_is_told_what_was_proved_where_it_demands_nothing(me: Citizen) -> None:
    easy, strict = me.world.add_client(), me.world.add_client(accept_trusted_devices=False)
    claims(me, easy, typed(me, asks(me, easy), trust="1"))
    found = claims(me, strict, asks(me, strict, acr_values=LOA_1))
    assert (found["acr"], found["amr"]) == (LOA_1, ONE_FACTOR)


def test_switching_it_off_counts_for_the_tokens_of_yesterday(me: Citizen) -> None:
    world, of = me.world, me.world.add_client(minimum_acr=LOA_2)
    claims(me, of, typed(me, asks(me, of, scope="openid offline_access"), trust="1"))
    page = asks(me, of, scope="openid offline_access")
    assert page.callback is not None
    tokens = world.redeem(of, page.callback["code"]).json
    bearer = f"Bearer {tokens['access_token']}"
    assert world.get("/userinfo", bearer).status == 200
    world.wiring.clients.update(of.client.client_id, {**to_metadata(of.client), "accept_trusted_devices": False})
    assert world.introspect(of, tokens["access_token"]).json["acr"] == LOA_1
    refused = world.get("/userinfo", bearer)
    assert (refused.status, refused.json["error"]) == (401, "insufficient_user_authentication")
    again = world.refresh(of, tokens["refresh_token"]).json
    assert world.verified(again["id_token"])["acr"] == LOA_1


def test_switching_it_off_at_a_resource_counts_for_tokens_that_are_refreshed_for_it(me: Citizen) -> None:
    world, register = me.world, "https://dat-dai.example.vn/api"
    owner = world.add_client(resource_identifiers=[register])
    of = world.add_client(allowed_resources=[register])
    wish: dict[str, Any] = {"scope": "openid offline_access", "resource": register}
    claims(me, of, typed(me, asks(me, of, **wish), trust="1"))
    page = asks(me, of, **wish)
    assert page.callback is not None
    tokens = world.redeem(of, page.callback["code"]).json
    world.wiring.clients.update(owner.client.client_id, {**to_metadata(owner.client), "accept_trusted_devices": False})
    again = world.refresh(of, tokens["refresh_token"]).json
    token = world.introspect(of, again["access_token"]).json
    assert (token["aud"], token["acr"], token["amr"]) == (register, LOA_1, ONE_FACTOR)
