"""``/audit/…``: how often one address is answered, and what a broken tree answers."""

from __future__ import annotations

import orjson

from idp.endpoints.audit import AuditEndpoints
from idp.ports.ephemeral import Count
from idp.protocol.wire import WireRequest, WireResponse
from keys.log_heads import sign_head
from keys.log_keys import LogSigner
from policies import merkle
from policies.merkle import Nodes
from tests.support.clock import FrozenClock

HEAD = sign_head("https://id.example.vn", 3, b"r" * 32, 1, (LogSigner.generate("ES256"),))


class Counting:
    """Counters in memory."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, key: str, now: int, window: int, amount: int = 1) -> Count:
        self.counts[key] = self.counts.get(key, 0) + amount
        return Count(self.counts[key], now, now)

    def read(self, keys: list[str], now: int) -> list[Count | None]:
        raise NotImplementedError

    def clear(self, keys: list[str]) -> None:
        raise NotImplementedError


class Heads:
    """A head over a tree whose tiles are gone."""

    tree: Heads

    def __init__(self) -> None:
        self.tree = self

    def of_size(self, _size: int | None) -> object:
        return HEAD

    def nodes(self) -> Nodes:
        return merkle.nodes_of(lambda _level, _number: b"")

    def jwks(self) -> dict[str, object]:
        return {"keys": []}


def endpoints(clock: FrozenClock, counters: Counting) -> AuditEndpoints:
    return AuditEndpoints(Heads(), counters, clock, lambda address: address.encode(), 3)  # type: ignore[arg-type]


def ask(address: str = "192.0.2.1", query: str = "") -> WireRequest:
    return WireRequest("GET", "/audit/head", query, b"", "", address, {}, "")


def header(answer: WireResponse, name: str) -> str:
    return dict(answer.headers).get(name, "")


def test_address_is_answered_so_often_in_a_minute_and_others_go_on() -> None:
    clock, counters = FrozenClock(), Counting()
    served = endpoints(clock, counters)
    assert [served.head(ask()).status for _ in range(4)] == [200, 200, 200, 429]
    assert 0 < int(header(served.keys(ask()), "Retry-After")) <= 60
    assert served.head(ask("192.0.2.2")).status == 200
    clock.advance(60)
    assert served.head(ask()).status == 200


def test_address_is_not_in_the_counters_in_clear() -> None:
    counters = Counting()
    endpoints(FrozenClock(), counters).head(ask("192.0.2.99"))
    assert not any("192.0.2.99" in key for key in counters.counts)


def test_broken_tree_answers_that_it_cannot_and_no_proof() -> None:
    answer = endpoints(FrozenClock(), Counting()).inclusion(ask(query="number=1"))
    assert (answer.status, orjson.loads(answer.body)) == (503, {"error": "temporarily_unavailable"})
