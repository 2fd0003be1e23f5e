"""A sign-in with its guard over one database and one kind of counters, as one process of a deployment has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from idp.errors import Throttled
from idp.flows.guard import SignInGuard, Watch
from idp.flows.throttling import SignInThrottle
from idp.ports.ephemeral import Counters
from idp.services.locks import AccountLocks
from idp.services.sessions import SessionPolicy, SessionService
from idp.storage.locks import SqlLockStore
from idp.storage.outbox import OutboxWriter
from idp.storage.sessions import SqlSessionStore
from policies.throttle import Limits
from tests.support.accounts import People
from tests.support.stores import SEALER

STAFF_LOCK = 12 * 3600


def make_sessions(people: People, wants_logout: Callable[[str], bool] = lambda _client: False) -> SessionService:
    """Return the sessions over the same database."""
    store = SqlSessionStore(people.database, OutboxWriter(people.database, SEALER.seal))
    policy = SessionPolicy(lifetime=3600, idle=600)
    return SessionService(store, people.audit, people.clock, policy, SEALER.seal, SEALER.open, wants_logout)


def make_locks(people: People, forget: Callable[[str], None] = lambda _id: None) -> tuple[AccountLocks, SessionService]:
    """Return the locks over the same database, and the sessions that they end."""
    sessions = make_sessions(people)
    store = SqlLockStore(people.database)
    return AccountLocks(store, people.accounts, sessions, people.audit, people.clock, forget), sessions


@dataclass
class Staff:
    """A register of staff."""

    ids: set[str] = field(default_factory=set)

    def is_staff(self, account_id: str) -> bool:
        """Tell whether the account is in it."""
        return account_id in self.ids


class Guarded:
    """Guesses at passwords, and how many of them were looked at."""

    def __init__(self, people: People, counters: Counters, limits: Limits | None = None) -> None:
        self.people = people
        self.throttle = SignInThrottle(
            counters, people.clock, people.vault.index("throttle", "sign-in").digest, limits or Limits(), enabled=True
        )
        self.locks, self.sessions = make_locks(people, lambda one: self.throttle.forget(f"account:{one}"))
        self.staff = Staff()
        self.known = {"mine", "my-other"}
        self.guard = SignInGuard(
            self.throttle, self.locks, self.staff, lambda _id, device: device in self.known, people.clock, STAFF_LOCK
        )
        self.evaluated = 0
        self._lock = Lock()

    def begin(self, code: str, address: str = "192.0.2.1", device: str = "") -> Watch:
        """Count a try."""
        return self.guard.begin(self.people.accounts.typed(code), address, device)

    def guess(self, code: str, address: str = "192.0.2.1", device: str = "") -> str:
        """Guess wrongly; return ``throttled``, ``looked_at`` or ``closed``."""
        typed = self.people.accounts.typed(code)
        try:
            watch = self.guard.begin(typed, address, device)
        except Throttled:
            return "throttled"
        with self._lock:
            self.evaluated += watch.is_open
        self.guard.failed(watch, typed)
        return "looked_at" if watch.is_open else "closed"
