"""One deployment, set up as docs/conformance.md says, with a client for each response type, and a person with every claim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from tests.conformance.fapi import CALLBACK, QUERY, Bank, Manner
from tests.conformance.suite import Suite
from tests.conformance.variants import IS_FULL, TYPES, Variant
from tests.support.browser import Browser, Person
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

        self.clients["signals"] = self.world.client(
            scope="openid ssf.read ssf.manage", id_token_signed_response_alg="RS256", require_pkce=False
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


MANNERS: Final = tuple(
    Manner(auth, bound_by, is_signed)
    for is_signed in (False, True)
    for auth, bound_by in (("private_key_jwt", "dpop"), ("private_key_jwt", "mtls"), ("mtls", "mtls"), ("mtls", "dpop"))
)
_TRIED: Final = MANNERS if IS_FULL else (MANNERS[0], MANNERS[1], MANNERS[2], MANNERS[4], MANNERS[6])
EVERY_MANNER: Final = pytest.mark.parametrize("manner", _TRIED, ids=lambda one: one.name)
"""Run a module with each client authentication and each way to bind tokens, unsigned and signed; by default not with all eight mixes."""


@dataclass
class Banks:
    """A running provider behind a proxy that hands certificates on, and two clients for each manner."""

    world: World
    made: dict[tuple[Manner, bool], Bank] = field(default_factory=dict)
    person: Person = field(default_factory=lambda: Person("", ""))

    def prepare(self) -> None:
        """Register them."""
        self.person = replace(self.world.person(**COLUMNS), optional_claims=CLAIMS)
        for manner in MANNERS:
            for is_second in (False, True):
                bank = Bank(self.world, self.person, manner, f"{CALLBACK}{QUERY}" if is_second else CALLBACK)
                bank.client = self.world.client(**bank.registration())
                self.made[manner, is_second] = bank

    def bank(self, manner: Manner, *, is_second: bool = False) -> Bank:
        """Return a client in a fresh browser."""
        bank = self.made[manner, is_second]
        bank.browser = Browser(CALLBACK)
        return bank


@pytest.fixture(scope="session")
def banks() -> Iterator[Banks]:
    """Run a provider for the plans of FAPI 2.0."""
    made: list[Banks] = []

    def prepare(world: World) -> None:
        made.append(Banks(world))
        made[0].prepare()

    settings = {"PROXY__TRUSTED": '["127.0.0.1"]'}
    with deployed("sqlite", settings=settings, prepare=prepare):
        yield made[0]


@pytest.fixture(params=[Manner(), Manner(is_signed=True)], ids=lambda one: one.name)
def manner(request: pytest.FixtureRequest) -> Manner:
    """Return by which row of the plans the clients go."""
    found: Manner = request.param
    return found


@pytest.fixture
def bank(banks: Banks, manner: Manner) -> Bank:
    """Return the client."""
    return banks.bank(manner)


@pytest.fixture
def second(banks: Banks, manner: Manner) -> Bank:
    """Return the second client, whose redirect URI has a query."""
    return banks.bank(manner, is_second=True)
