"""A deployment in process with a business, its representative and a department's system that takes both capacities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bs4 import Tag

from idp.model.mandate import Mandate
from idp.model.session import Origin
from idp.services.mandate_drafts import Draft
from policies import assurance
from tests.support.token_world import Registered, TokenWorld
from tests.support.visit import BASE, Landing, Visitor, asked

BUSINESS: Final = "0100233488"
CAPACITIES: Final = ["person", "organisation", "child"]


class Town:
    """``an`` represents ``business``; ``binh`` does not; ``system`` takes people, businesses and children."""

    def __init__(self, world: TokenWorld) -> None:
        self.world = world
        self.an, self.binh = world.add_person(1), world.add_person(2)
        self.business = self.add_business()
        self.system = world.add_client(capacities=CAPACITIES)

    @property
    def mandates(self) -> Any:
        """Return the service."""
        return self.world.wiring.mandates

    def add_business(self, code: str = BUSINESS, name: str = "Công ty mẫu 01") -> str:
        """Add an account with a tax code."""
        accounts = self.world.wiring.accounts
        return str(accounts.add(accounts.draft({"code_type": "mst", "code": code, "name": name})))

    def add_business_at(self, unit: str, code: str = "0101243150") -> str:
        """Add an account with a tax code that belongs to a unit."""
        accounts = self.world.wiring.accounts
        return str(accounts.add(accounts.draft({"code_type": "mst", "code": code, "name": "Mẫu", "unit": unit})))

    def represent(self, actor: str | None = None, principal: str | None = None, **changes: Any) -> Mandate:
        """Record and accept a mandate of the representative."""
        draft = Draft("representative", principal or self.business, actor or self.an, "business_registration")
        made = self.mandates.propose(replace(draft, may_delegate=True, **changes), reason="register")
        found: Mandate = self.mandates.accept(made.id, actor or self.an)
        return found

    def visitor(self, who: str | None = None) -> Visitor:
        """Return a browser in which somebody is signed in."""
        return Visitor(self.world, who or self.an)

    def choose(self, browser: Visitor, chosen: str, of: Registered | None = None, **changes: str | None) -> Landing:
        """Ask, choose, agree; returns what arrived at the client."""
        page = browser.authorize(asked(of or self.system, **changes))
        if page.form == "capacity-form":
            page = browser.press(page, "capacity-submit", capacity=chosen)
        return browser.press(page, "consent-allow") if page.form == "consent-form" else page

    def redeem(self, landing: Landing, of: Registered | None = None) -> dict[str, Any]:
        """Return the token response for what arrived."""
        answer = self.world.redeem(of or self.system, landing.arrived()["code"])
        assert answer.status == 200, answer.body
        return answer.json

    def tokens(
        self, browser: Visitor, chosen: str, of: Registered | None = None, **changes: str | None
    ) -> dict[str, Any]:
        """Ask, choose, agree and redeem."""
        return self.redeem(self.choose(browser, chosen, of, **changes), of)

    def access(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of the access token."""
        return self.world.verified(tokens["access_token"], "at+jwt")


def sure_visitor(world: TokenWorld, who: str) -> Visitor:
    """Return a browser in which somebody is signed in with two factors."""
    browser = Visitor(world)
    _, secret = world.wiring.sessions.start(who, assurance.LOA_2, ("pwd", "otp", "mfa"), Origin("192.0.2.7", "thử"))
    browser._http.set_cookie("__Host-idp_session", secret, domain="id.example.vn", secure=True)
    return browser


def submit(browser: Visitor, page: Landing, form_id: str, button: str, **values: Any) -> Landing:
    """Submit one of several forms of a page."""
    form = page.soup.find("form", id=form_id)
    assert isinstance(form, Tag), page.text[:300]
    hidden = {str(one["name"]): str(one.get("value", "")) for one in form.find_all("input", type="hidden")}
    target = str(form.get("action") or page.url)
    return browser._landed(browser._http.post(target, data={**hidden, button: "1", **values}, base_url=BASE))
