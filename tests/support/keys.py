"""Signing keys for tests: a store in memory with the compare-and-swap of the real ones, RSA keys made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count

from keys import algorithms
from keys.algorithms import PrivateKey
from keys.model import KEY_PURPOSE, KeyEvent, SigningKey
from keys.plan import KeyPolicy
from keys.ring import KeyRing, build_ring
from keys.sealing import MasterKey, Sealer
from keys.service import KeyService

_RSA_POOL = 4


class MemoryKeys:
    """``keys.service.KeyRepository`` in memory. ``before_apply`` runs inside ``apply``.

    Before the version is compared: the place for a race.
    """

    def __init__(self) -> None:
        """Start empty, at version 0."""
        self.version = 0
        self.keys: dict[str, SigningKey] = {}
        self.events: list[KeyEvent] = []
        self.before_apply: Callable[[], None] | None = None

    def load(self) -> tuple[int, tuple[SigningKey, ...]]:
        """Return the version and all keys."""
        return self.version, tuple(self.keys.values())

    def apply(
        self,
        expected_version: int,
        inserts: tuple[SigningKey, ...],
        updates: tuple[SigningKey, ...],
        events: tuple[KeyEvent, ...],
    ) -> bool:
        """Compare, then change everything or nothing."""
        if self.before_apply is not None:
            self.before_apply()
        if expected_version != self.version:
            return False
        assert not {key.kid for key in inserts} & self.keys.keys()
        assert {key.kid for key in updates} <= self.keys.keys()
        self.version += 1
        self.keys.update({key.kid: key for key in (*inserts, *updates)})
        self.events += events
        return True


@cache
def _rsa(position: int) -> PrivateKey:
    del position
    return algorithms.generate("RS256")


def quick_generator() -> Callable[[str], PrivateKey]:
    """Return a generator of keys; the first few RSA keys, 50 ms each, are shared by the whole test run."""
    positions = count()

    def generate(alg: str) -> PrivateKey:
        if not alg.startswith(("RS", "PS")):
            return algorithms.generate(alg)
        position = next(positions)
        return _rsa(position) if position < _RSA_POOL else algorithms.generate(alg)

    return generate


def make_sealer(purpose: str = KEY_PURPOSE) -> Sealer:
    """Return a sealer over a new master key."""
    master = MasterKey(b"\x07" * 32)
    return Sealer([master.unwrap(master.new_data_key(purpose), purpose)])


def make_service(repository: MemoryKeys, policy: KeyPolicy, sealer: Sealer | None = None) -> KeyService:
    """Return a key service over ``repository``, as one process of a deployment has it."""
    return KeyService(repository, sealer or make_sealer(), policy, quick_generator())


def ring_of(service: KeyService, previous: KeyRing | None = None) -> KeyRing:
    """Return the ring of what is stored now."""
    return build_ring(*service.load(), service.open_private, service.policy.jwks_max_age, previous)
