"""The form of the last step leads to the department at once; after any other the browser comes back for the next page."""

from __future__ import annotations

from typing import Any

from bs4 import Tag

from tests.support.browser import Person
from tests.support.in_process import citizen
from tests.support.token_world import REDIRECT, Registered, TokenWorld
from tests.support.visit import BASE, Landing, Visitor, asked


def posted(visitor: Visitor, page: Landing, button: str, **values: Any) -> Any:
    """Submit the page's form and return the very answer, without following it."""
    form = page.soup.find("form", id=True)
    assert isinstance(form, Tag)
    hidden = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input", type="hidden")}
    return visitor._http.post(page.url, data={**hidden, button: "1", **values}, base_url=BASE)


def typed(person: Person) -> dict[str, str]:
    """Return what the person types into the form of the sign-in."""
    return {"identity_code": person.code, "password": person.password}


def test_who_agrees_is_sent_to_the_department_at_once(world: TokenWorld, portal: Registered) -> None:
    visitor = Visitor(world, world.add_person(71))
    page = visitor.authorize(asked(portal))
    assert page.form == "consent-form"
    answer = posted(visitor, page, "consent-allow", claim=["email"])
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{REDIRECT}?")
    assert "code=" in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_last_step_answers_once_however_often_its_form_is_sent(world: TokenWorld, portal: Registered) -> None:
    visitor = Visitor(world, world.add_person(71))
    page = visitor.authorize(asked(portal))
    first = posted(visitor, page, "consent-allow", claim=["email"])
    second = posted(visitor, page, "consent-allow", claim=["email"])
    assert "code=" in first.headers["Location"]
    assert (second.status_code, second.headers.get("Location")) == (400, None)


def test_a_sign_in_that_was_the_last_step_brings_its_session_along(world: TokenWorld, portal: Registered) -> None:
    account_id, person = citizen(world, 72)
    Visitor(world, account_id).allowed(asked(portal))
    visitor = Visitor(world)
    page = visitor.authorize(asked(portal))
    assert page.form == "login-form"
    answer = posted(visitor, page, "login-submit", **typed(person))
    assert "code=" in answer.headers["Location"]
    assert any(cookie.startswith("__Host-idp_session=") for cookie in answer.headers.getlist("Set-Cookie"))
    silent = visitor.authorize(asked(portal, prompt="none"))
    assert "code" in silent.arrived()


def test_after_a_step_that_is_not_the_last_the_browser_comes_back(world: TokenWorld, portal: Registered) -> None:
    (_, person), visitor = citizen(world, 73), Visitor(world)
    page = visitor.authorize(asked(portal))
    answer = posted(visitor, page, "login-submit", **typed(person))
    assert answer.headers["Location"] == page.url
    assert visitor.open(page.url).form == "consent-form"


def test_an_answer_that_is_a_page_is_fetched_so_that_the_back_button_sends_no_form_again(
    world: TokenWorld, portal: Registered
) -> None:
    visitor = Visitor(world, world.add_person(71))
    page = visitor.authorize(asked(portal, response_mode="form_post"))
    answer = posted(visitor, page, "consent-allow", claim=["email"])
    assert answer.headers["Location"] == page.url
    assert visitor.open(page.url).mode == "form_post"


def test_own_page_that_asked_for_a_sign_in_is_reached_at_once(world: TokenWorld) -> None:
    (_, person), visitor = citizen(world, 74), Visitor(world)
    page = visitor.open("/account")
    answer = posted(visitor, page, "login-submit", **typed(person))
    assert answer.headers["Location"] == "/account"
    assert visitor.open("/account").status == 200
