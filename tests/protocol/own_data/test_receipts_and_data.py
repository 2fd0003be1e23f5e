"""A person reads the receipt of each agreement, sees who saw their data, and takes a copy of it; nobody else does."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from idp.model.message import Channel
from idp.model.session import Origin
from idp.storage.sqlite import SqliteDatabase
from policies import assurance
from tests.support.clock import FrozenClock
from tests.support.memory_clients import department
from tests.support.token_world import TokenWorld
from tests.support.visit import BASE, Visitor, asked


@pytest.fixture
def world(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> TokenWorld:
    return TokenWorld(tmp_path, sqlite_database, clock)


def agreed(world: TokenWorld, number: int = 1) -> tuple[str, Visitor, str]:
    """Return a person, their browser, and the id of the consent that they gave."""
    account_id = world.add_person(number, email=f"mau{number}@example.vn")
    browser = Visitor(world, account_id)
    browser.allowed(asked(world.add_client()))
    (consent,) = world.wiring.consents.of_account(account_id)
    return account_id, browser, consent.id


def test_a_receipt_says_what_was_shown_and_is_signed(world: TokenWorld) -> None:
    _, browser, consent_id = agreed(world)
    assert consent_id in browser.open("/account/receipts").text
    shown = browser.open(f"/account/receipts/{consent_id}")
    assert shown.status == 200
    purpose = department()["purpose"]
    assert purpose["vi"] in shown.text
    token = browser._http.get(f"/account/receipts/{consent_id}/signed", base_url=BASE)
    claims = world.verified(token.get_data(as_text=True), "consent-receipt+jwt", "jti")
    assert (claims["jti"], claims["kind"], claims["purpose"]) == (consent_id, "consent", purpose)
    assert "email" in claims["claims"]
    assert claims["ended_at"] is None


def test_a_withdrawal_shows_on_the_receipt(world: TokenWorld) -> None:
    account_id, browser, consent_id = agreed(world)
    (consent,) = world.wiring.consents.of_account(account_id)
    world.wiring.consents.withdraw(account_id, consent.client_id, actor=f"account:{account_id}", reason="withdrawn")
    token = browser._http.get(f"/account/receipts/{consent_id}/signed", base_url=BASE)
    claims = world.verified(token.get_data(as_text=True), "consent-receipt+jwt", "jti")
    assert (claims["ended_at"], claims["end_reason"]) == (world.clock.now(), "withdrawn")
    shown = browser.open(f"/account/receipts/{consent_id}").soup
    assert shown.find(id="receipt-ended") is not None
    assert "rút lại" in str(shown.find("h1"))


@pytest.mark.parametrize("reason", ["Công dân đề nghị tại quầy số 3", "superseded"])
def test_a_withdrawal_by_an_officer_is_one_whatever_reason_is_written_down(world: TokenWorld, reason: str) -> None:
    account_id, portal = world.add_person(1), world.add_client()
    browser = Visitor(world, account_id)
    arrived = browser.allowed(asked(portal)).arrived()
    (consent,) = world.wiring.consents.of_account(account_id)
    world.wiring.consents.withdraw(account_id, consent.client_id, actor="account:officer", reason=reason)
    token = browser._http.get(f"/account/receipts/{consent.id}/signed", base_url=BASE)
    claims = world.verified(token.get_data(as_text=True), "consent-receipt+jwt", "jti")
    assert claims["end_reason"] == "withdrawn", (
        "what the officer wrote is for the log, not for whoever is shown the receipt"
    )
    assert "rút lại" in str(browser.open(f"/account/receipts/{consent.id}").soup.find("h1"))
    assert world.events("consent:withdraw")[-1]["reason"] == reason
    assert world.redeem(portal, arrived["code"]).json["error"] == "invalid_grant"


def test_the_receipt_for_a_notice_never_says_that_a_consent_was_withdrawn(world: TokenWorld) -> None:
    account_id, portal = world.add_person(1), world.add_client(legal_basis="public_duty", consent="notice")
    browser = Visitor(world, account_id)
    browser.allowed(asked(portal))
    (notice,) = world.wiring.consents.of_account(account_id)
    assert notice.kind == "notice"
    world.wiring.consents.withdraw(account_id, notice.client_id, actor="account:officer", reason="Nhầm người")
    shown = browser.open(f"/account/receipts/{notice.id}").soup
    assert shown.find(id="receipt-ended") is not None
    assert "rút lại" not in str(shown.find("main"))


def test_the_text_stays_as_it_was_when_the_department_changes_its_own(world: TokenWorld) -> None:
    account_id, browser, consent_id = agreed(world)
    (consent,) = world.wiring.consents.of_account(account_id)
    changed = {**department(), "purpose": {"vi": "Mục đích khác"}, "redirect_uris": ["https://h.example.vn/cb"]}
    world.wiring.clients.update(consent.client_id, changed)
    shown = browser.open(f"/account/receipts/{consent_id}").text
    assert department()["purpose"]["vi"] in shown
    assert "Mục đích khác" not in shown


def test_another_persons_receipt_is_not_there(world: TokenWorld) -> None:
    _, _, consent_id = agreed(world)
    _, other, _ = agreed(world, 2)
    for path in (f"/account/receipts/{consent_id}", f"/account/receipts/{consent_id}/signed"):
        assert other.open(path).status == 404


def test_who_looked_is_told_and_staff_are_not_named(world: TokenWorld) -> None:
    account_id, browser, _ = agreed(world)
    world.wiring.accounts.note_shown(account_id, reveal=True, reason="Đối chiếu tại quầy", actor="account:staff-1")
    page = browser.open("/account/data").text
    assert "Đối chiếu tại quầy" in page
    assert "staff-1" not in page


@pytest.mark.parametrize(
    ("reason", "told"), [("search", "Tìm tài khoản theo mã định danh"), ("sessions", "Xem các phiên đăng nhập")]
)
def test_what_an_act_says_by_itself_is_told_in_the_readers_words(world: TokenWorld, reason: str, told: str) -> None:
    account_id, browser, _ = agreed(world)
    world.wiring.accounts.note_shown(account_id, reveal=False, reason=reason, actor="account:staff-1")
    page = browser.open("/account/data")
    assert page.soup.select("tbody tr:first-child td")[-1].get_text() == told


def test_the_copy_holds_everything_and_takes_a_fresh_sign_in(world: TokenWorld) -> None:
    account_id, browser, consent_id = agreed(world)
    page = browser.open("/account/data")
    taken = browser.press(page, "export-submit")
    document = orjson.loads(taken.text)
    assert document["codes"][0]["value"] == "049499000001"
    assert document["profile"]["email"] == "mau1@example.vn"
    assert [one["jti"] for one in document["consents"]] == [consent_id]
    assert len(world.events("account:export", account_id=account_id)) == 1
    world.clock.advance(world.wiring.settings.factors.fresh + 1)
    assert "/signin/" in browser.press(browser.open("/account/data"), "export-submit").url
    stranger = Visitor(world)
    assert "/signin/" in stranger.open("/account/data").url


def test_the_copy_says_of_each_attribute_who_told_it(world: TokenWorld) -> None:
    account_id, browser, _ = agreed(world)
    wiring = world.wiring
    world.clock.advance(60)
    wiring.contact_flow._writer.set_verified(account_id, Channel.MAIL, "moi@example.vn", actor=f"account:{account_id}")
    document = orjson.loads(browser.press(browser.open("/account/data"), "export-submit").text)
    sources = document["sources"]
    assert set(document["profile"]) <= set(sources)
    assert {"cccd", "identity_level"} <= set(sources)
    assert sources["email"] == {"by": "self", "is_upstream": False, "at": world.clock.now()}
    assert sources["name"] == {"by": "operator", "is_upstream": False, "at": wiring.accounts.get(account_id).created_at}


def test_the_copy_holds_what_hangs_on_the_account(world: TokenWorld) -> None:
    account_id, browser, _ = agreed(world)
    world.wiring.credentials.set_password(account_id, "một mật khẩu đủ dài và lạ 71")
    request = world.wiring.data_requests.file(account_id, "delete", "", "Xin xóa số điện thoại cũ")
    document = orjson.loads(browser.press(browser.open("/account/data"), "export-submit").text)
    assert [one["kind"] for one in document["ways_to_sign_in"]] == ["password"]
    assert [(one["number"], one["text"]) for one in document["requests"]] == [(request.number, request.text)]
    assert document["mandates"] == document["linked_accounts"] == []
    assert "argon2" not in str(document)


def test_a_password_alone_opens_no_copy_where_there_is_a_second_factor(world: TokenWorld) -> None:
    account_id, browser, _ = agreed(world)
    world.wiring.credentials.set_password(account_id, "một mật khẩu đủ dài và lạ 71")
    world.wiring.credentials.enrol_totp(account_id)
    assert "/signin/" in browser.press(browser.open("/account/data"), "export-submit").url
    assert world.events("account:export") == []


@pytest.mark.parametrize("path", ["/account/receipts/%00", "/admin/clients/%00", "/ssf/poll/a%0ab", "/signin/%7f"])
def test_an_address_with_a_control_character_is_not_there(each_world: TokenWorld, path: str) -> None:
    browser = Visitor(each_world, each_world.add_person(4))
    assert browser._http.open(path, method="GET", base_url=BASE).status_code in {404, 405}


def test_the_copy_is_not_handed_out_without_the_forms_token(world: TokenWorld) -> None:
    account_id = world.add_person(3)
    browser = Visitor(world)
    _, secret = world.wiring.sessions.start(account_id, assurance.LOA_1, ("pwd",), Origin("192.0.2.7", "thử"))
    browser._http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)
    answer = browser._http.post("/account/data", base_url=BASE)
    assert answer.status_code == 400
    assert world.events("account:export") == []
