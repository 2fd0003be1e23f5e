"""CIBA in ping mode: the department is told that there is an answer, by its own token, and collects it itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from idp.errors import DomainError
from idp.ports.fetcher import Fetched
from tests.support.browser import Person
from tests.support.ciba_world import Caller, approve, caller, reviewed
from tests.support.in_process import browser, citizen
from tests.support.stores import stored
from tests.support.token_world import TokenWorld

ENDPOINT = "https://portal.example.vn/ciba"
TOKEN = "8d67dc78-7faa-4d41-aabd-67707b374255"


@dataclass
class Department:
    """`ports.fetcher.Fetcher` as the department's server sees it."""

    status: int = 204
    is_down: bool = False
    got: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    def post(self, url: str, body: bytes, _content_type: str, *, authorization: str = "") -> Fetched:
        """Take a notification."""
        self.got.append((url, orjson.loads(body), authorization))
        if self.is_down:
            raise DomainError("down", code="outbound_failed")
        return Fetched(self.status, "", b"")

    def get(self, url: str, _accept: str) -> Fetched:
        """Nobody gets anything here."""
        raise AssertionError(url)


@pytest.fixture
def department(world: TokenWorld) -> Department:
    """Return the department's server, put in the place of the guarded fetcher."""
    server = Department()
    world.wiring.guarded_fetcher = server  # type: ignore[assignment]
    return server


@pytest.fixture
def desk(world: TokenWorld) -> Caller:
    """Return a department in ping mode."""
    return caller(world, backchannel_token_delivery_mode="ping", backchannel_client_notification_endpoint=ENDPOINT)


@pytest.fixture
def person(world: TokenWorld) -> Person:
    """Return the citizen 049499000001."""
    return citizen(world)[1]


@pytest.mark.spec("CIBA Core", "10.2")
def test_the_department_is_told_with_its_own_token_and_nothing_else(
    world: TokenWorld, desk: Caller, department: Department, person: Person
) -> None:
    auth_req_id = desk.request(client_notification_token=TOKEN)
    world.wiring.housekeeper.tick()
    assert department.got == []
    approve(browser(world), person)
    world.wiring.housekeeper.tick()
    assert department.got == [(ENDPOINT, {"auth_req_id": auth_req_id}, f"Bearer {TOKEN}")]
    assert desk.poll(auth_req_id).status == 200
    assert world.events("backchannel:notify")[0]["outcome"] == "done"


@pytest.mark.spec("CIBA Core", "10.2")
def test_the_department_is_told_of_a_refusal_too(
    world: TokenWorld, desk: Caller, department: Department, person: Person
) -> None:
    auth_req_id, own = desk.request(client_notification_token=TOKEN), browser(world)
    own.submit(reviewed(own, person), "consent-form", "consent-deny")
    world.wiring.housekeeper.tick()
    assert department.got[0][1] == {"auth_req_id": auth_req_id}
    assert desk.error(auth_req_id) == "access_denied"


@pytest.mark.spec("CIBA Core", "10.1")
def test_a_department_that_is_down_is_told_later_and_can_poll_meanwhile(
    world: TokenWorld, desk: Caller, department: Department, person: Person
) -> None:
    auth_req_id = desk.request(client_notification_token=TOKEN)
    approve(browser(world), person)
    department.is_down = True
    world.wiring.housekeeper.tick()
    assert desk.poll(auth_req_id).status == 200
    department.is_down = False
    world.clock.advance(60)
    world.wiring.housekeeper.tick()
    assert len(department.got) == 2


@pytest.mark.spec("CIBA Core", "10.2")
@pytest.mark.parametrize("status", [301, 302, 400, 401, 403])
def test_a_department_that_redirects_or_refuses_is_told_nowhere_else_and_not_again_and_can_poll(
    world: TokenWorld, desk: Caller, department: Department, person: Person, status: int
) -> None:
    auth_req_id = desk.request(client_notification_token=TOKEN)
    approve(browser(world), person)
    department.status = status
    for _ in range(3):
        world.wiring.housekeeper.tick()
        world.clock.advance(6)
    assert [url for url, _, _ in department.got] == [ENDPOINT]
    (event,) = world.events("backchannel:notify")
    assert (event["outcome"], event["reason"]) == ("failed", f"http_{status}")
    assert desk.poll(auth_req_id).status == 200


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_department_that_is_busy_is_told_again(
    world: TokenWorld, desk: Caller, department: Department, person: Person, status: int
) -> None:
    desk.request(client_notification_token=TOKEN)
    approve(browser(world), person)
    department.status = status
    world.wiring.housekeeper.tick()
    department.status = 204
    world.clock.advance(6)
    world.wiring.housekeeper.tick()
    assert len(department.got) == 2
    assert [one["outcome"] for one in world.events("backchannel:notify")] == ["done"]


@pytest.mark.spec("CIBA Core", "7.1")
@pytest.mark.parametrize("token", ["", "x" * 1025, "with space", "line\nbreak", "dấu"])
def test_ping_needs_a_bearer_token_to_call_back_with(desk: Caller, person: Person, token: str) -> None:
    assert desk.refused(client_notification_token=token) == "invalid_request"


def test_neither_the_token_nor_the_id_lies_in_clear(
    world: TokenWorld, desk: Caller, department: Department, person: Person
) -> None:
    from idp.storage.tables import outbox, transactions  # noqa: PLC0415 - only this test reads tables

    auth_req_id = desk.request(client_notification_token=TOKEN)
    kept = repr(stored(world.database, transactions))
    approve(browser(world), person)
    kept += repr(stored(world.database, outbox))
    assert "ciba_ping" in kept
    assert TOKEN not in kept
    assert auth_req_id not in kept
