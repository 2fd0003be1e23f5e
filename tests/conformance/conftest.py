"""One deployment, set up as docs/conformance.md says, with a client for each response type, and a person with every claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from tests.conformance.suite import Suite
from tests.conformance.variants import TYPES, Variant
from tests.support.browser import Person
from tests.support.world import World, deployed

SETTINGS: Final = {
    "REGISTRATION__MODE": "open",
    "REGISTRATION__SANDBOX": "true",
    "REGISTRATION__REQUIRE_PKCE": "false",
    "REQUESTS__LEGACY_RESPONSES": "true",
    "THROTTLE__ENABLED": "true",
}
COLUMNS: Final[dict[str, Any]] = {
    "name": "Công dân mẫu 01", "family_name": "Công", "given_name": "01", "middle_name": "dân mẫu",
    "nickname": "Mẫu", "preferred_username": "mau01", "gender": "male", "birthdate": "2199-05-01",
    "email": "mau01@example.vn", "email_verified": "true", "phone_number": "+84905000001",
    "phone_number_verified": "true", "address_formatted": "1 Bạch Đằng, Đà Nẵng", "address_locality": "Đà Nẵng",
    "address_country": "VN", "profile": "https://example.vn/mau01", "picture": "https://example.vn/mau01.png",
    "website": "https://example.vn/", "zoneinfo": "Asia/Ho_Chi_Minh", "locale": "vi-VN",
}  # fmt: skip
CLAIMS: Final = (
    *("name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "gender", "birthdate"),
    *("profile", "picture", "website", "zoneinfo", "locale", "updated_at", "email", "email_verified"),
    *("phone_number", "phone_number_verified", "address"),
)


@dataclass
class Deployment:
    """A running provider, the clients that its operator registered for the suite, and a person."""

    world: World
    clients: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    person: Person = field(default_factory=lambda: Person("", ""))

    def prepare(self) -> None:
        """Register what the static variants of the plans are configured with."""
        self.person = replace(self.world.person(**COLUMNS), optional_claims=CLAIMS)
        for kind in TYPES:
            grants = [*(["authorization_code", "refresh_token"] if "code" in kind.split() else [])]
            given = {
                "response_types": [kind], "grant_types": grants + (["implicit"] if kind != "code" else []),
                "require_pkce": False, "id_token_signed_response_alg": "RS256",
            }  # fmt: skip
            self.clients[kind] = self.world.client(**given)
            if grants:
                self.clients[f"{kind} second"] = self.world.client(**given)
                self.clients[f"{kind} post"] = self.world.client(
                    **given, token_endpoint_auth_method="client_secret_post"
                )

    def suite(self, variant: Variant, which: str = "") -> Suite:
        """Return a run of a module with the client of a response type; ``which`` is ``second`` or ``post``."""
        return Suite(self.world, variant, self.person, self.clients[f"{variant.response_type} {which}".strip()])


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """Run a provider for all plans of OpenID Connect."""
    made: list[Deployment] = []

    def prepare(world: World) -> None:
        made.append(Deployment(world))
        made[0].prepare()

    with deployed("sqlite", settings=SETTINGS, prepare=prepare, sections={"requests": {"legacy_responses": True}}):
        yield made[0]


@pytest.fixture
def suite(deployment: Deployment, request: pytest.FixtureRequest) -> Suite:
    """Return a module's run with a variant, see ``variants.over``."""
    return deployment.suite(request.param)
