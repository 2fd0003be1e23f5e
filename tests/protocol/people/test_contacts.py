"""Changing how one can be reached, over the page: nothing counts before the code was typed back, and the old address is told."""

from __future__ import annotations

from typing import Any

import pytest

from idp.authn.sent_codes import PAUSE
from idp.model.message import Channel
from tests.support.browser import Browser, Page
from tests.support.in_process import browser, citizen
from tests.support.mailbox import Mailbox
from tests.support.stores import in_parallel
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.told_world import PHONE

PAGE = f"{ISSUER}/account/contacts"
NEW_PHONE = "0905 000 077"


class Owner:
    """A citizen on the page of contacts."""

    def __init__(self, world: TokenWorld, **columns: Any) -> None:
        self.world = world
        self.account, self.person = citizen(world, **columns)
        self.here = browser(world)

    def page(self) -> Page:
        return self.here.walk(PAGE, self.person, home=PAGE)

    def profile(self) -> dict[str, object]:
        return dict(self.world.wiring.accounts.get(self.account).profile)

    def change(self, page: Page, channel: str, value: str) -> Page:
        column = {"mail": "email", "sms": "phone_number"}[channel]
        return self.here.submit(page, f"change-{channel}-form", **{column: value})

    def confirm(self, page: Page, channel: str, code: str, here: Browser | None = None) -> Page:
        return (here or self.here).submit(page, f"confirm-{channel}-form", otp=code)


@pytest.fixture
def owner(told_world: TokenWorld) -> Owner:
    return Owner(told_world, **PHONE)


def fresh(box: Mailbox) -> None:
    """Read away what was sent at the sign-in."""
    box.new()


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_new_number_counts_once_its_code_was_typed_and_the_old_addresses_are_told(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    page = owner.change(page, "sms", NEW_PHONE)
    [message] = box.new()
    assert (message["to"], message["text"]) == ("+84905000077", "contact_code")
    assert owner.profile()["phone_number"] == "+84905000001"
    code = next(word.strip(",.") for word in message["body"].split() if word.strip(",.").isdigit())
    page = owner.confirm(page, "sms", code)
    assert page.url.startswith(PAGE)
    assert (owner.profile()["phone_number"], owner.profile()["phone_number_verified"]) == ("+84905000077", True)
    assert sorted(box.told()) == [
        ("contact_changed", "mail", "mau@example.vn"),
        ("contact_changed", "sms", "+84905000001"),
    ]
    assert page.form("confirm-sms-form") is None
    [event] = owner.world.events("contact:change")
    assert (event["outcome"], event["account_id"]) == ("done", owner.account)
    assert "905000077" not in str(event["detail"]) + str(event["target"])


def test_userinfo_follows(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    owner.confirm(owner.change(page, "mail", "moi@example.vn"), "mail", box.code("mail"))
    client = owner.world.add_client()
    session = owner.world.sign_in(owner.account)
    found = owner.world.userinfo(owner.world.tokens(client, session, scope="openid email")["access_token"]).json
    assert (found["email"], found["email_verified"]) == ("moi@example.vn", True)


def test_a_first_address_is_added(told_world: TokenWorld, box: Mailbox) -> None:
    owner = Owner(told_world, email="", email_verified="")
    page = owner.change(owner.page(), "sms", NEW_PHONE)
    owner.confirm(page, "sms", box.code("sms"))
    assert owner.profile()["phone_number_verified"] is True


def test_an_unverified_address_can_be_verified_and_was_never_written_to(told_world: TokenWorld, box: Mailbox) -> None:
    owner = Owner(told_world, email_verified="false")
    page = owner.change(owner.page(), "mail", "mau@example.vn")
    assert [text for text, _, _ in box.told()] == ["contact_code"]
    assert page.form("confirm-mail-form") is not None


@pytest.mark.parametrize(
    "value", ["", "0905", "mau@example.vn", "+84 9050000770000", "0905000077\r\nBcc: x", "x" * 300]
)
def test_what_is_no_number_is_refused_and_nothing_sent(owner: Owner, box: Mailbox, value: str) -> None:
    page = owner.page()
    fresh(box)
    page = owner.change(page, "sms", value)
    assert page.text_of("problem") or page.status == 400
    assert box.told() == []


def test_the_verified_address_need_not_be_verified_again(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    assert owner.change(page, "sms", "0905000001").text_of("problem")
    assert box.told() == []


def test_a_wrong_code_changes_nothing_and_five_end_it(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    page = owner.change(page, "sms", NEW_PHONE)
    code = box.code("sms")
    for _ in range(5):
        page = owner.confirm(page, "sms", other(code))
    page = owner.confirm(page, "sms", code)
    assert page.text_of("problem")
    assert owner.profile()["phone_number"] == "+84905000001"
    reasons = [event["reason"] for event in owner.world.events("contact:change", outcome="refused")]
    assert reasons == ["wrong_code"] * 5 + ["code_used_up"]


def test_the_code_of_one_session_is_worth_nothing_in_another(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    owner.change(page, "sms", NEW_PHONE)
    code = box.code("sms")
    elsewhere = browser(owner.world)
    page = elsewhere.walk(PAGE, owner.person, home=PAGE)
    assert page.form("confirm-sms-form") is None
    token = str(page.soup.find("input", {"name": "csrf_token"})["value"])  # type: ignore[index]
    answer = elsewhere.session.post(f"{PAGE}/sms/confirm", data={"csrf_token": token, "otp": code})
    assert answer.status_code == 200
    assert owner.profile()["phone_number"] == "+84905000001"


def test_one_of_many_parallel_uses_of_a_code_changes_the_account(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    page = owner.change(page, "sms", NEW_PHONE)
    code = box.code("sms")
    in_parallel(owner.world.database, 8, lambda _number: owner.confirm(page, "sms", code).status)
    assert len(owner.world.events("contact:change", outcome="done")) == 1


def test_an_old_sign_in_has_to_be_renewed_first(owner: Owner) -> None:
    owner.page()
    owner.world.clock.advance(301)
    page = owner.here.open(PAGE)
    assert page.form("login-form") is not None


def test_a_slow_message_costs_nobody_another_sign_in(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    owner.world.clock.advance(290)
    page = owner.change(page, "sms", NEW_PHONE)
    code = box.code("sms")
    owner.world.clock.advance(290)
    owner.confirm(page, "sms", code)
    assert owner.profile()["phone_number"] == "+84905000077"


def test_who_has_a_second_factor_has_to_show_it(owner: Owner, told_world: TokenWorld) -> None:
    wiring = told_world.wiring
    wiring.credentials.enrol_totp(owner.account)
    typed = {"identity_code": owner.person.code, "password": owner.person.password}
    page = owner.here.submit(owner.here.open(PAGE), "login-form", "login-submit", **typed)
    assert page.form("otp-form") is not None
    assert owner.here.open(PAGE).form("change-sms-form") is None


def test_without_a_token_of_the_form_nothing_happens(owner: Owner, box: Mailbox) -> None:
    owner.page()
    fresh(box)
    answer = owner.here.session.post(f"{PAGE}/sms/change", data={"phone_number": NEW_PHONE})
    assert answer.status_code == 400
    assert box.told() == []


@pytest.mark.parametrize("path", ["pigeon/change", "sms/delete"])
def test_what_is_no_form_is_not_found(owner: Owner, path: str) -> None:
    owner.page()
    assert owner.here.session.post(f"{PAGE}/{path}", data={}).status_code == 404


def test_codes_are_turned_on_and_told_by_another_channel(owner: Owner, box: Mailbox) -> None:
    page = owner.page()
    fresh(box)
    page = owner.here.submit(page, "codes-sms-form")
    assert owner.world.wiring.factors.of(owner.account) == {"password", "sms_code"}
    assert box.told() == [("factor_added", "mail", "mau@example.vn")]
    assert page.url == f"{ISSUER}/account?notice=codes_on"


def test_codes_follow_a_changed_number(owner: Owner, box: Mailbox, told_world: TokenWorld) -> None:
    told_world.wiring.code_factors[Channel.SMS].enrol(owner.account, actor="operator:local")
    typed = {"identity_code": owner.person.code, "password": owner.person.password}
    page = owner.here.submit(owner.here.open(PAGE), "login-form", "login-submit", **typed)
    page = owner.here.submit(page, "otp-form", "otp-submit", otp=box.code("sms"))
    told_world.clock.advance(PAUSE)
    page = owner.change(page, "sms", NEW_PHONE)
    owner.confirm(page, "sms", box.code("sms"))
    assert told_world.wiring.factors.of(owner.account) == {"password", "sms_code"}
    assert told_world.wiring.code_factors[Channel.SMS].shown_address(owner.account).endswith("077")


def test_the_page_says_so_where_nothing_can_be_sent(world: TokenWorld) -> None:
    _, person = citizen(world)
    here = browser(world)
    page = here.walk(PAGE, person, home=PAGE)
    assert page.status == 200
    assert page.form("change-sms-form") is None
