"""A department that asks a person by the backchannel, in front of a deployment in process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.browser import Browser, Page, Person
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

GRANT = "urn:openid:params:grant-type:ciba"


@dataclass(frozen=True, slots=True)
class Caller:
    """A registered department with its answers."""

    world: TokenWorld
    of: Registered

    def ask(self, **changes: str) -> Answer:
        """Ask for a person; an empty value takes a parameter out."""
        form = {"scope": "openid email", "login_hint": "049499000001", "binding_message": "Quầy 3, số 71", **changes}
        kept = {name: value for name, value in form.items() if value}
        return self.world.post("/bc-authorize", kept, self.of.basic)

    def request(self, **changes: str) -> str:
        """Return the id of a request that must be taken."""
        answer = self.ask(**changes)
        assert answer.status == 200, answer.body
        return str(answer.json["auth_req_id"])

    def refused(self, **changes: str) -> str:
        """Return the error of a request that must be refused."""
        answer = self.ask(**changes)
        assert answer.status >= 400, answer.body
        return str(answer.json["error"])

    def poll(self, auth_req_id: str) -> Answer:
        """Poll once."""
        return self.world._token(self.of, {"grant_type": GRANT, "auth_req_id": auth_req_id})

    def error(self, auth_req_id: str) -> str:
        """Return the error of a poll."""
        answer = self.poll(auth_req_id)
        assert answer.status == 400, answer.body
        return str(answer.json["error"])


def caller(world: TokenWorld, **metadata: Any) -> Caller:
    """Register a department; poll mode unless told otherwise."""
    values = {"grant_types": [GRANT, "refresh_token"], "redirect_uris": [], "backchannel_token_delivery_mode": "poll"}
    return Caller(world, world.add_client(**{**values, **metadata}))


def account_page(browser: Browser, person: Person) -> Page:
    """Sign in to the account page."""
    return browser.walk(f"{ISSUER}/account", person, home=f"{ISSUER}/account")


def reviewed(browser: Browser, person: Person) -> Page:
    """Return the consent page of the newest waiting request."""
    page = account_page(browser, person)
    return browser.submit(page, "request-1")


def approve(browser: Browser, person: Person) -> Page:
    """Agree to the newest waiting request."""
    return browser.submit(reviewed(browser, person), "consent-form", "consent-allow")
