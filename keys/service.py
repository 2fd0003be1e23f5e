"""The writer of signing keys: carries the plan out, once, however many processes try.

Every change is one compare-and-swap of the whole key list against the version that the plan was made from; who loses
reads again and plans again, and then mostly finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from keys import algorithms
from keys.algorithms import PrivateKey
from keys.errors import KeyRefused, KeysContended
from keys.jwks import export_public, thumbprint
from keys.model import KEY_PURPOSE, KeyAction, KeyEvent, KeyState, SigningKey
from keys.plan import KeyPolicy, Step, plan, plan_retirement, plan_revocation, plan_rotation
from keys.rows import KeyRow, row_of
from keys.schedule import plan_move, plan_unmove
from keys.sealing import Sealer

_ATTEMPTS = 8

Planner = Callable[[Sequence[SigningKey]], tuple[Step, ...]]


class KeyRepository(Protocol):
    """Where the keys are kept. All keys are one unit with one version, which every change raises by one."""

    def load(self) -> tuple[int, tuple[SigningKey, ...]]:
        """Return the version (0 when there has never been a key) and all keys, from one consistent read."""
        ...

    def apply(
        self,
        expected_version: int,
        inserts: tuple[SigningKey, ...],
        updates: tuple[SigningKey, ...],
        events: tuple[KeyEvent, ...],
    ) -> bool:
        """Insert and replace keys.

        Write the audit rows of ``events`` and raise the version, all in one durable transaction.

        Returns False, with nothing done, unless the version is still ``expected_version``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The keys after an act.

    Their version, all of them, and what this call did (empty when there was nothing to do).
    """

    version: int
    keys: tuple[SigningKey, ...]
    events: tuple[KeyEvent, ...]


class KeyService:
    """Acts on signing keys. Stateless apart from private keys that a lost race left over.

    Which the next attempt uses.
    """

    def __init__(
        self,
        repository: KeyRepository,
        sealer: Sealer,
        policy: KeyPolicy,
        generate: Callable[[str], PrivateKey] = algorithms.generate,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """Take the store.

        The sealer of purpose ``keys.model.KEY_PURPOSE``, the timings, how a private key is made, and the clock (seconds since the epoch) that
        tells how late it became meanwhile; without one nothing takes time.
        """
        self._clock = clock
        self._repository = repository
        self._sealer = sealer
        self.policy = policy
        self._generate = generate

    def load(self) -> tuple[int, tuple[SigningKey, ...]]:
        """Return the version and all keys; the loader of ``keys.ring.LiveRing``."""
        return self._repository.load()

    def open_private(self, key: SigningKey) -> PrivateKey:
        """Return the private key; raises ``SealBroken`` for one that was changed or belongs to another ``kid``."""
        return algorithms.import_private(self._sealer.open(key.sealed or b"", _place(key.kid, key.alg)))

    def tick(self, now: int) -> Outcome:
        """Do what the time asks for.

        First keys, scheduled rotation, removal. Call it at start and regularly from any process.

        Raises ``KeysContended``.
        """
        return self._act(lambda keys: plan(keys, now, self.policy), now, "system", "")

    def rotate(self, alg: str, now: int, *, force: bool = False, actor: str = "system", note: str = "") -> Outcome:
        """Make the next key of ``alg`` active and publish a new next.

        Raises ``KeyNotFound``, ``NextTooYoung``, ``KeysContended``.

        When another process rotates the algorithm at the same moment, that was this rotation: the outcome has no
        events.
        """
        seen: list[str | None] = []

        def rotation(keys: Sequence[SigningKey]) -> tuple[Step, ...]:
            seen.append(_active_kid(keys, alg))
            # Planning again after a lost race would rotate twice, the second time to a key that nobody has cached.
            return () if seen[0] != seen[-1] else plan_rotation(keys, alg, now, self.policy, force=force)

        return self._act(rotation, now, actor, note)

    def retire(self, kid: str, now: int, *, actor: str = "system", note: str = "") -> Outcome:
        """Stop ``kid`` from signing.

        Raises ``KeyNotFound``, ``KeyRefused`` (``NextTooYoung`` among them), ``KeysContended``.
        """
        return self._act(lambda keys: plan_retirement(keys, kid, now, self.policy), now, actor, note)

    def revoke(self, kid: str, now: int, *, actor: str = "system", note: str = "") -> Outcome:
        """Void ``kid`` and everything that it signed, at once; revoking twice is not an error.

        Raises ``KeyNotFound``, ``KeysContended``.
        """
        return self._act(lambda keys: plan_revocation(keys, kid, self.policy), now, actor, note)

    def revoke_next(self, kid: str, now: int, *, actor: str, note: str) -> Outcome:
        """Void ``kid`` if it is still a next key at the moment of writing, so that nothing which it signed is lost.

        Raises ``KeyRefused`` (``key_not_next``) when a rotation was faster, and what ``revoke`` raises.
        """

        def planned(keys: Sequence[SigningKey]) -> tuple[Step, ...]:
            if not any(key.kid == kid and key.state is KeyState.NEXT for key in keys):
                raise KeyRefused(f"key {kid} is no next key any more", code="key_not_next")
            return plan_revocation(keys, kid, self.policy)

        return self._act(planned, now, actor, note)

    def move(self, kid: str, moment: int, now: int, *, actor: str = "system", note: str = "") -> Outcome:
        """Move the next rotation of the active key ``kid`` to ``moment`` (seconds since the epoch).

        Raises ``KeyNotFound``, ``KeyNotSigning`` also where a rotation was faster, ``RotationOutOfBounds``, ``KeysContended``.
        """
        return self._act(lambda keys: plan_move(keys, kid, moment, now, self.policy), now, actor, note)

    def unmove(self, kid: str, now: int, *, actor: str = "system", note: str = "") -> Outcome:
        """Give the rotation of the active key ``kid`` its planned moment back; raises what ``move`` raises but for the bounds."""
        return self._act(lambda keys: plan_unmove(keys, kid), now, actor, note)

    def rows(self) -> tuple[KeyRow, ...]:
        """Return all keys for listing, oldest first."""
        keys = sorted(self._repository.load()[1], key=lambda key: (key.created_at, key.kid))
        return tuple(row_of(key, keys, self.policy) for key in keys)

    def _act(self, planner: Planner, now: int, actor: str, note: str) -> Outcome:
        spare: dict[str, list[PrivateKey]] = {}
        for _ in range(_ATTEMPTS):
            version, keys = self._repository.load()
            steps = planner(keys)
            if not steps:
                return Outcome(version, keys, ())
            made = self._make(steps, spare)
            # A key that took seconds to make is published only now: from an earlier moment it would count as cached everywhere too soon.
            moment = max(now, self._clock()) if self._clock else now
            change = _Change({key.kid: key for key in keys}, moment, self.policy, actor, note)
            for step in steps:
                change.take(step, made)
            if self._repository.apply(version, change.inserts, change.updates, tuple(change.events)):
                return Outcome(version + 1, tuple(change.keys.values()), tuple(change.events))
        raise KeysContended(f"the keys changed {_ATTEMPTS} times while this act was being prepared: try again")

    def _make(self, steps: Iterable[Step], spare: dict[str, list[PrivateKey]]) -> dict[str, list[SigningKey]]:
        """Make the keys that ``steps`` create before anything is written.

        An RSA key takes 50 ms, too long inside a transaction.
        """
        wanted: dict[str, int] = {}
        for step in steps:
            if step.action is KeyAction.CREATE:
                wanted[step.alg] = wanted.get(step.alg, 0) + 1
        made: dict[str, list[SigningKey]] = {}
        for alg, count in wanted.items():
            stock = spare.setdefault(alg, [])
            stock += [self._generate(alg) for _ in range(count - len(stock))]
            made[alg] = [self._seal(alg, private) for private in stock[:count]]
        return made

    def _seal(self, alg: str, private: PrivateKey) -> SigningKey:
        jwk = export_public(private.public_key())
        kid = thumbprint(jwk)
        sealed = self._sealer.seal(algorithms.export_private(private), _place(kid, alg))
        use = "enc" if alg in algorithms.ENCRYPTION else "sig"
        return SigningKey(kid, alg, KeyState.NEXT, 0, 0, jwk, sealed, use)


class _Change:
    """Collects the effect of steps on a list of keys."""

    def __init__(self, keys: dict[str, SigningKey], now: int, policy: KeyPolicy, actor: str, note: str) -> None:
        """Start from ``keys`` by kid; ``actor`` and ``note`` go into every event."""
        self.keys = keys
        self.events: list[KeyEvent] = []
        self._before = dict(keys)
        self._now = now
        self._policy = policy
        self._by = (actor, note)

    @property
    def inserts(self) -> tuple[SigningKey, ...]:
        """Return the keys that are new."""
        return tuple(key for kid, key in self.keys.items() if kid not in self._before)

    @property
    def updates(self) -> tuple[SigningKey, ...]:
        """Return the known keys that changed."""
        return tuple(key for kid, key in self.keys.items() if kid in self._before and key != self._before[kid])

    def take(self, step: Step, made: dict[str, list[SigningKey]]) -> None:
        """Apply one step; ``made`` holds the new keys by algorithm."""
        if step.action is not KeyAction.CREATE:
            self._move(step, step.kid)
            return
        fresh = replace(made[step.alg].pop(0), created_at=self._now, published_at=self._now)
        self.keys[fresh.kid] = fresh
        self._note(step, fresh.kid, KeyAction.CREATE)
        if step.signs_at_once:
            self._move(replace(step, action=KeyAction.ACTIVATE), fresh.kid)

    def _move(self, step: Step, kid: str) -> None:
        key, now = self.keys[kid], self._now
        match step.action:
            case KeyAction.ACTIVATE:
                retires_at = now + self._policy.rotation_of(key.alg)
                key = replace(key, state=KeyState.ACTIVE, activated_at=now, retires_at=retires_at)
            case KeyAction.RETIRE:
                # The private part goes with the last signature: what does not exist cannot be stolen from a backup.
                # One for encryption opens what is still on its way; it goes with the last cached key set that names it.
                kept = key.sealed if key.use == "enc" else None
                key = replace(key, state=KeyState.RETIRED, retired_at=now, sealed=kept)
            case KeyAction.REMOVE:
                key = replace(key, state=KeyState.REMOVED, removed_at=now, sealed=None)
            case KeyAction.REVOKE:
                key = replace(key, state=KeyState.REVOKED, revoked_at=now, sealed=None)
            case KeyAction.SCHEDULE:
                key = replace(key, moved_to=step.moved_to)
        self.keys[kid] = key
        self._note(step, kid, step.action)

    def _note(self, step: Step, kid: str, action: KeyAction) -> None:
        self.events.append(KeyEvent(action, kid, step.alg, self._now, step.reason, *self._by, step.moved_to))


def _place(kid: str, alg: str) -> bytes:
    return f"{KEY_PURPOSE}/{alg}/{kid}".encode()


def _active_kid(keys: Sequence[SigningKey], alg: str) -> str | None:
    return next((key.kid for key in keys if key.alg == alg and key.state is KeyState.ACTIVE), None)
