"""Upstream identity providers in the console and by the API: how they stand, what they publish, what we would make of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.upstream_simulators.provider import Simulator
from idp.flows.upstream.breaker import LIMIT
from idp.ports.audit import AuditQuery
from idp.storage.sqlite import SqliteDatabase
from policies.delegation import Role
from tests.support.api_world import ApiWorld
from tests.support.clock import FrozenClock
from tests.support.console import Administrating
from tests.support.units import SHORT
from tests.support.upstream_world import SECRET, UpstreamWorld, oidc_settings, served, simulator

ONE = "/upstreams/mau"


@pytest.fixture
def provider(clock: FrozenClock) -> Iterator[Simulator]:
    with served(simulator("oidc", clock)) as running:
        yield running


@pytest.fixture
def up(provider: Simulator, tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> UpstreamWorld:
    claims = [
        {"field": "citizenPid", "to": "cccd"},
        {"field": "name", "to": "name"},
        {"field": "d", "to": "birthdate", "transform": "date"},
    ]
    upstreams = {
        "mau": oidc_settings(provider, claims=claims),
        "tat": oidc_settings(provider, enabled=False),
    }
    return UpstreamWorld(tmp_path, sqlite_database, clock, {"mau": provider}, upstreams)


@pytest.fixture
def place(up: UpstreamWorld) -> ApiWorld:
    return ApiWorld(up.world)


def test_examination_reads_what_the_provider_publishes_and_the_keys_are_seen_afterwards(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    assert boss("GET", ONE).json["keys"] == []
    found = {row["check"]: row["ok"] for row in boss("POST", f"{ONE}/examine", {}).json["items"]}
    assert found["discovery"]
    assert found["jwks_uri"]
    assert len(boss("GET", ONE).json["keys"]) == 1
    (record,) = place.world.events("upstream:test")
    assert (record["target"], record["outcome"]) == ("upstream:mau", "done")


def test_provider_that_is_out_is_shown_with_its_last_error(
    place: ApiWorld, up: UpstreamWorld, provider: Simulator
) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    provider.faults.add("down")
    for _ in range(LIMIT):
        up.at_upstream(up.browser(), "mau")
    shown = boss("GET", ONE).json
    assert shown["failures"] == LIMIT
    assert shown["open_until"] > place.world.clock.now()
    assert shown["failed_at"] == place.world.clock.now()
    assert shown["why"]
    assert "failed" in {row["outcome"] for row in place.world.events("upstream:sign-in")}
    examined = {row["check"]: row["ok"] for row in boss("POST", f"{ONE}/examine", {}).json["items"]}
    assert not examined["discovery"]


def test_trying_again_while_an_upstream_is_left_alone_does_not_prolong_that(
    up: UpstreamWorld, provider: Simulator
) -> None:
    provider.faults.add("down")
    for _ in range(LIMIT):
        up.at_upstream(up.browser(), "mau")
    until = up.world.wiring.upstream_sign_in.standing("mau").open_until
    up.world.clock.advance(10)
    up.at_upstream(up.browser(), "mau")
    assert up.world.wiring.upstream_sign_in.standing("mau").open_until == until


def test_sample_answer_shows_what_the_rules_make_of_it_and_is_kept_nowhere(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    fields = {"citizenPid": "049499000001", "name": "Công dân mẫu", "d": "31/02/2000", "acr": "level-3", "phone": "x"}
    made = boss("POST", f"{ONE}/read", {"fields": fields}).json
    assert (made["code_type"], made["code"]) == ("cccd", "049499000001")
    assert made["attributes"] == {"name": "Công dân mẫu"}
    assert made["unread"] == ["birthdate"]
    assert made["acr"] == "urn:dinhdanh:loa:3"
    assert "049499000001" not in str(place.wiring.audit.search(AuditQuery()))


def test_no_answer_and_no_page_holds_the_client_secret(place: ApiWorld) -> None:
    boss = place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    browser = Administrating(place, place.account("tỉnh"))
    answers = [str(boss("GET", path).json) for path in ("/upstreams", ONE, "/upstreams/tat")]
    answers += [browser.open(f"/admin{path}").text for path in ("/upstreams", ONE)]
    assert not [one for one in answers if SECRET in one]


def test_only_the_top_looks_and_an_auditor_does_not_try_out(place: ApiWorld) -> None:
    auditor = place.administrator("kiểm toán", Role.AUDITOR)
    below = place.administrator("xã", Role.AUDITOR, SHORT)
    assert auditor("GET", "/upstreams").status == auditor("GET", ONE).status == 200
    assert auditor("POST", f"{ONE}/examine", {}).status == 403
    assert auditor("POST", f"{ONE}/read", {"fields": {}}).status == 403
    assert below("GET", "/upstreams").status == below("GET", ONE).status == 403
    assert place.administrator("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)("GET", "/upstreams/x").status == 404
    assert len(place.refusals()) == 5


def test_pages_examine_and_read(place: ApiWorld) -> None:
    place.grant("tỉnh", Role.PROVINCIAL_ADMINISTRATOR)
    browser = Administrating(place, place.account("tỉnh"))
    page = browser.open("/admin/upstreams/mau")
    assert "discovery" in browser.submit(page, "examine-form").text
    assert "urn:dinhdanh:loa:2" in browser.submit(page, "read-form", fields='{"acr": "level-2"}').text
    assert browser.submit(page, "read-form", fields="[1]").status == 400
