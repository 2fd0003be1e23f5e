"""A device without a browser in front of a deployment in process, and the person who types its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.browser import Browser, Page, Person
from tests.support.token_world import ISSUER, Answer, Registered, TokenWorld

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device with its answers."""

    world: TokenWorld
    of: Registered

    def ask(self, **changes: str) -> Answer:
        """Ask for codes; an empty value takes a parameter out."""
        form = {"scope": "openid email", **changes}
        if not self.of.client.is_confidential:
            form = {"client_id": self.of.client.client_id, **form}
        kept = {name: value for name, value in form.items() if value}
        return self.world.post("/device_authorization", kept, self.of.basic if self.of.secret else "")

    def codes(self, **changes: str) -> dict[str, Any]:
        """Return the codes of a request that must be taken."""
        answer = self.ask(**changes)
        assert answer.status == 200, answer.body
        return answer.json

    def poll(self, device_code: str) -> Answer:
        """Poll once."""
        return self.world._token(self.of, {"grant_type": GRANT, "device_code": device_code})

    def error(self, device_code: str) -> str:
        """Return the error of a poll."""
        answer = self.poll(device_code)
        assert answer.status == 400, answer.body
        return str(answer.json["error"])


def device(world: TokenWorld, **metadata: Any) -> Device:
    """Register a device; public unless told otherwise."""
    values = {"grant_types": [GRANT, "refresh_token"], "redirect_uris": [], "token_endpoint_auth_method": "none"}
    return Device(world, world.add_client(**{**values, **metadata}))


def typed(browser: Browser, user_code: str) -> Page:
    """Type the code at the page that the device names."""
    return browser.submit(browser.open(f"{ISSUER}/device"), "device-form", "device-submit", user_code=user_code)


def approve(browser: Browser, user_code: str, person: Person) -> Page:
    """Type the code, sign in, agree."""
    return browser.walk(typed(browser, user_code), person, home=f"{ISSUER}/device/")
