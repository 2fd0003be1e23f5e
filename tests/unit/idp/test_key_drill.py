"""A drill of the emergency in time that a test moves: processes that learn late, relying parties that cache as they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from idp.errors import Conflict, DomainError
from idp.flows.key_drill import Drill, KeyDrills, last_drill
from idp.flows.key_drill_orders import ORDER, KeyDrillOrders
from idp.ports.fetcher import Fetched
from keys.errors import KeyNotFound, KeyRefused
from keys.plan import KeyPolicy
from keys.ring import KeyRing
from keys.service import KeyService
from tests.support.clock import FrozenClock
from tests.support.keys import MemoryKeys, make_service, ring_of

MAX_AGE = 60


class Facts:
    """``ports.deployment.DeploymentStore`` as far as drills use it."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def fact(self, name: str) -> str | None:
        return self.values.get(name)

    def fix(self, name: str, value: str) -> str:
        return self.values.setdefault(name, value)

    def change(self, name: str, value: str) -> None:
        self.values[name] = value

    def swap(self, name: str, old: str, new: str) -> bool:
        if self.values.get(name) != old:
            return False
        self.values[name] = new
        return True

    def data_keys(self) -> list[Any]:
        raise NotImplementedError

    def add_data_key(self, key: Any) -> bool:
        raise NotImplementedError


@dataclass
class Place:
    """A deployment of two processes; the second one learns of a change ``lag`` seconds later."""

    lag: float = 1.0
    clock: FrozenClock = field(default_factory=FrozenClock)
    moment: float = 0.0
    events: list[Any] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)
    turn: int = 0
    before_fetch: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.service: KeyService = make_service(
            MemoryKeys(), KeyPolicy(algorithms=("ES256", "EdDSA"), jwks_max_age=MAX_AGE)
        )
        self.service.tick(self.clock.now())
        self._rings: list[tuple[float, KeyRing]] = [(-1e9, ring_of(self.service))]

    def elapsed(self) -> float:
        return self.moment

    def pause(self, seconds: float) -> None:
        whole = int(self.moment + seconds) - int(self.moment)
        self.moment += seconds
        self.clock.advance(whole)

    def write(self, event: Any) -> None:
        self.events.append(event)

    def fetch(self) -> Fetched:
        """Answer by one process and then the other."""
        self.before_fetch()
        ring = ring_of(self.service)
        if ring.version != self._rings[-1][1].version:
            self._rings.append((self.moment, ring))
        self.turn += 1
        lag = self.lag if self.turn % 2 else 0.0
        known = [one for since, one in self._rings if since + lag <= self.moment]
        return Fetched(200, "application/json", known[-1].jwks.body, known[-1].jwks.cache_control)

    def drills(self) -> KeyDrills:
        return KeyDrills(self.service, self.facts, self, self.clock, self, self.fetch)  # type: ignore[arg-type]

    def orders(self) -> KeyDrillOrders:
        return KeyDrillOrders(self.service, self.facts, self, self.clock, self.drills)  # type: ignore[arg-type]

    def state(self, kid: str) -> str:
        return next(row.state for row in self.service.rows() if row.kid == kid)


@pytest.fixture
def place() -> Place:
    """Return a deployment."""
    return Place()


def test_a_drill_revokes_a_key_that_signed_nothing_and_leaves_the_one_that_signs(place: Place) -> None:
    before = {row.kid: row.state for row in place.service.rows()}
    found = place.drills().run("EdDSA", "operator:local", "mỗi quý")
    assert before[found.kid] == "next"
    assert place.state(found.kid) == "revoked"
    assert place.state(found.successor) == "next"
    assert {kid for kid, state in before.items() if state == "active"} == {
        row.kid for row in place.service.rows() if row.state == "active"
    }


def test_the_last_relying_party_gives_up_a_cache_lifetime_after_the_last_stale_answer(place: Place) -> None:
    found = place.drills().run("EdDSA", "operator:local", "")
    assert 0 < found.published_for <= place.lag
    assert found.published_for + MAX_AGE - 1 <= found.accepted_for <= found.published_for + MAX_AGE
    assert (found.max_age, found.stale > 0) == (MAX_AGE, True)


def test_whoever_reads_again_knows_the_new_key_at_once_and_whoever_waits_after_the_cache(place: Place) -> None:
    found = place.drills().run("EdDSA", "operator:local", "")
    assert found.known_after <= place.lag
    assert MAX_AGE <= found.cached_after <= MAX_AGE + 1


def test_processes_that_learn_at_once_leave_the_cache_alone_to_wait_for() -> None:
    found = Place(lag=0.0).drills().run("ES256", "operator:local", "")
    assert (found.published_for, found.stale) == (0.0, 0)
    assert MAX_AGE - 1 <= found.accepted_for < MAX_AGE


def test_what_a_drill_found_is_kept_and_recorded(place: Place) -> None:
    found = place.drills().run("EdDSA", "operator:local", "mỗi quý")
    assert last_drill(place.facts) == found  # type: ignore[arg-type]
    (event,) = place.events
    assert (event.event, event.outcome, event.target) == ("key:drill", "done", f"key:{found.kid}")
    assert event.detail["accepted_for"] == found.accepted_for


def test_the_wrong_address_is_found_before_anything_is_revoked(place: Place) -> None:
    other = Place()
    drills = KeyDrills(place.service, place.facts, place, place.clock, place, other.fetch)  # type: ignore[arg-type]
    with pytest.raises(DomainError) as caught:
        drills.run("EdDSA", "operator:local", "")
    assert caught.value.code == "wrong_jwks"
    assert "revoked" not in {row.state for row in place.service.rows()}
    assert [(event.event, event.outcome) for event in place.events] == [("key:drill", "failed")]


def test_key_that_a_rotation_made_active_meanwhile_is_not_revoked(place: Place) -> None:
    """The attack: order a drill, which takes one person, and turn the keys while it reads them, to revoke the key that signs."""
    upcoming = next(row.kid for row in place.service.rows() if (row.alg, row.state) == ("EdDSA", "next"))

    def turn() -> None:
        place.before_fetch = lambda: None
        place.service.rotate("EdDSA", place.clock.now(), force=True)

    place.before_fetch = turn
    with pytest.raises(KeyRefused) as caught:
        place.drills().run("EdDSA", "account:a", "")
    assert caught.value.code == "key_not_next"
    assert place.state(upcoming) == "active"
    assert [(event.outcome, event.reason) for event in place.events] == [("failed", "key_not_next")]


def test_cache_lifetime_that_nobody_could_wait_for_revokes_nothing(place: Place) -> None:
    def fetch() -> Fetched:
        return replace(place.fetch(), cache_control="public, max-age=999999999")

    drills = KeyDrills(place.service, place.facts, place, place.clock, place, fetch)  # type: ignore[arg-type]
    with pytest.raises(DomainError) as caught:
        drills.run("EdDSA", "operator:local", "")
    assert caught.value.code == "max_age"
    assert "revoked" not in {row.state for row in place.service.rows()}


def test_order_that_nothing_carried_out_for_a_day_is_void(place: Place) -> None:
    orders = place.orders()
    orders.give("EdDSA", "account:a", "")
    place.clock.advance(86401)
    assert orders.work() == 0
    assert orders.pending() is None
    assert "revoked" not in {row.state for row in place.service.rows()}


def test_a_process_that_never_learns_fails_the_drill() -> None:
    stuck = Place(lag=1e8)
    with pytest.raises(DomainError) as caught:
        stuck.drills().run("EdDSA", "operator:local", "")
    assert caught.value.code == "still_accepted"
    assert last_drill(stuck.facts) is None  # type: ignore[arg-type]


def test_an_algorithm_without_a_next_key_has_no_drill(place: Place) -> None:
    with pytest.raises(KeyNotFound):
        place.drills().run("RS256", "operator:local", "")
    with pytest.raises(KeyNotFound):
        place.orders().give("RS256", "account:a", "")


def test_an_order_is_carried_out_once_by_whoever_comes_first(place: Place) -> None:
    orders, seen = place.orders(), []
    orders.give("EdDSA", "account:a", "mỗi quý")
    place.before_fetch = lambda: seen.append(place.orders().work())
    assert orders.work() == 1
    assert set(seen) == {0}
    assert isinstance(orders.last(), Drill)
    assert orders.pending() is None
    assert orders.work() == 0


def test_a_second_order_is_refused_while_one_waits_or_runs(place: Place) -> None:
    orders = place.orders()
    orders.give("EdDSA", "account:a", "")
    with pytest.raises(Conflict):
        orders.give("ES256", "account:b", "")
    assert [event.event for event in place.events] == ["key:drill-order"]


def test_a_drill_whose_process_died_does_not_block_the_next_one(place: Place) -> None:
    orders = place.orders()
    orders.give("EdDSA", "account:a", "")
    place.facts.values[ORDER] = place.facts.values[ORDER].replace("waiting", "running")
    place.clock.advance(MAX_AGE + 601)
    assert orders.pending() is None
    assert orders.give("EdDSA", "account:a", "").state == "waiting"


def test_a_drill_that_failed_is_not_tried_again_by_itself(place: Place) -> None:
    def gone() -> None:
        raise DomainError("no answer", code="outbound_failed")

    orders = place.orders()
    orders.give("EdDSA", "account:a", "")
    place.before_fetch = gone
    assert (orders.work(), orders.pending()) == (0, None)
    assert [event.outcome for event in place.events if event.event == "key:drill"] == ["failed"]
