"""Stepping up with a code by SMS or e-mail, over the pages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from idp.authn.sent_codes import PAUSE, TRIES
from idp.errors import Refused
from idp.flows.factor_changes import Here
from idp.model.message import Channel
from idp.model.session import Origin
from policies.assurance import LOA_2
from tests.support.browser import Browser, Page, Person
from tests.support.in_process import browser, citizen
from tests.support.mailbox import BY_FILE, Mailbox
from tests.support.stores import in_parallel
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.told_world import PHONE
from tests.support.visit import asked

LIFE = 300


class Visitor:
    """A citizen with a password and codes by some channels, in a browser at the step-up."""

    def __init__(self, world: TokenWorld, *channels: Channel, **columns: Any) -> None:
        self.world, self.of = world, world.add_client()
        self.account, self.person = citizen(world, **{**PHONE, **columns})
        self.here = browser(world)
        for channel in channels:
            world.wiring.code_factors[channel].enrol(self.account, actor="operator:local")

    def at_step_up(self, here: Browser | None = None, **changes: str) -> Page:
        """Sign in by password where level two is demanded."""
        here = here or self.here
        parameters = "&".join(f"{name}={value}" for name, value in asked(self.of, acr_values=LOA_2, **changes).items())
        page = here.open(f"{ISSUER}/authorize?{parameters}")
        if page.form("login-form") is None:
            return page
        typed = {"identity_code": self.person.code, "password": self.person.password}
        return here.submit(page, "login-form", "login-submit", **typed)

    def typed(self, page: Page, code: str, here: Browser | None = None) -> Page:
        """Type a code."""
        return (here or self.here).submit(page, "otp-form", "otp-submit", otp=code)

    def claims(self, page: Page) -> dict[str, Any]:
        """Walk on to the client and return the ID token's claims."""
        page = self.here.walk(page, Person(self.person.code, self.person.password))
        assert page.callback is not None
        return self.world.verified(self.world.redeem(self.of, page.callback["code"]).json["id_token"])

    def reasons(self) -> list[str]:
        """Return why step-ups were refused."""
        return [str(event["reason"]) for event in self.world.events("session:step-up", outcome="refused")]


@pytest.fixture
def by_sms(told_world: TokenWorld) -> Visitor:
    return Visitor(told_world, Channel.SMS)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


@pytest.mark.parametrize(("channel", "amr"), [(Channel.SMS, "sms"), (Channel.MAIL, "otp")])
def test_a_code_that_was_sent_raises_the_session_to_level_two(
    told_world: TokenWorld, box: Mailbox, channel: Channel, amr: str
) -> None:
    visitor = Visitor(told_world, channel)
    page = visitor.at_step_up()
    assert page.form("otp-form") is not None
    assert "+84905000001" not in page.text
    assert "mau@example.vn" not in page.text
    found = visitor.claims(visitor.typed(page, box.code(channel.value)))
    assert (found["acr"], found["amr"]) == (LOA_2, ["pwd", amr, "mfa"])
    assert len(told_world.events("code:send", outcome="done")) == 1


def test_an_sms_of_a_code_is_one_segment_without_a_link(by_sms: Visitor, box: Mailbox) -> None:
    by_sms.at_step_up()
    [message] = [one for one in box.new() if one["channel"] == "sms"]
    assert len(message["body"].encode("utf-16-be")) // 2 <= 70
    assert re.search(r"\b[0-9]{6}\b", message["body"])
    assert "http" not in message["body"]


def test_a_page_that_is_loaded_anew_sends_nothing(by_sms: Visitor, box: Mailbox) -> None:
    page = by_sms.at_step_up()
    for _ in range(5):
        page = by_sms.here.open(page.url)
    assert [one["channel"] for one in box.new() if one["text"] == "code"] == ["sms"]


def test_another_code_can_be_asked_for_after_a_pause_and_voids_the_first(
    by_sms: Visitor, box: Mailbox, told_world: TokenWorld
) -> None:
    page = by_sms.at_step_up()
    first = box.code("sms")
    early = by_sms.here.submit(page, "resend-form", "otp-again")
    assert (early.status, early.headers["Retry-After"]) == (429, str(PAUSE))
    told_world.clock.advance(PAUSE)
    page = by_sms.here.submit(early, "resend-form", "otp-again")
    second = box.code("sms")
    if first != second:
        page = by_sms.typed(page, first)
        assert page.form("otp-form") is not None
    assert by_sms.claims(by_sms.typed(page, second))["acr"] == LOA_2


def test_a_wrong_code_is_refused_and_recorded_and_the_right_one_still_counts(by_sms: Visitor, box: Mailbox) -> None:
    page = by_sms.at_step_up()
    code = box.code("sms")
    page = by_sms.typed(page, other(code))
    assert page.text_of("problem")
    assert by_sms.reasons() == ["wrong_code"]
    assert by_sms.claims(by_sms.typed(page, code))["acr"] == LOA_2


def test_after_five_wrong_codes_the_right_one_is_refused_too(told_world: TokenWorld, box: Mailbox) -> None:
    visitor = Visitor(told_world, Channel.SMS)
    page = visitor.at_step_up()
    code = box.code("sms")
    for _ in range(TRIES):
        page = visitor.typed(page, other(code))
    page = visitor.typed(page, code)
    assert page.form("otp-form") is not None
    assert page.callback is None
    assert visitor.reasons()[:TRIES] == ["wrong_code"] * TRIES


def test_a_code_that_is_too_old_is_refused(by_sms: Visitor, box: Mailbox, told_world: TokenWorld) -> None:
    page = by_sms.at_step_up()
    code = box.code("sms")
    told_world.clock.advance(LIFE)
    assert by_sms.typed(page, code).callback is None
    assert by_sms.reasons() == ["no_code"]


def test_one_of_many_parallel_uses_of_a_code_raises_a_session(
    by_sms: Visitor, box: Mailbox, told_world: TokenWorld
) -> None:
    page = by_sms.at_step_up()
    code = box.code("sms")
    in_parallel(told_world.database, 16, lambda _number: by_sms.typed(page, code).status)
    assert len(told_world.events("session:step-up", outcome="done")) == 1


def test_a_code_of_another_transaction_or_browser_is_worth_nothing(
    by_sms: Visitor, box: Mailbox, told_world: TokenWorld
) -> None:
    by_sms.at_step_up()
    stolen = box.code("sms")
    told_world.clock.advance(PAUSE)
    thief = browser(told_world)
    page = by_sms.at_step_up(thief)
    own = box.code("sms")
    page = by_sms.typed(page, stolen, thief)
    assert page.form("otp-form") is not None or stolen == own
    assert by_sms.reasons() == ["wrong_code"] or stolen == own


def test_who_has_both_is_asked_for_one_and_offered_the_other(told_world: TokenWorld, box: Mailbox) -> None:
    visitor = Visitor(told_world, Channel.SMS, Channel.MAIL)
    seed = told_world.wiring.credentials.enrol_totp(visitor.account)
    assert seed.secret
    page = visitor.at_step_up()
    assert [one for one in box.new() if one["text"] == "code"] == []
    ways = {str(link["href"]) for link in page.soup.select(".ways a")}
    assert {"?way=sms_code", "?way=mail_code"} <= ways
    page = visitor.here.open(f"{page.url.partition('?')[0]}?way=mail_code")
    assert visitor.claims(visitor.typed(page, box.code("mail")))["amr"] == ["pwd", "otp", "mfa"]


def test_an_address_that_came_by_another_way_gets_no_codes(told_world: TokenWorld, box: Mailbox) -> None:
    visitor = Visitor(told_world, Channel.SMS)
    accounts = told_world.wiring.accounts
    profile = {**accounts.get(visitor.account).profile, "phone_number": "+84905000099"}
    accounts.update(visitor.account, profile, reason="thử")
    assert told_world.wiring.factors.of(visitor.account) == {"password"}
    page = visitor.at_step_up(prompt="login")
    assert page.form("otp-form") is None or [one for one in box.new() if one["text"] == "code"] == []


@pytest.mark.parametrize("off", [{"factor": False}, {"carrier": "off"}])
def test_an_operator_can_switch_a_channel_off(
    tmp_path: Any, sqlite_database: Any, clock: Any, off: dict[str, Any]
) -> None:
    on = TokenWorld(tmp_path, sqlite_database, clock, **BY_FILE)
    account, _ = citizen(on, **PHONE)
    on.wiring.code_factors[Channel.SMS].enrol(account, actor="operator:local")
    assert on.wiring.factors.of(account) == {"password", "sms_code"}
    without = TokenWorld(tmp_path, sqlite_database, clock, **{**BY_FILE, "sms": {**BY_FILE["sms"], **off}})
    assert without.wiring.factors.of(account) == {"password"}
    # What is off is nothing to be left with: the app is the last that reaches the level, and what is off may go.
    credentials, changes = without.wiring.credentials, without.wiring.factor_changes
    credentials.enrol_totp(account)
    here = Here(
        without.wiring.sessions.start(account, LOA_2, ("pwd", "otp"), Origin("192.0.2.7", ""))[0], Origin("", "")
    )
    password, app = changes.enrolled(account)
    assert not changes.may_remove(app, (password, app))
    with pytest.raises(Refused, match="last"):
        changes.remove(here, "totp", "totp")
    assert credentials.kinds(account) == {"password", "totp", "sms_code"}
    changes.remove(here, "sms_code", "sms_code")
    assert credentials.kinds(account) == {"password", "totp"}


def test_a_person_sees_the_factor_and_takes_it_away_again(told_world: TokenWorld, box: Mailbox) -> None:
    visitor = Visitor(told_world, Channel.SMS, Channel.MAIL)
    visitor.typed(visitor.at_step_up(), box.code("sms"))
    page = visitor.here.open(f"{ISSUER}/account/security")
    rows = {str(row["data-factor"]): row.get_text(" ", strip=True) for row in page.soup.select("[data-factor]")}
    assert "••••••001" in rows["sms_code"]
    assert "+84905000001" not in page.text
    page = visitor.here.open(f"{ISSUER}/account/security/remove/sms_code/sms_code")
    form = page.soup.select_one("main form")
    assert form is not None
    visitor.here.submit(page, str(form["id"]))
    assert told_world.wiring.factors.of(visitor.account) == {"password", "mail_code"}
    told = {(text, channel) for text, channel, _ in box.told()}
    assert {("factor_removed", "mail"), ("factor_removed", "sms")} <= told


def test_a_flood_of_requests_sends_a_few_messages(by_sms: Visitor, box: Mailbox, told_world: TokenWorld) -> None:
    page = by_sms.at_step_up()
    sent, statuses = box.told(), []
    for _ in range(12):
        told_world.clock.advance(PAUSE)
        page = by_sms.here.submit(page, "resend-form", "otp-again")
        statuses.append(page.status)
        sent += box.told()
    assert [text for text, _, _ in sent].count("code") == 6
    assert statuses == [200] * 5 + [429] * 7


def test_level_one_needs_no_code(by_sms: Visitor, box: Mailbox) -> None:
    page = by_sms.here.open(f"{ISSUER}/account")
    typed = {"identity_code": by_sms.person.code, "password": by_sms.person.password}
    page = by_sms.here.submit(page, "login-form", "login-submit", **typed)
    assert page.form("otp-form") is None
    assert [one for one in box.new() if one["text"] == "code"] == []
