"""The rotation plan: from keys, time and policy to what has to happen now. Pure; ``keys.service`` carries it out.

The rules, for every enabled algorithm:

* one key is active and one is next, and both are published;
* a key signs only after it was published for a whole cache lifetime, so that no verifier's cached JWK set lacks it;
* a retired key stays published until the last token that it signed has expired;
* a key for encryption is published while it is next or active, and opens what was encrypted to it until every cached JWK set has forgotten it.

Three exceptions, each named in the step's reason: the first keys of a deployment (nobody has cached anything),
``forced`` by an operator, and ``emergency`` after the active key was revoked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keys.algorithms import ENCRYPTION, NAMES
from keys.errors import KeyNotFound, KeyRefused, NextTooYoung
from keys.model import KeyAction, KeyState, SigningKey


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """The timings, in seconds.

    ``rotation`` is the signing period, one for all algorithms or by name. ``jwks_max_age`` is the cache lifetime that
    the JWKS answer states. ``max_token_lifetime`` is the longest life of anything signed, ``clock_skew`` what verifiers
    forgive. ``propagation`` is how long a process may go on with the keys it holds in memory, plus one second because
    moments are cut to whole seconds: at least 1.
    """

    algorithms: tuple[str, ...] = ("ES256", "RS256", "PS256", "EdDSA")
    """Kinds of keys, those for encryption (``keys.algorithms.ENCRYPTION``) among them."""
    rotation: int | Mapping[str, int] = 90 * 86400
    jwks_max_age: int = 900
    max_token_lifetime: int = 3600
    clock_skew: int = 60
    propagation: int = 1

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a policy that could not be kept."""
        if (
            not self.algorithms
            or not (NAMES | ENCRYPTION.keys()).issuperset(self.algorithms)
            or len(set(self.algorithms)) != len(self.algorithms)
        ):
            message = f"algorithms must be distinct names of {sorted(NAMES | ENCRYPTION.keys())}"
            raise ValueError(message)
        periods = [self.rotation_of(alg) for alg in self.algorithms]
        if min(*periods, self.jwks_max_age, self.propagation, self.max_token_lifetime) < 1 or self.clock_skew < 0:
            message = "rotation, jwks_max_age, propagation, max_token_lifetime are at least 1 second, clock_skew 0"
            raise ValueError(message)

    def rotation_of(self, alg: str) -> int:
        """Return how long a key of ``alg`` signs."""
        return self.rotation if isinstance(self.rotation, int) else self.rotation[alg]

    def ready_at(self, key: SigningKey) -> int:
        """Return the moment from which every cached JWK set has ``key``."""
        return key.published_at + self.jwks_max_age + self.propagation

    def removable_at(self, key: SigningKey) -> int | None:
        """Return the moment at which the last token signed by a retired key is dead everywhere.

        None for keys not retired.
        """
        if key.retired_at is None:
            return None
        outlives = self.jwks_max_age if key.use == "enc" else 0
        return key.retired_at + self.propagation + max(self.max_token_lifetime, outlives) + self.clock_skew


@dataclass(frozen=True, slots=True)
class Step:
    """One change: to the key ``kid``, or the making of a new one.

    ``create`` makes a next key, which is activated in the same change if ``signs_at_once``. ``schedule`` moves the end of
    signing to ``moved_to``, or back to what was planned.
    """

    action: KeyAction
    alg: str
    reason: str
    kid: str = ""
    signs_at_once: bool = False
    moved_to: int | None = None


def plan(keys: Iterable[SigningKey], now: int, policy: KeyPolicy) -> tuple[Step, ...]:
    """Return what the passing of time asks for at ``now``; empty when the keys are as they should be."""
    known = tuple(keys)
    steps: list[Step] = []
    for alg in policy.algorithms:
        steps += _maintain(alg, known, now, policy)
    for key in known:
        if key.alg not in policy.algorithms:
            steps += _disable(key)
        removable = policy.removable_at(key)
        if key.state is KeyState.RETIRED and removable is not None and removable <= now:
            steps.append(Step(KeyAction.REMOVE, key.alg, "expired", key.kid))
    return tuple(steps)


def plan_rotation(
    keys: Iterable[SigningKey], alg: str, now: int, policy: KeyPolicy, *, force: bool = False
) -> tuple[Step, ...]:
    """Return the steps that make the next key of ``alg`` active now and publish a new next.

    Raises ``KeyNotFound`` when the algorithm has no next key, and ``NextTooYoung`` when the next was not published for
    a cache lifetime, unless ``force``: then verifiers that do not read the JWK set again on an unknown ``kid`` refuse
    new tokens until their cache runs out.
    """
    known = tuple(keys)
    upcoming = _in_state(known, alg, KeyState.NEXT)
    if alg not in policy.algorithms or upcoming is None:
        raise KeyNotFound(f"{alg} has no next key: see `idp keys list`")
    ready_at = policy.ready_at(upcoming)
    is_young = ready_at > now
    if is_young and not force:
        raise NextTooYoung(
            f"the next {alg} key {upcoming.kid} has been published for {max(0, now - upcoming.published_at)} s; "
            f"caches may lack it for another {ready_at - now} s",
            ready_at=ready_at,
        )
    return _succeed(_in_state(known, alg, KeyState.ACTIVE), upcoming, "forced" if is_young else "manual")


def plan_retirement(keys: Iterable[SigningKey], kid: str, now: int, policy: KeyPolicy) -> tuple[Step, ...]:
    """Return the steps that end the signing of ``kid``: an active key is rotated out, a next one is withdrawn.

    Raises ``KeyNotFound``, ``NextTooYoung`` (as for a rotation), and ``KeyRefused`` for a key that does not sign any
    more.
    """
    known = tuple(keys)
    key = _find(known, kid)
    if key.state is KeyState.ACTIVE:
        return plan_rotation(known, key.alg, now, policy)
    if key.state is KeyState.NEXT:
        return (Step(KeyAction.REMOVE, key.alg, "manual", kid), *_replacement(key.alg, "manual", policy))
    raise KeyRefused(f"key {kid} is {key.state} already", code="key_not_signing")


def plan_revocation(keys: Iterable[SigningKey], kid: str, policy: KeyPolicy) -> tuple[Step, ...]:
    """Return the steps that void ``kid`` at once; nothing for a key that is revoked already. Raises ``KeyNotFound``.

    When it was active, the next key is promoted however young it is: tokens that some caches cannot verify yet are
    better than tokens that a thief can make.
    """
    known = tuple(keys)
    key = _find(known, kid)
    if key.state is KeyState.REVOKED:
        return ()
    revoke = Step(KeyAction.REVOKE, key.alg, "emergency", kid)
    if key.state is KeyState.NEXT:
        return (revoke, *_replacement(key.alg, "emergency", policy))
    if key.state is not KeyState.ACTIVE or key.alg not in policy.algorithms:
        return (revoke,)
    upcoming = _in_state(known, key.alg, KeyState.NEXT)
    if upcoming is None:
        return (revoke, *_found(key.alg, "emergency"))
    return (revoke, *_succeed(None, upcoming, "emergency"))


def _maintain(alg: str, keys: Sequence[SigningKey], now: int, policy: KeyPolicy) -> tuple[Step, ...]:
    active, upcoming = _in_state(keys, alg, KeyState.ACTIVE), _in_state(keys, alg, KeyState.NEXT)
    if upcoming is None:
        # An algorithm that is enabled later waits for its first key to be cached, as every other key does.
        return _found(alg, "bootstrap") if not keys else (Step(KeyAction.CREATE, alg, "schedule"),)
    is_due = active is None or (active.due_at is not None and active.due_at <= now)
    if is_due and policy.ready_at(upcoming) <= now:
        return _succeed(active, upcoming, "schedule")
    return ()


def _found(alg: str, reason: str) -> tuple[Step, ...]:
    return (Step(KeyAction.CREATE, alg, reason, signs_at_once=True), Step(KeyAction.CREATE, alg, reason))


def _succeed(active: SigningKey | None, upcoming: SigningKey, reason: str) -> tuple[Step, ...]:
    retire = (Step(KeyAction.RETIRE, active.alg, reason, active.kid),) if active else ()
    activate = Step(KeyAction.ACTIVATE, upcoming.alg, reason, upcoming.kid)
    return (*retire, activate, Step(KeyAction.CREATE, upcoming.alg, reason))


def _replacement(alg: str, reason: str, policy: KeyPolicy) -> tuple[Step, ...]:
    return (Step(KeyAction.CREATE, alg, reason),) if alg in policy.algorithms else ()


def _disable(key: SigningKey) -> tuple[Step, ...]:
    if key.state is KeyState.ACTIVE:
        return (Step(KeyAction.RETIRE, key.alg, "disabled", key.kid),)
    if key.state is KeyState.NEXT:
        return (Step(KeyAction.REMOVE, key.alg, "disabled", key.kid),)
    return ()


def _find(keys: Sequence[SigningKey], kid: str) -> SigningKey:
    for key in keys:
        if key.kid == kid:
            return key
    raise KeyNotFound(f"no key {kid}: see `idp keys list`")


def _in_state(keys: Sequence[SigningKey], alg: str, state: KeyState) -> SigningKey | None:
    return next((key for key in keys if key.alg == alg and key.state is state), None)
