"""Random lives of a deployment: whatever its processes do, no verifier is ever left without the key that it needs.

Time runs in tenths of a second while the product sees whole seconds, and every process may act on keys that it read up
to a second ago, so rounding and slow processes are part of what is checked. The worst verifier is assumed: it holds the
oldest key set that its cache permits.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from keys.errors import KeyNotFound, KeyRefused
from keys.model import PUBLISHED, KeyEvent, KeyState, SigningKey
from keys.plan import KeyPolicy
from keys.service import KeyService
from tests.support.keys import MemoryKeys, make_sealer

SECOND = 10
STALE = 1 * SECOND
"""How long a process may go on with the keys in its memory."""
BOTH = KeyPolicy(("ES256", "EdDSA"), rotation=12, jwks_max_age=5, max_token_lifetime=4, clock_skew=1, propagation=2)
ONE = replace(BOTH, algorithms=("ES256",))
EXCEPTIONS = {"forced", "emergency"}
FIRST_START = 7
SEALER = make_sealer()

ALGS = st.sampled_from(BOTH.algorithms)
PROCESSES = st.integers(0, 2)
PICK = st.integers(0, 30)
Act = tuple[str, int, str, int]
ACTS = st.tuples(
    st.sampled_from(["tick", "tick", "rotate", "rotate", "force", "retire", "revoke", "move", "move", "unmove"]),
    PROCESSES,
    ALGS,
    PICK,
)


@dataclass(frozen=True)
class Moment:
    """What the store held from ``since`` on, in tenths of a second."""

    since: int
    published: frozenset[str]
    active: dict[str, str]


class RecordedKeys(MemoryKeys):
    """Remembers every version with the moment at which it was current."""

    def __init__(self) -> None:
        """Start empty at time 0."""
        super().__init__()
        self.time = 0
        self.history = [Moment(0, frozenset(), {})]
        self.seen_at: dict[str, int] = {}
        self.signed_until: dict[str, int] = {}

    def apply(
        self,
        expected_version: int,
        inserts: tuple[SigningKey, ...],
        updates: tuple[SigningKey, ...],
        events: tuple[KeyEvent, ...],
    ) -> bool:
        """Apply and take the new state down."""
        before = dict(self.keys)
        if not super().apply(expected_version, inserts, updates, events):
            return False
        keys = self.keys.values()
        active = [key for key in keys if key.state is KeyState.ACTIVE]
        assert len({key.alg for key in active}) == len(active), "two active keys of one algorithm"
        assert {event.kid for event in events} == {kid for kid, key in self.keys.items() if before.get(kid) != key}
        for kid in {moved.kid for moved in updates if before[moved.kid].state is KeyState.ACTIVE}:
            self.signed_until[kid] = self.time + STALE
        for key in inserts:
            self.seen_at[key.kid] = self.time
        published = frozenset(key.kid for key in keys if key.state in PUBLISHED)
        self.history.append(Moment(self.time, published, {key.alg: key.kid for key in active}))
        return True

    def current_since(self, earliest: int) -> list[Moment]:
        """Return every state that was current at some moment from ``earliest`` on."""
        ends = [moment.since for moment in self.history[1:]] + [self.time + 1]
        return [moment for moment, end in zip(self.history, ends, strict=True) if end > earliest]


class Deployment(RuleBasedStateMachine):
    """Three processes over one store, and any number of verifiers that cache what they were given."""

    def __init__(self) -> None:
        """Start before the first key."""
        super().__init__()
        self.store = RecordedKeys()
        self.processes: list[KeyService] = []

    @initialize()
    def first_start(self) -> None:
        self._restart(BOTH)
        self.store.time = FIRST_START
        self._do(("tick", 0, "ES256", 0))

    @rule(policy=st.sampled_from([BOTH, ONE]))
    def restart_with(self, policy: KeyPolicy) -> None:
        self._restart(policy)

    @rule(tenths=st.integers(1, 20) | st.sampled_from([59, 60, 69, 70, 71, 119, 120, 200]))
    def time_passes(self, tenths: int) -> None:
        self.store.time += tenths

    @rule(act=ACTS)
    def somebody_acts(self, act: Act) -> None:
        self._do(act)

    @rule(act=ACTS, rivals=st.lists(ACTS, min_size=1, max_size=3))
    def several_act_at_once(self, act: Act, rivals: list[Act]) -> None:
        waiting = list(rivals)

        def barge_in() -> None:
            if waiting:
                rival = waiting.pop()
                self._do(rival)

        self.store.before_apply = barge_in
        self._do(act)
        self.store.before_apply = None

    @rule(steps=st.integers(1, 40), tenths=st.integers(1, 15))
    def the_worker_ticks_on(self, steps: int, tenths: int) -> None:
        for _ in range(steps):
            self.store.time += tenths
            self._do(("tick", 0, "ES256", 0))
            self.no_verifier_lacks_the_key_of_a_token()

    @invariant()
    def no_verifier_lacks_the_key_of_a_token(self) -> None:
        store, time = self.store, self.store.time
        caches = store.current_since(time - STALE - BOTH.jwks_max_age * SECOND)
        for signing in store.current_since(time - STALE):
            for kid in signing.active.values():
                if store.keys[kid].state is not KeyState.REVOKED and not self._is_excepted(kid):
                    assert all(kid in cached.published for cached in caches), (
                        "signed by a key that a permitted cache lacks"
                    )

    @invariant()
    def no_key_is_removed_while_a_token_of_it_may_live(self) -> None:
        published = self.store.history[-1].published
        for kid, until in self.store.signed_until.items():
            dead_at = (until // SECOND + BOTH.max_token_lifetime + BOTH.clock_skew) * SECOND
            if self.store.time < dead_at and self.store.keys[kid].state is not KeyState.REVOKED:
                assert kid in published

    @invariant()
    def private_parts_exist_only_where_they_sign_or_will(self) -> None:
        for key in self.store.keys.values():
            assert (key.sealed is not None) == (key.state in {KeyState.NEXT, KeyState.ACTIVE})

    @invariant()
    def revoked_keys_are_not_published_and_every_change_was_recorded(self) -> None:
        published = self.store.history[-1].published
        assert not any(key.kid in published for key in self.store.keys.values() if key.revoked_at is not None)
        assert {event.kid for event in self.store.events} == self.store.keys.keys()

    @invariant()
    def a_tick_leaves_one_next_key_for_each_enabled_algorithm(self) -> None:
        if not self.store.version:
            return
        self._do(("tick", 1, "ES256", 0))
        upcoming = [key.alg for key in self.store.keys.values() if key.state is KeyState.NEXT]
        assert sorted(upcoming) == sorted(self.processes[0].policy.algorithms)
        assert "ES256" in self.store.history[-1].active
        version = self.store.version
        self._do(("tick", 2, "ES256", 0))
        assert self.store.version == version, "a second tick finds nothing to do"

    @invariant()
    def no_key_signs_beyond_its_last_moment_and_no_move_outlives_its_key(self) -> None:
        now, keys = self.store.time // SECOND, self.store.keys.values()
        for key in keys:
            if key.state is KeyState.ACTIVE and key.alg in self.processes[0].policy.algorithms:
                assert key.retires_at is not None
                assert key.due_at is not None
                assert key.due_at <= key.retires_at + BOTH.rotation_of(key.alg) // 2
                (upcoming,) = (one for one in keys if (one.alg, one.state) == (key.alg, KeyState.NEXT))
                assert now < max(key.due_at, BOTH.ready_at(upcoming)), "a tick has passed over a rotation that was due"
            if key.state is KeyState.NEXT:
                assert key.moved_to is None

    def _restart(self, policy: KeyPolicy) -> None:
        self.processes = [KeyService(self.store, SEALER, policy) for _ in range(3)]

    def _do(self, act: Act) -> None:
        name, process, alg, pick = act
        service, now = self.processes[process], self.store.time // SECOND
        kids = list(self.store.keys)
        kid = kids[-1 - pick % len(kids)] if kids else ""
        acts: dict[str, Callable[[], object]] = {
            "tick": lambda: service.tick(now),
            "rotate": lambda: service.rotate(alg, now),
            "force": lambda: service.rotate(alg, now, force=True),
            "retire": lambda: service.retire(kid, now),
            "revoke": lambda: service.revoke(kid, now),
            "move": lambda: service.move(self._active(alg, kid), now + pick, now),
            "unmove": lambda: service.unmove(self._active(alg, kid), now),
        }
        with suppress(KeyRefused, KeyNotFound):
            acts[name]()

    def _active(self, alg: str, otherwise: str) -> str:
        """Return the active key of an algorithm, as most who move a rotation name it, or any other."""
        return self.store.history[-1].active.get(alg, otherwise)

    def _is_excepted(self, kid: str) -> bool:
        """Tell whether a key signs early by right.

        The very first, by force, in an emergency; while a cache may lack it.
        """
        early = any(
            event.reason in EXCEPTIONS or (event.reason == "bootstrap" and self.store.seen_at[kid] == FIRST_START)
            for event in self.store.events
            if (event.kid, event.action) == (kid, "activate")
        )
        return early and self.store.time <= self.store.seen_at[kid] + STALE + BOTH.jwks_max_age * SECOND


TestDeployment = Deployment.TestCase
TestDeployment.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
