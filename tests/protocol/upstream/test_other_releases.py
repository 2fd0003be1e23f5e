"""A rolling upgrade: what a newer release left in the ephemeral store, this one does not half-understand: it says to start again, and never 5xx."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import update

from idp import handles
from idp.flows.decoupled import Poll
from idp.model.authorization import AuthorizationRequest
from idp.model.session import Origin
from idp.storage.tables import sessions, transactions
from idp.web.i18n import translator
from tests.support.browser import Page
from tests.support.stores import stored
from tests.support.token_world import ISSUER, TokenWorld
from tests.support.upstream_world import UpstreamWorld


def upgraded(world: TokenWorld) -> int:
    """Rewrite what waits as a release to come might: one member more than this one knows; returns how many documents."""
    box, rows = world.wiring.vault.seal("transaction"), stored(world.database, transactions)
    for row in rows:
        aad = row["id"].encode()
        document: Any = orjson.loads(box.unseal(row["document"], aad))
        document = [*document, True] if isinstance(document, list) else {**document, "tomorrow": True}
        sealed = box.seal(orjson.dumps(document), aad)
        statement = update(transactions).where(transactions.c.id == row["id"]).values(document=sealed)
        world.database.run(world.database.prepare(statement))
    return len(rows)


def starts_again(up: UpstreamWorld, page: Page) -> None:
    assert (page.status, page.text_of("error-code")) == (400, "invalid_request")
    assert translator("vi")("errors.expired_transaction.title") in page.text
    assert stored(up.world.database, sessions) == []


def test_a_pending_request_of_a_newer_release_is_begun_anew(up: UpstreamWorld) -> None:
    browser = up.browser()
    page = up.begin(browser)
    assert upgraded(up.world) == 1
    starts_again(up, browser.open(page.url))
    starts_again(up, browser.submit(page, "login-form", "login-submit", identity_code="049499000021", password="x"))
    assert up.begin(browser).form("login-form") is not None


def test_a_departure_of_a_newer_release_brings_nobody_back(up: UpstreamWorld) -> None:
    browser = up.browser()
    address = up.callback(browser, "vneid")
    assert upgraded(up.world) == 2
    starts_again(up, browser.open(address))
    assert up.refusals() == ["state"]
    assert up.simulators["vneid"].tokens == {}
    assert up.finish(browser, up.through(browser, "vneid"))["acr"] == "urn:dinhdanh:loa:1"


def test_an_arrival_of_a_newer_release_links_nothing(up: UpstreamWorld) -> None:
    browser = up.browser()
    page = up.through(browser, "mau")
    assert page.form("upstream-link-form") is not None
    upgraded(up.world)
    starts_again(
        up, browser.submit(page, "upstream-link-form", "upstream-link-submit", identity_code="1", password="x")
    )


def test_a_pushed_request_of_a_newer_release_is_unknown(up: UpstreamWorld) -> None:
    client = up.client.client
    pushed = up.world.wiring.pushed.keep(client.client_id, {"response_type": "code"})
    upgraded(up.world)
    page = up.browser().open(f"{ISSUER}/authorize?client_id={client.client_id}&request_uri={pushed}")
    assert (page.status, page.text_of("error-code")) == (400, "invalid_request_uri")


def test_what_a_newer_release_asks_of_another_device_is_answered_by_nobody(up: UpstreamWorld) -> None:
    wiring, browser = up.world.wiring, handles.new_secret()
    asked = AuthorizationRequest("x", "x", "query", None, (), None, "", frozenset(), None, 0, 0)
    secret, waiting = wiring.decoupled.open("device", asked, 600, 5)
    held = wiring.pending.get(wiring.pending.create(None, browser, "/account").id, browser)
    _, handle = wiring.qr_sign_ins.begin(held, Origin("192.0.2.7", "thử"))
    assert wiring.qr_sign_ins.find(handle) is not None
    assert wiring.decoupled.waiting(waiting.key) is not None
    upgraded(up.world)
    assert wiring.qr_sign_ins.find(handle) is None
    assert wiring.decoupled.waiting(waiting.key) is None
    assert wiring.decoupled.answer(waiting.key, "approved") is None
    assert wiring.decoupled.poll(secret, "device", "x") == (Poll.UNKNOWN, None)
