"""A pending request comes back as it was put away, and opens for its own browser only."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from idp.errors import NotFound
from idp.flows.pending import PendingRequests, request_of, written
from idp.model.authorization import AuthorizationRequest
from idp.model.decoupled import DecoupledRequest
from tests.support.clock import FrozenClock

BROWSER = "a browser's cookie"
REQUEST = AuthorizationRequest(
    client_id="c",
    redirect_uri="https://a.example/cb",
    response_mode="query",
    state="trạng thái",
    scope=("openid", "profile"),
    nonce=None,
    challenge="x" * 43,
    prompt=frozenset({"login", "consent"}),
    max_age=0,
    claims=(1 << 40) | 5,
    id_claims=0,
    acr_values=("urn:a", "urn:b"),
    ui_locales=("vi",),
    resources=("https://api.example/",),
)


class Store:
    """A transaction store in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}

    def put(self, key: str, document: bytes, expires_at: int) -> None:
        self.rows[key] = document

    def get(self, key: str, now: int) -> bytes | None:
        return self.rows.get(key)

    def replace(self, key: str, old: bytes, new: bytes, expires_at: int) -> bool:
        if self.rows.get(key) != old:
            return False
        self.rows[key] = new
        return True

    def claim(self, key: str, now: int) -> bytes | None:
        return self.rows.pop(key, None)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def pending(store: Store) -> PendingRequests:
    return PendingRequests(store, FrozenClock(), 600, lambda data, aad: data, lambda data, aad: data)


@pytest.mark.parametrize(
    "request_", [REQUEST, replace(REQUEST, prompt=frozenset(), max_age=None), None], ids=["full", "bare", "own page"]
)
def test_pending_request_comes_back_as_it_was_put_away(
    pending: PendingRequests, request_: AuthorizationRequest | None
) -> None:
    made = pending.create(request_, BROWSER, "/account", minimum_acr="urn:b")
    held = pending.get(made.id, BROWSER)
    assert held.pending == made
    changed = pending.change(held, consented=True, max_age=60)
    assert pending.get(made.id, BROWSER).pending == replace(made, consented=True, max_age=60) == changed.pending


def test_prompts_are_written_in_one_order(pending: PendingRequests, store: Store) -> None:
    made = pending.create(REQUEST, BROWSER)
    assert orjson.loads(store.rows[made.id])["request"]["prompt"] == ["consent", "login"]


def test_decoupled_request_holds_the_request_in_the_same_form(pending: PendingRequests, store: Store) -> None:
    made = pending.create(REQUEST, BROWSER)
    decoupled = orjson.loads(written(DecoupledRequest("k", "device", REQUEST, 1, 2, 5, notification=("a", "b"))))
    assert decoupled["request"] == orjson.loads(store.rows[made.id])["request"]
    assert request_of(decoupled["request"]) == REQUEST
    assert decoupled["notification"] == ["a", "b"]


@pytest.mark.parametrize("browser", ["another browser's cookie", "", None])
def test_pending_request_opens_for_its_own_browser_only(pending: PendingRequests, browser: str | None) -> None:
    made = pending.create(REQUEST, BROWSER)
    with pytest.raises(NotFound):
        pending.get(made.id, browser)
