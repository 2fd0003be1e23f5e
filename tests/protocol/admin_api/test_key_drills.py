"""Drills of the emergency through the Admin API and the console: a key custodian orders one, the regular tasks carry it out."""

from __future__ import annotations

import pytest

from idp.flows.key_drill import FACT, Drill
from idp.flows.key_drill_orders import KeyDrillOrders
from idp.wiring.drilling import drill_orders_of
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.console import Administrating
from tests.support.token_world import TokenWorld

FOUND = (
    b'{"alg":"EdDSA","kid":"k","successor":"s","at":1800000000,"max_age":900,"published_for":0.9,"accepted_for":900.8,'
    b'"known_after":0.1,"cached_after":900.5,"answers":60,"stale":7}'
).decode()


@pytest.fixture
def place(world: TokenWorld) -> ApiWorld:
    return ApiWorld(world)


def orders(place: ApiWorld) -> KeyDrillOrders:
    return drill_orders_of(place.wiring)


def test_a_custodian_orders_a_drill_alone_and_it_waits_for_the_regular_tasks(place: ApiWorld) -> None:
    custodian = place.administrator("giữ khóa", Role.KEY_CUSTODIAN)
    assert custodian("GET", "/key-drills").json == {"last": None, "pending": None}
    answer = custodian("POST", "/key-drills", {"alg": "ES256", "reason": "mỗi quý"})
    assert (answer.status, answer.json["state"]) == (201, "waiting")
    assert custodian("GET", "/key-drills").json["pending"] == answer.json
    assert place.world.events("key:drill-order")[0]["actor"] == custodian.principal
    assert "revoked" not in {row.state for row in place.wiring.key_service.rows()}
    again = custodian("POST", "/key-drills", {"alg": "ES256", "reason": "mỗi quý"})
    assert (again.status, again.json["code"]) == (409, "drill_pending")


def test_whoever_may_only_look_orders_nothing(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    assert auditor("GET", "/key-drills").status == 200
    assert auditor("POST", "/key-drills", {"alg": "ES256", "reason": "thử"}).status == 403
    stranger = place.administrator("hỗ trợ", Role.SUPPORT)
    assert stranger("GET", "/key-drills").status in {403, 404}
    assert orders(place).pending() is None


def test_an_algorithm_that_has_no_key_is_not_found(place: ApiWorld) -> None:
    custodian = place.administrator("giữ khóa", Role.KEY_CUSTODIAN)
    assert custodian("POST", "/key-drills", {"alg": "HS256", "reason": "thử"}).status == 404


def test_the_last_drill_is_shown_in_both_places(place: ApiWorld) -> None:
    place.wiring.deployment.change(FACT, FOUND)
    custodian = place.administrator("giữ khóa", Role.KEY_CUSTODIAN)
    last = custodian("GET", "/key-drills").json["last"]
    assert Drill(**last).accepted_for == 900.8
    page = Administrating(place, place.account("giữ khóa")).open("/admin/keys?lang=vi")
    assert "900,8 giây" in page.text
    assert page.soup.find("form", id="drill-form")


def test_the_console_orders_what_the_api_orders(place: ApiWorld) -> None:
    place.grant("giữ khóa", Role.KEY_CUSTODIAN)
    browser = Administrating(place, place.account("giữ khóa"))
    done = browser.submit(browser.open("/admin/keys"), "drill-form", alg="ES256", reason="mỗi quý")
    assert done.url.startswith("/admin/keys")
    pending = orders(place).pending()
    assert pending is not None
    assert (pending.alg, pending.state) == ("ES256", "waiting")
    assert not browser.open("/admin/keys").soup.find("form", id="drill-form")


def test_the_regular_task_carries_the_order_out(place: ApiWorld) -> None:
    assert "key-drill" in place.wiring.housekeeper.tick()
