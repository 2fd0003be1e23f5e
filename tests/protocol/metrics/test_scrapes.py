"""``/metrics``: what a scrape gets, what it needs, and what is never in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from idp.config import load
from idp.endpoints.metrics import CONTENT_TYPE
from idp.errors import SettingsError, StorageUnavailable
from idp.protocol.wire import WireRequest, WireResponse
from idp.wiring.metering import layout, metrics_endpoint, worker_meter
from tests.support.token_world import Registered, TokenWorld

LINE = re.compile(
    r'[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? [0-9.e+-]+|# (HELP|TYPE) .+'
)


def scrape(world: TokenWorld, directory: Path, authorization: str = "", path: str = "/metrics") -> WireResponse:
    headers = {"authorization": authorization} if authorization else {}
    return metrics_endpoint(world.wiring, directory).handle(
        WireRequest("GET", path, "", b"", "", "127.0.0.1", headers, "")
    )


def values(answer: WireResponse) -> dict[str, float]:
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_scrape_is_the_text_format_and_nothing_else(world: TokenWorld, tmp_path: Path) -> None:
    meter, _ = worker_meter(world.wiring, tmp_path)
    meter.count("/token", 200, 3_000_000)
    answer = scrape(world, tmp_path)
    assert (answer.status, dict(answer.headers)["Content-Type"]) == (200, CONTENT_TYPE)
    lines = answer.body.decode().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(typed) == len(set(typed))


def test_the_histogram_is_cumulative_and_agrees_with_the_counter(world: TokenWorld, tmp_path: Path) -> None:
    meter, _ = worker_meter(world.wiring, tmp_path)
    for status, milliseconds in ((200, 2), (200, 20), (400, 2_000), (503, 20_000)):
        meter.count("/token", status, milliseconds * 1_000_000)
    found = values(scrape(world, tmp_path))
    bucket = 'dinhdanh_request_seconds_bucket{endpoint="token",le="%s"}'
    assert [found[bucket % bound] for bound in ("0.001", "0.0025", "0.025", "2.5", "10.0", "+Inf")] == [
        0,
        1,
        2,
        3,
        3,
        4,
    ]
    assert found['dinhdanh_request_seconds_count{endpoint="token"}'] == 4
    assert found['dinhdanh_request_seconds_sum{endpoint="token"}'] == pytest.approx(22.022)
    assert found['dinhdanh_requests_total{endpoint="token",outcome="done"}'] == 2
    assert found['dinhdanh_requests_total{endpoint="token",outcome="failed"}'] == 1


def test_backlogs_locks_and_keys_are_told(world: TokenWorld, portal: Registered, tmp_path: Path) -> None:
    worker_meter(world.wiring, tmp_path)
    world.own_token(portal, scope="openid")
    world.clock.advance(60)
    found = values(scrape(world, tmp_path))
    assert found["dinhdanh_audit_waiting"] > 0
    assert found["dinhdanh_outbox_oldest_seconds"] == 0
    assert found['dinhdanh_signing_key_age_seconds{alg="ES256"}'] == 60
    assert found["dinhdanh_store_up"] == 1
    assert found["dinhdanh_password_hashes"] == 0


def test_what_the_store_knows_is_left_out_while_it_is_out_of_reach(
    world: TokenWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise StorageUnavailable("gone")

    meter, _ = worker_meter(world.wiring, tmp_path)
    meter.count("/token", 503, 1_000_000)
    endpoint = metrics_endpoint(world.wiring, tmp_path)
    monkeypatch.setattr(world.wiring.database, "rows", gone)
    answer = endpoint.handle(WireRequest("GET", "/metrics", "", b"", "", "", {}, ""))
    found = values(answer)
    assert (answer.status, found["dinhdanh_store_up"]) == (200, 0)
    assert found['dinhdanh_requests_total{endpoint="token",outcome="failed"}'] == 1
    assert "dinhdanh_audit_waiting" not in found


def test_a_token_is_demanded_where_there_is_one(world: TokenWorld, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    metrics = world.wiring.settings.metrics.model_copy(update={"token_file": secret})
    world.wiring.settings = world.wiring.settings.model_copy(update={"metrics": metrics})
    for wrong in ("", "Bearer", "Bearer other", "Basic s3cret", "Bearer s3cret2"):
        answer = scrape(world, tmp_path, wrong)
        assert (answer.status, b"dinhdanh" in answer.body) == (401, False), wrong
    assert scrape(world, tmp_path, "Bearer s3cret").status == 200
    secret.write_text("")
    with pytest.raises(SettingsError):
        scrape(world, tmp_path)


def test_other_paths_are_not_there(world: TokenWorld, tmp_path: Path) -> None:
    assert scrape(world, tmp_path, path="/token").status == 404


def test_the_public_address_has_no_metrics(world: TokenWorld) -> None:
    assert "/metrics" not in world.wiring.hot_routes()
    assert all(route.rule != "/metrics" for route in world.wiring.page_routes())


def test_every_path_of_ours_has_its_word(world: TokenWorld) -> None:
    words = layout(world.wiring).endpoints
    assert {"token", "jwks", "signin", "account", "admin", "api", "static", ".well-known", "other"} <= set(words)
    assert all("<" not in word for word in words)


def test_a_listener_for_everybody_needs_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_METRICS__PORT", "9464")
    monkeypatch.setenv("IDP_METRICS__HOST", "192.0.2.1")
    with pytest.raises(SettingsError, match="token_file"):
        load()
    monkeypatch.setenv("IDP_METRICS__TOKEN_FILE", "/run/secrets/metrics_token")
    assert load().metrics.port == 9464
