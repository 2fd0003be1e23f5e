"""The provider brings its heads to witnesses, and says aloud when one of them contradicts it."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import text

from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event
from idp.ports.fetcher import Fetched
from idp.services.audit import AuditLog
from idp.services.audit_heads import AuditHeads
from idp.services.audit_witnesses import KnownWitness, WitnessCollector
from idp.services.witness import Seen, Witness, WitnessRefused
from idp.storage.audit_heads import SqlAuditHeadStore
from idp.storage.database import Database
from idp.storage.tables import audit_events
from keys.log_keys import LogSigner, read_keys
from policies.merkle import EMPTY_ROOT
from tests.support.clock import FrozenClock
from tests.support.stores import SEALER, make_audit_tree, stored

ORIGIN = "https://id.example.vn"
URL = "https://witness.example/add-head"


class Far:
    """A witness at the other end of a wire, which a test may cut or bend."""

    def __init__(self, heads: AuditHeads) -> None:
        self.signer = LogSigner.generate("EdDSA")
        self.seen = Seen(0, EMPTY_ROOT)
        self.asked: list[int] = []
        self.bend: Callable[[dict[str, str]], object] = lambda answer: answer
        self.is_down = False
        self._heads = heads

    def last(self) -> Seen:
        return self.seen

    def keep(self, seen: Seen) -> None:
        self.seen = seen

    def known(self) -> KnownWitness:
        return KnownWitness("one", URL, read_keys({"keys": [self.signer.public_jwk]}))

    def post(self, url: str, body: bytes, content_type: str, *, authorization: str = "") -> Fetched:
        assert (url, content_type) == (URL, "application/json")
        if self.is_down:
            raise DomainError("no answer", code="outbound_failed")
        asked = orjson.loads(body)
        self.asked.append(asked["old"])
        witness = Witness(ORIGIN, self._heads.verifiers(), self.signer, self, lambda: 7)
        try:
            return Fetched(200, "application/json", orjson.dumps(self.bend(witness.add_head(asked))))
        except WitnessRefused as refused:
            return Fetched(refused.status, "application/json", orjson.dumps({"size": refused.size}))

    def get(self, url: str, accept: str) -> Fetched:
        raise NotImplementedError


class Place:
    """A log, its heads, one witness and what collects its signatures."""

    def __init__(self, database: Database, audit: AuditLog, clock: FrozenClock) -> None:
        self.database, self.audit, self.store = database, audit, SqlAuditHeadStore(database)
        tree = make_audit_tree(database)
        self.heads = AuditHeads(ORIGIN, tree, self.store, audit, clock, SEALER.seal, SEALER.open)
        self.far = Far(self.heads)
        self.collector = WitnessCollector((self.far.known(),), self.heads, self.store, self.far, audit, clock)

    def grow(self) -> None:
        self.audit.write(AuditEvent(Event.REQUEST))
        self.heads.tree.sequence()
        self.heads.publish()

    def accusations(self) -> list[str]:
        return [row["reason"] for row in stored(self.database, audit_events, event="audit:witness")]


@pytest.fixture
def place(database: Database, audit: AuditLog, clock: FrozenClock) -> Place:
    return Place(database, audit, clock)


def test_each_head_is_brought_once_and_proved_from_the_last_one(place: Place) -> None:
    assert place.collector.run() == 0
    for _ in range(3):
        place.grow()
        assert (place.collector.run(), place.collector.run()) == (1, 0)
    newest = place.heads.newest()
    assert newest is not None
    assert (place.far.seen, len(newest.signatures)) == (Seen(newest.size, newest.root), 3)
    assert place.far.asked[0] == 0
    assert all(place.far.asked[1:])
    assert place.accusations() == []


def test_witness_that_is_down_gets_the_newest_head_later(place: Place) -> None:
    place.grow()
    place.far.is_down = True
    assert place.collector.run() == 0
    place.far.is_down = False
    place.grow()
    assert place.collector.run() == 1


def test_witness_that_signed_without_our_knowing_is_asked_from_where_it_is(place: Place) -> None:
    place.grow()
    place.collector.run()
    place.database.run(place.database.prepare(text("DELETE FROM audit_cosignatures")))
    place.grow()
    assert place.collector.run() == 1
    assert place.accusations() == []


def test_witness_that_begins_anew_is_served_anew(place: Place) -> None:
    place.grow()
    place.collector.run()
    place.far.seen = Seen(0, EMPTY_ROOT)
    place.grow()
    assert (place.collector.run(), place.accusations()) == (1, [])


def test_rewritten_log_is_refused_by_the_witness_and_recorded_once(place: Place) -> None:
    place.grow()
    place.far.seen = Seen(2, b"\7" * 32)
    for _ in range(2):
        place.grow()
        assert place.collector.run() == 0
    assert place.accusations() == ["fork"]


def test_log_that_was_cut_is_told_by_a_witness_that_is_ahead(place: Place) -> None:
    place.grow()
    place.far.seen = Seen(99, b"\7" * 32)
    assert (place.collector.run(), place.accusations()) == (0, ["ahead"])


BENT: list[Callable[[dict[str, str]], object]] = [
    lambda answer: {**answer, "signature": "AA"},
    lambda answer: {"protected": "e30", "signature": "AA"},
    lambda answer: [],
    lambda answer: None,
    lambda answer: {},
]


@pytest.mark.parametrize("number", range(len(BENT)))
def test_answer_that_is_no_signature_of_the_witness_is_not_kept(place: Place, number: int) -> None:
    place.grow()
    place.far.bend = BENT[number]
    assert place.collector.run() == 0
    assert place.store.cosigned() == {}
