"""What people are told of beside a new browser: where it happens, it is told."""

from __future__ import annotations

import pytest

from idp.model.session import Origin
from idp.ports.sessions import ConsentState
from tests.support.in_process import browser, citizen
from tests.support.mailbox import Mailbox
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.told_world import PHONE

MAIL = "mau@example.vn"


@pytest.fixture
def account(told_world: TokenWorld) -> str:
    return citizen(told_world, **PHONE)[0]


def test_signing_out_everywhere_is_told(told_world: TokenWorld, box: Mailbox) -> None:
    own, (_, person) = browser(told_world), citizen(told_world, **PHONE)
    page = own.walk(f"{ISSUER}/account", person, home=f"{ISSUER}/account")
    box.new()
    own.submit(page, "end-all")
    assert box.told() == [("sessions_ended", "mail", MAIL)]


def test_where_no_session_was_live_nothing_is_told(told_world: TokenWorld, box: Mailbox, account: str) -> None:
    told_world.wiring.sessions.end_all(account, "sign_out_everywhere", "operator:local")
    assert box.told() == []


def test_a_lock_is_told_once_and_not_as_the_end_of_sessions_too(
    told_world: TokenWorld, box: Mailbox, account: str
) -> None:
    told_world.wiring.sessions.start(account, "urn:dinhdanh:loa:1", ("pwd",), Origin("192.0.2.7", "thử"))
    told_world.wiring.sessions.end_all(account, "account_locked", "operator:local")
    assert box.told() == []


def test_what_an_operator_does_to_factors_is_told(told_world: TokenWorld, box: Mailbox, account: str) -> None:
    credentials = told_world.wiring.credentials
    credentials.enrol_totp(account)
    credentials.set_password(account, "mật khẩu do cán bộ cấp 27", must_change=True)
    credentials.remove(account, "totp")
    assert [text for text, _, _ in box.told()] == [
        "factor_added",
        "password_changed",
        "factor_removed",
        "factor_removed",
    ]


def test_a_first_password_at_the_counter_is_no_change(told_world: TokenWorld, box: Mailbox) -> None:
    citizen(told_world, **PHONE)
    assert box.told() == []


def test_a_withdrawn_consent_is_told_once(told_world: TokenWorld, box: Mailbox, account: str) -> None:
    consents, client = told_world.wiring.consents, told_world.add_client().client.client_id
    consents.give(account, client, "s", ConsentState("consent", "openid", 2, 0, "v1"))
    for expected in (True, False):
        assert consents.withdraw(account, client, actor="operator:local", reason="thử") is expected
    assert box.told() == [("consent_withdrawn", "mail", MAIL)]
