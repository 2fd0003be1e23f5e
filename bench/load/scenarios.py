"""The scenarios: what is prepared outside the measured time, and the unit that each connection repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Protocol

from bench.load import flows
from bench.load.engine import UnitFactory, closed_loop
from bench.load.flows import Code, Flow, Party

TOKENS_PER_CONNECTION: Final = 40
"""Distinct access tokens that a connection uses in turn, so that no cache holds just one."""


class Subject(Protocol):
    """What a scenario needs of a target."""

    @property
    def party(self) -> Party:
        """Return the client and the endpoints."""

    @property
    def address(self) -> tuple[str, int]:
        """Return where to connect."""

    @property
    def cookies(self) -> list[str]:
        """Return one Cookie header with a live session for each connection, each of another person."""

    @property
    def refresh_tokens(self) -> list[str]:
        """Return the current refresh token of each connection; the scenario keeps it up to date."""

    @property
    def people(self) -> list[tuple[str, str]]:
        """Return code and password of each connection's person; empty where there are no pages."""


class PreparationError(RuntimeError):
    """What a scenario needs could not be had, so nothing was measured."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` gets the target and the number of units to come and returns one unit factory a connection."""

    name: str
    title: str
    requests: int
    units: int
    prepare: Callable[[Subject, int], list[UnitFactory]]


def _run_preparation(subject: Subject, factories: list[UnitFactory], units: int) -> None:
    outcome = closed_loop(subject.address, factories, units)
    if outcome.errors:
        message = f"preparation failed: {dict(outcome.errors)}"
        raise PreparationError(message)


def _document(endpoint: str, member: str) -> Callable[[Subject, int], list[UnitFactory]]:
    def prepare(subject: Subject, _units: int) -> list[UnitFactory]:
        url = subject.party.url(endpoint)
        return [lambda: flows.read_document(url, member) for _ in subject.cookies]

    return prepare


def _client_credentials(subject: Subject, _units: int) -> list[UnitFactory]:
    return [lambda: flows.client_credentials(subject.party) for _ in subject.cookies]


def _sign_in(subject: Subject, _units: int) -> list[UnitFactory]:
    return [_bind(flows.sign_in, subject.party, cookie) for cookie in subject.cookies]


def _password(subject: Subject, _units: int) -> list[UnitFactory]:
    return [_bind(flows.password_sign_in, subject.party, *person) for person in subject.people]


def _bind(flow: Callable[..., Flow], *arguments: Any) -> UnitFactory:
    return lambda: flow(*arguments)


def _refresh(subject: Subject, _units: int) -> list[UnitFactory]:
    chain = subject.refresh_tokens

    def one(index: int) -> Flow:
        chain[index] = yield from flows.refresh(subject.party, chain[index])

    return [_bind(one, index) for index in range(len(chain))]


def _codes(subject: Subject, units: int) -> list[Code]:
    found: list[Code] = []

    def one(cookie: str) -> Flow:
        found.append((yield from flows.authorize(subject.party, cookie)))

    _run_preparation(subject, [_bind(one, cookie) for cookie in subject.cookies], units)
    return found


def _exchange(subject: Subject, units: int) -> list[UnitFactory]:
    codes = iter(_codes(subject, units))

    def one() -> Flow:
        yield from flows.exchange(subject.party, next(codes))

    return [_bind(one) for _ in subject.cookies]


def _tokens(subject: Subject, units: int) -> list[list[tuple[str, str]]]:
    """Return (access token, subject) pairs for each connection."""
    count = max(1, min(TOKENS_PER_CONNECTION, units // len(subject.cookies)))
    codes = iter(_codes(subject, count * len(subject.cookies)))
    found: list[tuple[str, str]] = []

    def one() -> Flow:
        tokens = yield from flows.exchange(subject.party, next(codes))
        found.append((tokens["access_token"], tokens["id_claims"]["sub"]))

    _run_preparation(subject, [_bind(one) for _ in subject.cookies], count * len(subject.cookies))
    return [found[at :: len(subject.cookies)] for at in range(len(subject.cookies))]


def _userinfo(subject: Subject, units: int) -> list[UnitFactory]:
    def one(tokens: Iterator[tuple[str, str]]) -> Flow:
        yield from flows.userinfo(subject.party, *next(tokens))

    return [_bind(one, cycle(tokens)) for tokens in _tokens(subject, units)]


def _introspection(subject: Subject, units: int) -> list[UnitFactory]:
    def one(tokens: Iterator[tuple[str, str]]) -> Flow:
        yield from flows.introspect(subject.party, next(tokens)[0])

    return [_bind(one, cycle(tokens)) for tokens in _tokens(subject, units)]


SCENARIOS: Final = (
    Scenario("discovery", "Discovery", 1, 30_000, _document("discovery", "issuer")),
    Scenario("jwks", "JWKS", 1, 30_000, _document("jwks_uri", "keys")),
    Scenario("client_credentials", "client_credentials", 1, 3_000, _client_credentials),
    Scenario("refresh", "Refresh, rotating", 1, 2_000, _refresh),
    Scenario("exchange", "Code exchange", 1, 1_500, _exchange),
    Scenario("userinfo", "Userinfo", 1, 3_000, _userinfo),
    Scenario("introspection", "Introspection", 1, 3_000, _introspection),
    Scenario("sign_in", "Sign-in with a live session", 3, 1_000, _sign_in),
    Scenario("password", "Password sign-in", 4, 120, _password),
)
