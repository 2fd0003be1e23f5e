"""A drill of the emergency: how long a revoked key goes on being accepted, measured on the running deployment without harming it.

The key that is revoked is the *next* one of an algorithm. It is published, cached and trusted like every other key and goes through the same
order, but it has signed nothing, so nobody loses a session or a token. What is measured is the path of the order, which is the same for
every key: the processes of the provider, and relying parties that keep the key set for as long as its answer permits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from idp.clock import Clock, Timer
from idp.errors import DomainError
from idp.model.audit import AuditEvent, Event, Outcome
from idp.ports.deployment import DeploymentStore
from idp.ports.fetcher import Fetched
from idp.services.audit import AuditLog
from idp.services.other_releases import legible
from keys.errors import KeyNotFound, KeysError
from keys.keyset import ClientKeySet, read_jwks
from keys.model import KeyState, SigningKey
from keys.service import KeyService
from keys.signer import DRILL, Signer
from keys.verifier import Expectation, verify

FACT: Final = "key-drill"
"""Name of the deployment's fact that holds the last drill."""
AUDIENCE: Final = "urn:dinhdanh:drill"
_MAX_AGE: Final = re.compile(r"max-age=(\d{1,9})")
_SETTLED: Final = 5.0
"""Seconds without a stale answer after which no process of ours is thought to hold the revoked key."""
_OFTEN: Final = 0.1
_SELDOM: Final = 0.5
_GRACE: Final = 60
_LONGEST_CACHE: Final = 86400
"""Seconds: whatever a proxy in between may say, nobody follows a drill for longer."""
_PROBE: Final = Expectation(typs=frozenset({DRILL}), audiences=frozenset({AUDIENCE}))


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill found; all durations in seconds from the order.

    ``published_for``: the last moment at which some process still published the key. ``accepted_for``: the last at which a relying party
    that caches as it is told accepted it. ``known_after``: from when a relying party that reads the key set again on an unknown ``kid``
    accepts the new key; ``cached_after``: the same for one that does not and waits until its cache runs out. ``max_age`` is the cache
    lifetime that the answers stated, ``answers`` how many were read, ``stale`` how many of them still had the key; ``at`` is epoch seconds.
    """

    alg: str
    kid: str
    successor: str
    at: int
    max_age: int
    published_for: float
    accepted_for: float
    known_after: float
    cached_after: float
    answers: int
    stale: int


class RelyingParty:
    """Verifies with cached keys; reads them again when their time is over, or on an unknown ``kid`` if it ``rereads``."""

    def __init__(self, fetch: Callable[[], Fetched], timer: Timer, *, rereads: bool = False) -> None:
        """Fetch the keys; they count as old as their question (RFC 9111 section 4.2.3)."""
        self._fetch = fetch
        self._timer = timer
        self._rereads = rereads
        self._read()

    def accepts(self, token: str, now: int) -> bool:
        """Tell whether a token verifies; ``now`` is epoch seconds."""
        if self._timer.elapsed() - self._asked >= self.max_age:
            self._read()
        if _verifies(token, self._keys, now):
            return True
        if not self._rereads:
            return False
        self._read()
        return _verifies(token, self._keys, now)

    def _read(self) -> None:
        self._asked = self._timer.elapsed()
        answer = self._fetch()
        found = _MAX_AGE.search(answer.cache_control)
        self.max_age = int(found.group(1)) if found else 0
        self._keys = read_jwks(answer.body)


@dataclass(slots=True)
class _Watch:
    """What is followed during a drill: who read the keys before the order, and the last who was told the old set."""

    old: str
    new: str
    follower: RelyingParty
    asker: RelyingParty
    latest: RelyingParty
    published_for: float = 0.0
    accepted_for: float = 0.0
    known_after: float | None = None
    cached_after: float | None = None
    answers: int = 0
    stale: int = 0


class KeyDrills:
    """Runs drills and keeps what the last one found."""

    def __init__(
        self,
        keys: KeyService,
        store: DeploymentStore,
        audit: AuditLog,
        clock: Clock,
        timer: Timer,
        fetch: Callable[[], Fetched],
    ) -> None:
        """Take collaborators.

        ``fetch`` reads the published key set over a connection of its own, so that it meets every process in turn; it raises ``DomainError``.
        """
        self._keys = keys
        self._store = store
        self._audit = audit
        self._clock = clock
        self._timer = timer
        self._fetch = fetch

    def run(self, alg: str, actor: str, note: str) -> Drill:
        """Revoke the next key of ``alg`` and follow it until nobody accepts it; takes a cache lifetime and some seconds.

        Raises ``KeyNotFound``, and ``DomainError`` when the key set cannot be read or the key is still accepted a minute too late. Either
        way the order stands and is in the audit log.
        """
        upcoming = self._upcoming(alg, self._keys.load()[1])
        try:
            return self._kept(self._measured(upcoming, actor, note), actor, note)
        except (DomainError, KeysError) as error:
            reason = getattr(error, "code", "key_drill_failed")
            self._audit.write(
                AuditEvent(Event.KEY_DRILL, Outcome.FAILED, reason, actor=actor, target=f"key:{upcoming.kid}")
            )
            raise

    def _measured(self, upcoming: SigningKey, actor: str, note: str) -> Drill:
        old = self._probe(upcoming)
        follower, asker = RelyingParty(self._fetch, self._timer), RelyingParty(self._fetch, self._timer, rereads=True)
        if not follower.accepts(old, self._clock.now()):
            raise DomainError(
                "the key is not in the key set that was read: is this the right address?", code="wrong_jwks"
            )
        if follower.max_age > _LONGEST_CACHE:
            raise DomainError(
                f"the key set may be kept for {follower.max_age} seconds: too long to wait", code="max_age"
            )
        start = self._timer.elapsed()
        at = self._clock.now()
        # Whoever turned the keys while they were read would else have the key that signs revoked, by one person.
        outcome = self._keys.revoke_next(upcoming.kid, at, actor=actor, note=f"drill: {note}")
        successor = self._upcoming(upcoming.alg, outcome.keys)
        watch = _Watch(old, self._probe(successor), follower, asker, follower)
        limit = follower.max_age + _GRACE
        while not self._is_over(watch, self._timer.elapsed() - start):
            if self._timer.elapsed() - start > limit:
                raise DomainError(f"the key is still accepted after {limit} seconds", code="still_accepted")
            self._timer.pause(_OFTEN if self._timer.elapsed() - start < watch.published_for + _SETTLED else _SELDOM)
        return Drill(
            alg=upcoming.alg,
            kid=upcoming.kid,
            successor=successor.kid,
            at=at,
            max_age=follower.max_age,
            published_for=round(watch.published_for, 1),
            accepted_for=round(watch.accepted_for, 1),
            known_after=round(watch.known_after or 0.0, 1),
            cached_after=round(watch.cached_after or 0.0, 1),
            answers=watch.answers,
            stale=watch.stale,
        )

    def _is_over(self, watch: _Watch, since: float) -> bool:
        """Take one look at everybody; tell whether nothing is left to be seen."""
        now = self._clock.now()
        if since < watch.published_for + _SETTLED:
            newcomer = RelyingParty(self._fetch, self._timer)
            watch.answers += 1
            if newcomer.accepts(watch.old, now):
                watch.published_for, watch.stale = since, watch.stale + 1
                # Of all who were told the old set, the last one may keep it longest: the others need not be followed.
                watch.latest = newcomer
        is_accepted = any(party.accepts(watch.old, now) for party in (watch.latest, watch.follower))
        if is_accepted:
            watch.accepted_for = since
        if watch.known_after is None and watch.asker.accepts(watch.new, now):
            watch.known_after = since
        if watch.cached_after is None and watch.follower.accepts(watch.new, now):
            watch.cached_after = since
        is_settled = since >= watch.published_for + _SETTLED
        return is_settled and not is_accepted and None not in {watch.known_after, watch.cached_after}

    def _kept(self, drill: Drill, actor: str, note: str) -> Drill:
        found: dict[str, Any] = asdict(drill)
        self._store.change(FACT, orjson.dumps(found).decode())
        detail = {**found, "note": note}
        self._audit.write(AuditEvent(Event.KEY_DRILL, actor=actor, target=f"key:{drill.kid}", detail=detail))
        return drill

    def _upcoming(self, alg: str, keys: tuple[SigningKey, ...]) -> SigningKey:
        for key in keys:
            if key.alg == alg and key.use == "sig" and key.state is KeyState.NEXT:
                return key
        raise KeyNotFound(f"{alg} has no next key to sign with: see `idp keys list`")

    def _probe(self, key: SigningKey) -> str:
        """Return something signed that is worth nothing anywhere: its type and audience are those of drills alone."""
        now = self._clock.now()
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + 2 * 86400}
        return Signer(key.kid, key.alg, self._keys.open_private(key)).sign(claims, DRILL)


def last_drill(store: DeploymentStore) -> Drill | None:
    """Return what the last drill found."""
    known = store.fact(FACT)
    return legible(lambda: Drill(**orjson.loads(known)), "drill") if known else None


def _verifies(token: str, keys: ClientKeySet, now: int) -> bool:
    try:
        verify(token, keys, _PROBE, now)
    except KeysError:
        return False
    return True
