"""Parallel polls, parallel answers, guesses: what many do at once with what one may do once."""

from __future__ import annotations

import pytest

from idp.storage.tables import transactions
from tests.support.browser import Browser, Page, Person
from tests.support.ciba_world import caller, reviewed
from tests.support.device_world import approve, device, typed
from tests.support.in_process import browser, citizen
from tests.support.stores import in_parallel, stored
from tests.support.token_world import ISSUER, TokenWorld


@pytest.mark.spec("RFC 8628", "3.5")
def test_of_parallel_polls_one_gets_tokens(each_world: TokenWorld) -> None:
    tv, (_, person) = device(each_world), citizen(each_world)
    codes = tv.codes()
    approve(browser(each_world), codes["user_code"], person)
    answers = in_parallel(each_world.database, 8, lambda _: tv.poll(codes["device_code"]))
    assert sorted(answer.status for answer in answers) == [200, *[400] * 7]
    assert {answer.json["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
    tokens = next(answer.json for answer in answers if answer.status == 200)
    assert each_world.userinfo(tokens["access_token"]).status == 200


def test_of_parallel_answers_by_two_people_one_counts(each_world: TokenWorld) -> None:
    tv = device(each_world)
    people = [citizen(each_world, number)[1] for number in (1, 2)]
    codes = tv.codes()
    browsers = [browser(each_world) for _ in people]
    pages = [_at_consent(own, codes["user_code"], person) for own, person in zip(browsers, people, strict=True)]
    ended = in_parallel(
        each_world.database, 2, lambda number: browsers[number].submit(pages[number], "consent-form", "consent-allow")
    )
    assert sorted(bool(page.text_of("device-done")) for page in ended) == [False, True]
    assert tv.poll(codes["device_code"]).status == 200
    assert len(each_world.events("authorization:answer", outcome="done")) == 1


def test_of_parallel_answers_of_one_person_in_two_browsers_one_counts(each_world: TokenWorld) -> None:
    desk, (_, person) = caller(each_world), citizen(each_world)
    auth_req_id = desk.request()
    browsers = [browser(each_world) for _ in range(2)]
    pages = [reviewed(own, person) for own in browsers]
    buttons = ("consent-allow", "consent-deny")
    in_parallel(
        each_world.database, 2, lambda number: browsers[number].submit(pages[number], "consent-form", buttons[number])
    )
    answers = in_parallel(each_world.database, 4, lambda _: desk.poll(auth_req_id))
    assert len(each_world.events("authorization:answer")) == 1
    approved = bool(each_world.events("authorization:answer", outcome="done"))
    assert sorted(answer.status for answer in answers) == ([200, 400, 400, 400] if approved else [400] * 4)


@pytest.mark.spec("RFC 8628", "5.1")
def test_guessing_user_codes_is_stopped_whatever_cookies_are_dropped(world: TokenWorld) -> None:
    tv = device(world)
    right = tv.codes()["user_code"]
    for number in range(60):
        assert typed(browser(world), f"BBBB-{_letters(number)}").status == 200
    page = typed(browser(world), right)
    assert (page.status, "Retry-After" in page.headers) == (429, True)
    assert typed(browser(world, address="198.51.100.9"), right).form("login-form"), "another address is not shut out"
    assert {event["reason"] for event in world.events("device:user-code")} == {"user_code_unknown", "throttled"}


def test_the_form_of_the_code_needs_its_token(world: TokenWorld) -> None:
    own = browser(world)
    page = own.open(f"{ISSUER}/device")
    forged = own.submit(page, "device-form", "device-submit", user_code="BBBB-BBBB", csrf_token="forged")
    assert forged.text_of("error-code") == "invalid_request"


def test_the_transaction_of_a_code_belongs_to_the_browser_that_typed_it(world: TokenWorld) -> None:
    page = typed(browser(world), device(world).codes()["user_code"])
    assert browser(world).open(page.url).text_of("error-code") == "invalid_request"


def test_stored_requests_hold_neither_code_in_clear(world: TokenWorld) -> None:
    codes = device(world).codes()
    rows = repr(stored(world.database, transactions))
    assert "decoupled:" in rows
    assert codes["device_code"] not in rows
    assert codes["user_code"] not in rows
    assert codes["user_code"].replace("-", "") not in rows


def _at_consent(own: Browser, user_code: str, person: Person) -> Page:
    page = typed(own, user_code)
    return own.submit(page, "login-form", "login-submit", identity_code=person.code, password=person.password)


def _letters(number: int) -> str:
    alphabet = "BCDFGHJKLM"
    return "".join(alphabet[int(digit)] for digit in f"{number:04}")
