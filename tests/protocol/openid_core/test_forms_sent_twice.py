"""A form that is sent twice (a double click, a reload while the answer is on its way) leads where it would have led once."""

from __future__ import annotations

from typing import Any

from bs4 import Tag

from tests.support.in_process import citizen
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Landing, Visitor, asked


def posted(visitor: Visitor, page: Landing, button: str, **values: Any) -> str:
    """Submit the page's form and return where its answer leads, without going there."""
    form = page.soup.find("form", id=True)
    assert isinstance(form, Tag)
    hidden = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input", type="hidden")}
    answer = visitor._http.post(page.url, data={**hidden, button: "1", **values}, base_url=BASE)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_consent_given_twice_leads_to_the_department(world: TokenWorld, portal: Registered) -> None:
    visitor = Visitor(world, world.add_person(71))
    page = visitor.authorize(asked(portal))
    assert posted(visitor, page, "consent-allow", claim=["email"]) == page.url
    assert "code" in visitor.press(page, "consent-allow", claim=["email"]).arrived()


def test_password_sent_twice_leads_to_the_department(world: TokenWorld, portal: Registered) -> None:
    account_id, person = citizen(world, 72)
    Visitor(world, account_id).allowed(asked(portal))
    visitor = Visitor(world)
    page = visitor.authorize(asked(portal))
    typed = {"identity_code": person.code, "password": person.password}
    assert posted(visitor, page, "login-submit", **typed) == page.url
    assert "code" in visitor.press(page, "login-submit", **typed).arrived()


def test_password_sent_twice_leads_to_ones_own_page(world: TokenWorld) -> None:
    _, person = citizen(world, 73)
    visitor = Visitor(world)
    page = visitor.open("/account")
    typed = {"identity_code": person.code, "password": person.password}
    assert posted(visitor, page, "login-submit", **typed) == page.url
    assert visitor.press(page, "login-submit", **typed).status == 200
