"""Sign-out goes up to the upstream and comes down from it; only validated logout tokens end anything, each once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client as WsgiClient

from examples.upstream_simulators.oidc import OidcSimulator
from idp.storage.sqlite import SqliteDatabase
from idp.storage.tables import outbox, sessions
from idp.wsgi import build
from tests.support.browser import Browser
from tests.support.clock import FrozenClock
from tests.support.stores import stored
from tests.support.token_world import ISSUER
from tests.support.upstream_world import UpstreamWorld, oidc_settings, query_of, served, simulator, vnconnect_settings

VOUCHING = {
    "vouches_for_code": True,
    "creates": True,
    "claims": [
        {"field": "national_id", "to": "cccd"},
        {"field": "name", "to": "name"},
        {"field": "birthdate", "to": "birthdate", "transform": "date"},
    ],
}


@pytest.fixture
def out(tmp_path: Path, sqlite_database: SqliteDatabase, clock: FrozenClock) -> Iterator[UpstreamWorld]:
    """Return a deployment with an upstream for each direction and kind of sign-out."""
    with ExitStack() as stack:
        oidc = stack.enter_context(served(simulator("oidc", clock)))
        portal = stack.enter_context(served(simulator("vnconnect", clock)))
        upstreams = {
            "mau": oidc_settings(oidc, logout="redirect", **VOUCHING),
            "vnconnect": vnconnect_settings(portal, logout="backchannel"),
        }
        made = UpstreamWorld(tmp_path, sqlite_database, clock, {"mau": oidc, "vnconnect": portal}, upstreams)
        made.client = made.world.add_client(
            consent="notice", legal_basis="public_duty", backchannel_logout_uri="https://portal.example.vn/logout"
        )
        yield made


def signed_in(out: UpstreamWorld, name: str) -> Browser:
    browser = out.browser()
    out.finish(browser, out.through(browser, name))
    return browser


def signed_out(browser: Browser) -> Any:
    page = browser.open(f"{ISSUER}/end_session")
    return browser.submit(page, "logout-form", "logout-confirm")


def live(out: UpstreamWorld) -> int:
    return sum(row["ended_at"] is None for row in stored(out.world.database, sessions))


@pytest.mark.spec("OIDC RP-Initiated Logout", "2")
def test_our_sign_out_goes_on_to_the_upstream_and_comes_back(out: UpstreamWorld) -> None:
    browser = signed_in(out, "mau")
    page = signed_out(browser)
    assert page.soup.find(id="signed-out") is not None
    assert page.url.startswith(f"{ISSUER}/upstream/mau/signed_out")
    [sent] = out.simulators["mau"].ended
    assert sent["id_token_hint"].count(".") == 2
    assert sent["post_logout_redirect_uri"] == f"{ISSUER}/upstream/mau/signed_out"
    assert live(out) == 0
    # The state that came back is spent: opened again, the page knows nothing more.
    assert "Cổng" not in browser.open(page.url).text


def test_upstream_that_wants_to_be_told_is_told_by_us(out: UpstreamWorld) -> None:
    page = signed_out(signed_in(out, "vnconnect"))
    assert page.soup.find(id="signed-out") is not None
    [sent] = out.simulators["vnconnect"].ended
    assert sent["client_id" if "client_id" in sent else "id_token_hint"]
    assert [row["outcome"] for row in out.world.events("upstream:logout")] == ["done"]


@pytest.mark.parametrize("name", ["vnconnect"])
def test_upstream_that_is_down_keeps_nobody_signed_in(out: UpstreamWorld, name: str) -> None:
    browser = signed_in(out, name)
    out.simulators[name].faults = {"down"}
    assert signed_out(browser).soup.find(id="signed-out") is not None
    assert live(out) == 0
    assert [row["outcome"] for row in out.world.events("upstream:logout")] == ["failed"]


def send(out: UpstreamWorld, token: str, name: str = "mau") -> int:
    client = WsgiClient(build(out.world.wiring), use_cookies=False)
    return client.post(f"/upstream/{name}/backchannel_logout", data={"logout_token": token}).status_code


@pytest.mark.spec("OIDC Back-Channel Logout", "2.6")
def test_logout_token_ends_the_sessions_of_its_sid_and_tells_the_departments_once(out: UpstreamWorld) -> None:
    simulated = out.simulators["mau"]
    assert isinstance(simulated, OidcSimulator)
    signed_in(out, "mau")
    signed_in(out, "mau")
    assert live(out) == 2
    first, second = (grant.sid for grant in simulated.tokens.values())
    token = simulated.logout_token(sid=first)
    assert send(out, token) == 200
    assert live(out) == 1
    assert len(stored(out.world.database, outbox, kind="backchannel_logout")) == 1
    assert send(out, token) == 400
    assert send(out, simulated.logout_token(subject="oidc-mau-22", sid=second)) == 200
    assert live(out) == 1
    assert send(out, simulated.logout_token(subject="oidc-mau-21")) == 200
    assert live(out) == 0


@pytest.mark.spec("OIDC Back-Channel Logout", "2.6")
def test_logout_token_that_fails_any_check_ends_nothing(out: UpstreamWorld) -> None:
    simulated = out.simulators["mau"]
    assert isinstance(simulated, OidcSimulator)
    signed_in(out, "mau")
    sid = next(iter(simulated.tokens.values())).sid
    now = int(simulated.clock())
    spoiled: list[dict[str, Any]] = [
        {"iss": "https://other.example.vn"},
        {"aud": "somebody-else"},
        {"aud": ["dinh-danh", "somebody-else"]},
        {"events": {}},
        {"events": None},
        {"nonce": "x"},
        {"jti": None},
        {"iat": now - 3600},
        {"exp": now - 600},
        {"sid": None},
        {"sid": 7},
    ]
    for changes in spoiled:
        assert send(out, simulated.logout_token(**{"sid": sid, **changes})) == 400, changes
    for fault in ("alg_none", "alg_hmac", "strange_key"):
        simulated.faults = {fault}
        assert send(out, simulated.logout_token(sid=sid)) == 400, fault
    simulated.faults = set()
    assert send(out, "") == send(out, "x.y.z") == 400
    assert send(out, simulated.logout_token(sid=sid), "vnconnect") == 400
    assert send(out, simulated.logout_token(sid=sid), "unknown") == 404
    assert live(out) == 1
    assert {row["outcome"] for row in out.world.events("upstream:logout")} == {"refused"}


def test_return_from_a_sign_out_belongs_to_its_browser(out: UpstreamWorld) -> None:
    browser = signed_in(out, "mau")
    browser.stops.append(f"{ISSUER}/upstream/")
    address = signed_out(browser).url
    browser.stops.pop()
    assert query_of(address)["state"]
    assert out.browser().open(address).soup.find(id="signed-out") is not None
    page = browser.open(address)
    assert page.soup.find(id="signed-out") is not None
