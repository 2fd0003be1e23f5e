"""A store is gone: what needs it says 503 and fails closed, everything else goes on, and it heals by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.support.browser import Browser
from tests.support.provider import Provider
from tests.support.servers import PostgresServer, RedisServer
from tests.support.world import World

pytestmark = pytest.mark.servers


@pytest.fixture
def world(own_postgresql: PostgresServer, own_redis: RedisServer) -> Iterator[World]:
    """Run two workers on stores that the test may stop."""
    provider = Provider(database_url=own_postgresql.url, ephemeral_url=own_redis.url, workers=2)
    running = World(provider)
    try:
        yield running.start()
    finally:
        running.close()


def unavailable(browser: Browser, url: str) -> None:
    """Check that a page says that it cannot now, in plain words and with both codes."""
    page = browser.open(url)
    assert page.status == requests.codes.service_unavailable
    assert "temporarily_unavailable" in page.text
    assert "Traceback" not in page.text


def test_without_redis_pages_say_503_while_tokens_go_on(world: World, own_redis: RedisServer) -> None:
    rp, person, browser = world.rp(), world.person(), world.browser()
    tokens = world.sign_in(rp, person, browser)
    waiting = world.browser()
    form = waiting.open(rp.begin().url)
    own_redis.stop()
    unavailable(world.browser(), rp.begin().url)
    unavailable(world.browser(), f"{world.issuer}/account")
    typed = {"identity_code": person.code, "password": person.password}
    sent = waiting.submit(form, "login-form", "login-submit", **typed)
    assert sent.status == requests.codes.service_unavailable
    for path in ("/jwks", "/.well-known/openid-configuration"):
        assert requests.get(f"{world.issuer}{path}", timeout=30).status_code == requests.codes.ok
    assert rp.is_alive(tokens)
    assert rp.refresh(tokens).access
    assert rp.post("token", grant_type="client_credentials").status_code == requests.codes.ok
    # Who is signed in and has agreed needs no transaction: single sign-on goes on too.
    attempt = rp.begin()
    assert rp.redeem(attempt, browser.open(attempt.url).callback).sub
    own_redis.start()
    assert world.sign_in(rp, world.person()).sub


def test_without_the_database_everything_but_the_published_documents_is_503(
    world: World, own_postgresql: PostgresServer
) -> None:
    rp, person, browser = world.rp(), world.person(), world.browser()
    tokens = world.sign_in(rp, person, browser)
    world.wiring.database.close()
    own_postgresql.stop()
    for _ in range(6):
        for path in ("/jwks", "/.well-known/openid-configuration"):
            assert requests.get(f"{world.issuer}{path}", timeout=30).status_code == requests.codes.ok
        time.sleep(0.4)
    assert requests.get(f"{world.issuer}/healthz/live", timeout=30).status_code == requests.codes.ok
    assert requests.get(f"{world.issuer}/healthz/ready", timeout=30).status_code == requests.codes.service_unavailable
    attempt = rp.begin()
    for answer in (
        rp.userinfo(tokens),
        rp.post("introspection", token=tokens.access),
        rp.post("token", grant_type="refresh_token", refresh_token=tokens.refresh),
        rp.post("revocation", token=tokens.refresh),
        browser.session.get(attempt.url, allow_redirects=False, timeout=30),
    ):
        assert answer.status_code == requests.codes.service_unavailable, answer.url
        assert "Traceback" not in answer.text
    own_postgresql.start()
    assert rp.refresh(tokens).access
    assert world.sign_in(rp, person, browser).sub
