"""CIBA in poll mode: the department asks, the person answers on the account page, the department collects."""

from __future__ import annotations

import re

import pytest

from idp import handles
from tests.support.browser import Person
from tests.support.ciba_world import GRANT, Caller, account_page, approve, caller, reviewed
from tests.support.device_world import device
from tests.support.in_process import browser, citizen
from tests.support.token_world import ISSUER, TokenWorld


@pytest.fixture
def desk(world: TokenWorld) -> Caller:
    """Return a department's desk."""
    return caller(world)


@pytest.fixture
def person(world: TokenWorld) -> Person:
    """Return the citizen 049499000001."""
    return citizen(world)[1]


@pytest.mark.spec("CIBA Core", "7.3")
def test_the_acknowledgement_has_an_id_a_life_and_an_interval(desk: Caller, person: Person) -> None:
    answer = desk.ask()
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert (answer.json["expires_in"], answer.json["interval"]) == (300, 5)
    assert len(answer.json["auth_req_id"]) >= 43
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", desk.request()) for _ in range(20))


@pytest.mark.spec("CIBA Core", "8")
@pytest.mark.spec("CIBA Core", "10.1")
@pytest.mark.spec("CIBA Core", "11")
def test_the_person_approves_on_the_account_page_and_the_department_gets_tokens(
    world: TokenWorld, desk: Caller, person: Person
) -> None:
    auth_req_id = desk.request()
    assert desk.error(auth_req_id) == "authorization_pending"
    own = browser(world)
    page = account_page(own, person)
    message = page.soup.find(class_="request-message")
    assert message is not None
    assert message.get_text() == "Quầy 3, số 71"
    page = reviewed(own, person)
    assert page.text_of("elsewhere-message") == "Quầy 3, số 71"
    page = own.submit(page, "consent-form", "consent-allow", claim="email")
    assert page.url.startswith(f"{ISSUER}/account")
    world.clock.advance(5)
    tokens = desk.poll(auth_req_id).json
    claims = world.verified(tokens["id_token"])
    assert claims["aud"] == desk.of.client.client_id
    assert world.userinfo(tokens["access_token"]).json["email"] == "mau@example.vn"
    assert world.refresh(desk.of, tokens["refresh_token"]).status == 200
    assert len(world.events("token:ciba", outcome="done")) == 1
    assert desk.error(auth_req_id) == "invalid_grant"


@pytest.mark.spec("CIBA Core", "11")
def test_a_person_who_declines_denies_the_request(world: TokenWorld, desk: Caller, person: Person) -> None:
    auth_req_id, own = desk.request(), browser(world)
    own.submit(reviewed(own, person), "consent-form", "consent-deny")
    assert desk.error(auth_req_id) == "access_denied"
    assert account_page(own, person).soup.find("form", class_="request-form") is None


@pytest.mark.spec("CIBA Core", "11")
def test_a_request_that_ran_out_is_expired_and_waits_for_nobody(
    world: TokenWorld, desk: Caller, person: Person
) -> None:
    auth_req_id = desk.request(requested_expiry="30")
    world.clock.advance(30)
    assert desk.error(auth_req_id) == "expired_token"
    assert account_page(browser(world), person).soup.find("form", class_="request-form") is None


@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.parametrize(("asked", "expected"), [("30", 30), ("99999", 1800), ("", 300)])
def test_the_life_that_is_asked_is_given_within_bounds(desk: Caller, person: Person, asked: str, expected: int) -> None:
    assert desk.ask(requested_expiry=asked).json["expires_in"] == expected


@pytest.mark.spec("CIBA Core", "11")
def test_polling_too_fast_is_slowed_down(world: TokenWorld, desk: Caller, person: Person) -> None:
    auth_req_id = desk.request()
    assert [desk.error(auth_req_id), desk.error(auth_req_id)] == ["authorization_pending", "slow_down"]
    world.clock.advance(9)
    assert desk.error(auth_req_id) == "slow_down", "the interval grew by five seconds for good"
    world.clock.advance(15)
    assert desk.error(auth_req_id) == "authorization_pending"


def test_nobody_can_tell_a_known_person_from_an_unknown_one(world: TokenWorld, desk: Caller, person: Person) -> None:
    locked = world.add_person(7)
    world.wiring.accounts.change_state(locked, "locked", reason="authority_request")
    answers = [desk.ask(login_hint=hint) for hint in ("049499000001", "049499000002", "049499000007", "không phải số")]
    assert {answer.status for answer in answers} == {200}
    assert len({tuple(sorted(answer.json)) for answer in answers}) == 1
    polls = [desk.poll(answer.json["auth_req_id"]) for answer in answers]
    assert len({(poll.status, poll.json["error"], poll.json["error_description"]) for poll in polls}) == 1
    world.clock.advance(300)
    assert {desk.error(answer.json["auth_req_id"]) for answer in answers} == {"expired_token"}


@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.parametrize(
    "hints",
    [
        {"login_hint": ""},
        {"id_token_hint": "x.y.z"},
        {"login_hint": "", "id_token_hint": "x.y.z"},
        {"login_hint": "", "login_hint_token": "x.y.z"},
        {"login_hint_token": "x.y.z"},
        {"login_hint": "0" * 9000},
    ],
)
def test_exactly_one_hint_that_can_be_read_is_needed(desk: Caller, hints: dict[str, str]) -> None:
    assert desk.refused(**hints) == "invalid_request"


@pytest.mark.spec("CIBA Core", "7.2")
@pytest.mark.spec("CIBA Core", "7.1")
def test_an_id_token_of_the_client_names_its_person(world: TokenWorld, desk: Caller, person: Person) -> None:
    first = desk.request()
    approve(browser(world), person)
    id_token = desk.poll(first).json["id_token"]
    claims = world.verified(id_token)
    world.clock.advance(3600)
    second = desk.request(login_hint="", id_token_hint=id_token)
    approve(browser(world), person)
    assert world.verified(desk.poll(second).json["id_token"])["sub"] == claims["sub"]
    assert caller(world).refused(login_hint="", id_token_hint=id_token) == "invalid_request"


@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.spec("CIBA Core", "13")
@pytest.mark.parametrize("message", ["x" * 101, "a\u202eb", "\u200b"])
def test_a_message_that_cannot_be_compared_by_eye_is_refused(desk: Caller, message: str) -> None:
    assert desk.refused(binding_message=message) == "invalid_binding_message"


@pytest.mark.spec("CIBA Core", "7.2")
@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.spec("CIBA Core", "13")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "email"}, "invalid_scope"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "-5"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_refused_and_recorded(
    world: TokenWorld, desk: Caller, changes: dict[str, str], error: str
) -> None:
    assert desk.refused(**changes) == error
    assert world.events("backchannel:authenticate")[0]["outcome"] == "refused"


@pytest.mark.spec("CIBA Core", "7.1")
def test_the_client_must_prove_itself_and_be_registered_for_the_grant(world: TokenWorld, desk: Caller) -> None:
    answer = world.post("/bc-authorize", {"client_id": desk.of.client.client_id, "scope": "openid", "login_hint": "1"})
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert Caller(world, world.add_client()).refused() == "unauthorized_client"


def test_another_person_neither_sees_nor_answers_the_request(world: TokenWorld, desk: Caller, person: Person) -> None:
    auth_req_id = desk.request()
    other, own = citizen(world, 2)[1], browser(world)
    page = account_page(own, other)
    assert page.soup.find("form", class_="request-form") is None
    form = page.form("end-all")
    assert form is not None
    form["action"] = "/account/requests"
    forged = own.submit(page, "end-all", request=handles.digest(auth_req_id).hex())
    assert forged.text_of("error-code") == "invalid_request"
    assert desk.error(auth_req_id) == "authorization_pending"


def test_an_id_of_one_kind_is_no_code_of_the_other(world: TokenWorld, desk: Caller, person: Person) -> None:
    tv = device(world)
    assert tv.error(desk.request()) == "invalid_grant"
    assert desk.error(tv.codes()["device_code"]) == "invalid_grant"


@pytest.mark.spec("CIBA Core", "11")
@pytest.mark.spec("CIBA Core", "10.1")
def test_an_id_of_another_client_is_unknown(world: TokenWorld, desk: Caller, person: Person) -> None:
    auth_req_id = desk.request()
    approve(browser(world), person)
    assert caller(world).error(auth_req_id) == "invalid_grant"
    assert desk.poll(auth_req_id).status == 200


def test_a_flood_of_requests_shows_the_newest_eight(world: TokenWorld, desk: Caller, person: Person) -> None:
    for number in range(11):
        world.clock.advance(1)
        desk.request(binding_message=f"Số {number}")
    page = account_page(browser(world), person)
    shown = [one.get_text() for one in page.soup.find_all(class_="request-message")]
    assert shown == [f"Số {number}" for number in range(10, 2, -1)]


@pytest.mark.spec("CIBA Core", "4")
@pytest.mark.spec("CIBA Core", "5")
def test_discovery_says_what_is_offered(world: TokenWorld) -> None:
    document = world.get("/.well-known/openid-configuration").json
    assert document["backchannel_authentication_endpoint"] == f"{ISSUER}/bc-authorize"
    assert document["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert document["backchannel_user_code_parameter_supported"] is False
    assert GRANT in document["grant_types_supported"]


def test_an_approval_from_before_the_persons_mark_is_void(world: TokenWorld, desk: Caller, person: Person) -> None:
    auth_req_id = desk.request()
    approve(browser(world), person)
    world.clock.advance(5)
    account = world.wiring.accounts.find("049499000001").id
    world.wiring.account_marks.void_before(account, world.clock.now(), reason="stolen")
    assert desk.error(auth_req_id) == "invalid_grant"
