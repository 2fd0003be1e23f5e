"""Taking away how one can be reached: after a fresh sign-in, told to every address, and never from under a factor in use."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from idp.errors import Conflict, DomainError, NotFound
from idp.model.message import Channel
from idp.model.session import Origin
from policies.assurance import LOA_1
from tests.protocol.people.test_contacts import PAGE, Owner
from tests.support.browser import Page
from tests.support.mailbox import Mailbox
from tests.support.stores import in_parallel
from tests.support.token_world import TokenWorld
from tests.support.told_world import PHONE

PATHS = {"mail": f"{PAGE}/mail/remove", "sms": f"{PAGE}/sms/remove"}


@pytest.fixture
def owner(told_world: TokenWorld) -> Owner:
    return Owner(told_world, **PHONE)


def removed(owner: Owner, channel: str) -> Page:
    page = owner.here.walk(PATHS[channel], owner.person, home=PAGE)
    return owner.here.submit(page, "contact-removal-form", "contact-removal-submit")


@pytest.mark.parametrize(("channel", "column"), [("sms", "phone_number"), ("mail", "email")])
def test_the_address_goes_and_every_address_is_told_that_one_too(
    owner: Owner, box: Mailbox, channel: str, column: str
) -> None:
    owner.page()
    box.new()
    page = removed(owner, channel)
    assert page.url == f"{PAGE}?notice=removed"
    assert column not in owner.profile()
    assert f"{column}_verified" not in owner.profile()
    assert sorted(box.told()) == [
        ("contact_removed", "mail", "mau@example.vn"),
        ("contact_removed", "sms", "+84905000001"),
    ]
    [event] = owner.world.events("contact:remove")
    assert (event["outcome"], event["actor"]) == ("done", f"account:{owner.account}")
    assert "mau@example.vn" not in str(event)
    assert owner.here.open(PATHS[channel]).status == 404


def test_an_old_session_takes_nothing_away(owner: Owner) -> None:
    page = owner.here.walk(PATHS["sms"], owner.person, home=PAGE)
    owner.world.clock.advance(301)  # type: ignore[attr-defined]
    page = owner.here.submit(page, "contact-removal-form", "contact-removal-submit")
    assert page.form("login-form") is not None
    assert owner.profile()["phone_number"] == "+84905000001"


def test_who_has_a_second_factor_shows_it_first(owner: Owner) -> None:
    owner.world.wiring.credentials.enrol_totp(owner.account)
    page = owner.here.open(PATHS["sms"])
    typed = {"identity_code": owner.person.code, "password": owner.person.password}
    page = owner.here.submit(page, "login-form", "login-submit", **typed)
    assert page.form("otp-form") is not None


def test_an_address_of_a_factor_in_use_stays(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    form = owner.here.walk(PATHS["sms"], owner.person, home=PAGE)
    owner.world.wiring.code_factors[Channel.SMS].enrol(owner.account, actor="operator:local")
    box.new()
    # The form was opened before codes were turned on; with them on, the page asks for one first.
    with pytest.raises(DomainError) as refused:
        owner.world.wiring.contact_flow.remove(
            owner.world.wiring.sessions.start(owner.account, LOA_1, ("pwd",), Origin("192.0.2.7", ""))[0],
            Channel.SMS,
            has_factor=True,
        )
    assert refused.value.code == "contact_in_use"
    assert owner.profile()["phone_number"] == "+84905000001"
    assert owner.world.wiring.factors.of(owner.account) == {"password", "sms_code"}
    assert box.told() == []
    [event] = owner.world.events("contact:remove", outcome="refused")
    assert event["reason"] == "contact_in_use"
    assert owner.here.submit(form, "contact-removal-form", "contact-removal-submit").form("otp-form") is not None
    assert page.text_of("remove-sms") is not None


def test_the_page_leads_to_the_factor_that_is_in_the_way(owner: Owner, box: Mailbox) -> None:
    owner.world.wiring.code_factors[Channel.SMS].enrol(owner.account, actor="operator:local")
    page = owner.here.open(PATHS["sms"])
    typed = {"identity_code": owner.person.code, "password": owner.person.password}
    page = owner.here.submit(page, "login-form", "login-submit", **typed)
    page = owner.here.submit(page, "otp-form", "otp-submit", otp=box.code("sms"))
    assert page.soup.find(id="to-factors") is not None
    assert page.soup.find(id="contact-removal-submit") is None
    posted = owner.here.submit(page, "contact-removal-form")
    assert posted.text_of("problem") is not None
    assert owner.profile()["phone_number"] == "+84905000001"


def test_codes_that_are_switched_off_are_not_in_the_way_and_go_too(owner: Owner) -> None:
    factor = owner.world.wiring.code_factors[Channel.SMS]
    factor.enrol(owner.account, actor="operator:local")
    factor.is_on = False
    assert removed(owner, "sms").url == f"{PAGE}?notice=removed"
    assert owner.world.wiring.credentials.kinds(owner.account) == {"password"}


def test_of_sixteen_removals_at_once_one_removes_and_tells(owner: Owner, box: Mailbox) -> None:
    owner.page()
    box.new()
    session = owner.world.wiring.sessions.of_account(owner.account)[0].session

    def remove(_number: int) -> bool:
        with suppress(NotFound, Conflict):
            owner.world.wiring.contact_flow.remove(session, Channel.SMS, has_factor=True)
            return True
        return False

    found: list[Any] = in_parallel(owner.world.database, 16, remove)
    assert found.count(True) == 1
    assert len(box.told()) == 2


def test_codes_and_a_removal_at_the_same_moment_leave_no_factor_without_an_address(owner: Owner) -> None:
    wiring = owner.world.wiring
    session = wiring.sessions.start(owner.account, LOA_1, ("pwd",), Origin("192.0.2.7", ""))[0]

    def act(number: int) -> None:
        with suppress(DomainError):
            if number:
                wiring.code_factors[Channel.SMS].enrol(owner.account, actor="operator:local")
            else:
                wiring.contact_flow.remove(session, Channel.SMS, has_factor=True)

    in_parallel(owner.world.database, 2, act)
    has_address = "phone_number" in owner.profile()
    assert ("sms_code" in wiring.factors.of(owner.account)) <= has_address


def test_nothing_can_be_taken_away_that_is_not_there(owner: Owner) -> None:
    owner.page()
    assert owner.here.open(f"{PAGE}/post/remove").status == 404
