"""What strangers may ask of the device authorization endpoint: so much from one address, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from idp.storage.sqlite import SqliteDatabase
from tests.support.clock import FrozenClock
from tests.support.device_world import Device, device
from tests.support.token_world import Answer, TokenWorld

FEW = 3


@pytest.fixture
def few(sqlite_database: SqliteDatabase, tmp_path: Path, clock: FrozenClock) -> TokenWorld:
    """Return a deployment that lets three requests from one address pass."""
    return TokenWorld(tmp_path, sqlite_database, clock, throttle={"device_requests": FEW})


def from_address(of: Device, address: str) -> Answer:
    """Ask for codes from an address."""
    form = {"client_id": of.of.client.client_id, "scope": "openid"}
    return of.world.post("/device_authorization", form, REMOTE_ADDR=address)


def test_an_address_that_asks_too_often_is_told_how_long_to_wait(few: TokenWorld) -> None:
    tv = device(few)
    few.clock.advance(-(few.clock.now() % 600) + 600)
    assert [tv.ask().status for _ in range(FEW + 2)] == [*([200] * FEW), 429, 429]
    refused = tv.ask()
    assert refused.json["error"] == "too_many_requests"
    assert refused.headers["retry-after"] == "600"
    assert "no-store" in refused.headers["cache-control"]


def test_after_the_wait_the_address_may_ask_again(few: TokenWorld) -> None:
    tv = device(few)
    answers = [tv.ask() for _ in range(FEW + 1)]
    few.clock.advance(int(answers[-1].headers["retry-after"]))
    assert tv.ask().status == 200


def test_a_flood_is_in_the_audit_log_once(few: TokenWorld) -> None:
    tv = device(few)
    for _ in range(FEW + 20):
        tv.ask()
    assert [row["reason"] for row in few.events("device:authorize", outcome="refused")] == ["too_many_requests"]


def test_other_addresses_go_on_but_one_network_of_ipv6_is_one(few: TokenWorld) -> None:
    tv = device(few)
    full = [from_address(tv, f"2001:db8:1:1::{number:x}").status for number in range(1, FEW + 2)]
    assert full == [*([200] * FEW), 429]
    assert from_address(tv, "2001:db8:1:2::1").status == 200


def test_whoever_names_an_unknown_client_is_counted_too(few: TokenWorld) -> None:
    tv = device(few)
    guesses = [tv.ask(client_id="nobody").status for _ in range(FEW + 1)]
    assert guesses == [*([401] * FEW), 429]
    assert tv.ask().status == 429


def test_a_client_that_proves_a_secret_is_not_counted(few: TokenWorld) -> None:
    box, tv = device(few, token_endpoint_auth_method="client_secret_basic"), device(few)
    assert {box.ask().status for _ in range(FEW + 3)} == {200}
    assert tv.ask().status == 200
    liar = replace(box, of=replace(box.of, secret="wrong"))
    assert [liar.ask().status for _ in range(FEW)] == [*([401] * (FEW - 1)), 429]
    assert box.ask().status == 200


def test_two_processes_count_together(few: TokenWorld) -> None:
    tv = device(few)
    other = Device(few.another(), tv.of)
    assert [one.ask().status for one in (tv, other, tv, other)] == [*([200] * FEW), 429]
